//! Overage: what each billing period of each (organization, meter) costs, kept up to date.
//!
//! ```text
//!  usage by span ──┐
//!                  ├─ by (organization, meter) ─► reduce (rating::rate) ─► periods, each with its lines
//!  schedule ───────┘
//! ```
//!
//! Unit credits carry from each period of an account to the next: the account is rated as a whole, and what comes of it
//! is told period by period, so that only those that a change has touched move.
//!
//! Owns bringing spans and their terms together. Does not own what they cost (`rating::rate`).

use crate::changes::PeriodValue;
use crate::count::usage::{Amount, Known, SpanFigure};
use crate::event::{MeterIndex, OrganizationKey};
use crate::time::Time;
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::{ValBuilder, ValSpine};
use highwater_rating::credits::Ledger;
use highwater_rating::number::Quantity;
use highwater_rating::rate::{PeriodUsage, RateError, RatedPeriod, SpanUsage, rate, rate_covered};
use highwater_rating::tables::Aggregation;
use highwater_rating::terms::{Period, Schedule, SpanOrGap};
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub type AccountKey = (OrganizationKey, MeterIndex);

/// What is known of an account: its figures first, its schedule last. The order is that in which `rate_account` wants
/// to meet them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rateable {
    Figure(SpanFigure),
    Schedule(Aggregation, Schedule),
}

/// Usage and schedules by account: what every kind of rating reads.
pub type Accounts<'scope> = Arranged<'scope, TraceAgent<ValSpine<AccountKey, Rateable, Time, Amount>>>;

/// A billing period by its start, with its outcome.
pub type Rated = (EventTime, PeriodValue);

pub fn overage<'scope>(accounts: Accounts<'scope>) -> VecCollection<'scope, Time, (AccountKey, Rated), isize> {
    accounts
        .reduce_abelian::<_, ValBuilder<AccountKey, Rated, Time, isize>, ValSpine<AccountKey, Rated, Time, isize>, _, _>(
            "Overage",
            |_, known, output| rate_account(known, |rated| output.push((rated, 1))),
            |buffer, key, updates| {
                buffer.clear();
                buffer.extend(updates.drain(..).map(|(rated, time, difference)| ((*key, rated), time, difference)));
            },
        )
        .as_collection(|key, rated| (*key, rated.clone()))
}

/// Rates every period in which the account has usage.
fn rate_account(known: &[(&Rateable, Amount)], mut give: impl FnMut(Rated)) {
    let Some((Rateable::Schedule(aggregation, schedule), _)) = known.last() else { return };
    let (spans, credits) = (Vec::new(), schedule.unit_credits());
    let mut rating = Rating { aggregation: *aggregation, known, spans, fault: None, credits };
    for (rateable, amount) in known {
        let Rateable::Figure(SpanFigure::Span(start, known)) = rateable else { continue };
        let SpanOrGap::Span(span) = schedule.span_at(*start) else { continue };
        if rating.spans.last().is_some_and(|last: &SpanUsage| last.span.period != span.period) {
            give(rating.finish());
        }
        rating.fault = rating.fault.or(fault_of(*known));
        rating.spans.push(SpanUsage {
            span,
            events: amount.events.unsigned_abs(),
            quantity: Quantity(amount.quantity),
        });
    }
    if !rating.spans.is_empty() {
        give(rating.finish());
    }
}

fn fault_of(known: Known) -> Option<RateError> {
    match known {
        Known::Exact => None,
        Known::Overflow => Some(RateError::QuantityOverflow),
        Known::Coarse => Some(RateError::WindowsTooCoarse),
    }
}

/// One period on its way to being rated.
struct Rating<'a> {
    aggregation: Aggregation,
    known: &'a [(&'a Rateable, Amount)],
    spans: Vec<SpanUsage>,
    fault: Option<RateError>,
    /// What is left of the meter's unit credits after the periods before.
    credits: Option<Ledger<'a>>,
}

impl Rating<'_> {
    fn finish(&mut self) -> Rated {
        let spans = std::mem::take(&mut self.spans);
        let fault = self.fault.take();
        let period = spans[0].span.period;
        let value = match fault.map_or_else(|| self.quantity(period, &spans), Err) {
            Err(error) => PeriodValue::Error(error),
            Ok(quantity) => {
                let usage = PeriodUsage { aggregation: self.aggregation, period, spans: &spans, quantity };
                self.rate(&usage).map_or_else(PeriodValue::Error, |period| PeriodValue::Rated(Arc::new(period)))
            }
        };
        (period.start, value)
    }

    /// A period without an amount burns no credits.
    fn rate(&mut self, usage: &PeriodUsage<'_>) -> Result<RatedPeriod, RateError> {
        let Some(before) = &self.credits else { return rate(usage) };
        let mut credits = before.clone();
        let rated = rate_covered(usage, Some(&mut credits))?;
        self.credits = Some(credits);
        Ok(rated)
    }

    /// The whole period's quantity: the spans' sum where the meter adds up, its own figure where it does not.
    fn quantity(&self, period: Period, spans: &[SpanUsage]) -> Result<Quantity, RateError> {
        if self.aggregation.is_additive() {
            let sum = spans.iter().try_fold(Quantity::ZERO, |sum, span| sum.checked_add(span.quantity));
            return sum.ok_or(RateError::QuantityOverflow);
        }
        let of_period = |rateable: &Rateable| match rateable {
            Rateable::Figure(SpanFigure::Period(start, known)) if *start == period.start => Some(*known),
            _ => None,
        };
        let figure = self.known.iter().find_map(|(rateable, amount)| Some((of_period(rateable)?, amount.quantity)));
        match figure {
            Some((Known::Exact, quantity)) => Ok(Quantity(quantity)),
            Some((known, _)) => Err(fault_of(known).unwrap_or(RateError::QuantityOverflow)),
            None => Ok(Quantity::ZERO),
        }
    }
}
