//! The one pricing function: the usage of one period of one (organization, meter), and its lines.
//!
//! Owns how spans follow each other inside a period (carry, shares) and the one rounding of a line. Does not own what
//! a quantity costs (`charge`) or which terms hold (`terms`).

mod line;
mod priced;
mod thresholds;

pub use priced::{Priced, price};
pub use thresholds::{Thresholds, thresholds};

use crate::charge::StepKind;
use crate::credits::{Cover, Ledger};
use crate::finals::LineId;
use crate::number::{Currency, Quantity};
use crate::tables::{Aggregation, Allowance};
use crate::terms::{Period, Span};
use crate::time::EventTime;
use line::Before;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Usage of one span: how many events, and the meter's quantity over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanUsage {
    pub span: Span,
    pub events: u64,
    pub quantity: Quantity,
}

/// A period's usage with everything that was charged for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RatedPeriod {
    pub period: Period,
    /// The plan in force in the last span that has usage.
    pub plan: Arc<str>,
    pub currency: Arc<str>,
    pub events: u64,
    pub quantity: Quantity,
    /// The allowance: of the last line when whole, the sum of the lines' shares when prorated. Absent without a charge.
    pub limit: Option<Quantity>,
    /// The sum of the lines' overage. Of a level (`max`, `min`, `latest`, `unique`, `average`) that of the last line.
    pub overage: Quantity,
    /// The sum of the lines' rounded amounts.
    pub cost_minor_units: i128,
    /// One line a span with events and a charge, in order of time.
    pub lines: Vec<RatedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RatedLine {
    pub span: Span,
    pub events: u64,
    pub quantity: Quantity,
    pub included: Quantity,
    /// What is charged for, in converted units where the charge converts them: the part of `quantity` above the
    /// allowance, or above what earlier spans left of it, and not covered by credits. Below zero where a span takes back
    /// usage that an earlier span of the period was charged for.
    pub overage: Quantity,
    /// What unit credits cover beside the overage, in the order of burn.
    pub covers: Vec<Cover>,
    /// Which tiers the overage fell into; one entry for a charge without tiers, empty without overage.
    pub tiers: Vec<TierShare>,
    /// What changed the tiers' amount: free units, discounts, minimum, maximum. Tiers and steps add up to the amount.
    pub steps: Vec<StepShare>,
    /// Exact amount in units of 10^-18 of the currency, rounded half away from zero where it does not end before.
    pub amount_unrounded: i128,
    /// Rounded once, half away from zero, to the currency's minor unit.
    pub amount_minor_units: i128,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TierShare {
    /// Index of the tier in the charge.
    pub tier: u32,
    pub quantity: Quantity,
    /// In units of 10^-18.
    pub amount_unrounded: i128,
}

/// What a rule of the charge added to the tiers' amount or took off it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepShare {
    pub kind: StepKind,
    /// Which of the charge's discounts, from zero on.
    pub index: u32,
    /// How many units were free.
    pub quantity: Quantity,
    /// In units of 10^-18.
    pub amount_unrounded: i128,
}

/// Why a period has no amount. It becomes an error row under the period's key, never a wrapped number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum RateError {
    #[error("quantity_overflow")]
    QuantityOverflow,
    #[error("amount_overflow")]
    AmountOverflow,
    #[error("mixed_currencies")]
    MixedCurrencies,
    /// The plan's currency is no ISO 4217 code with a minor unit.
    #[error("unknown_currency")]
    UnknownCurrency,
    /// A price with too many digits, a `per` that is not above zero, tiers that do not ascend.
    #[error("invalid_charge")]
    InvalidCharge,
    /// Terms moved to where no window that is kept begins or ends, so the usage on either side cannot be told apart.
    #[error("windows_too_coarse")]
    WindowsTooCoarse,
    /// More billing periods than one organization may have, or more instants at which its credits are given anew.
    #[error("too_many_periods")]
    TooManyPeriods,
}

/// What `rate` is asked: spans that have usage, in order of time, all of the same period.
#[derive(Clone, Debug)]
pub struct PeriodUsage<'a> {
    pub aggregation: Aggregation,
    pub period: Period,
    pub spans: &'a [SpanUsage],
    /// The meter's quantity over the whole period. For additive meters it is the sum of the spans.
    pub quantity: Quantity,
}

/// Prices a period.
///
/// Additive meters (`count`, `sum`) with a whole allowance carry: each span pays for the step from what the period had
/// used before it to what it had used after it. With a prorated allowance a span starts from zero, with its share of
/// everything that is given or asked for the period. Levels (`max`, `min`, `latest`, `unique`, `average`) do not add up: each span pays for its own level,
/// for its share of the period; their allowance is never prorated, as the amount already is.
///
/// A span whose terms do not charge the meter has no line; its usage counts in the period, and is carried. A span that is
/// set apart (a trial, a pause) starts from zero and carries nothing. A quantity below zero costs nothing.
pub fn rate(usage: &PeriodUsage<'_>) -> Result<RatedPeriod, RateError> {
    rate_covered(usage, None)
}

/// The same with unit credits, which cover what lies above the allowance before it is priced, span by span. What was
/// covered once stays so: usage that is taken back pays back what was paid, and no credits. A ledger is to be asked
/// with one meter's periods in order of time; after an error it is not good for another.
pub fn rate_covered(usage: &PeriodUsage<'_>, mut credits: Option<&mut Ledger<'_>>) -> Result<RatedPeriod, RateError> {
    let mut lines: Vec<RatedLine> = Vec::with_capacity(usage.spans.len());
    let mut carried = Before::default();
    let mut events = 0u64;
    // Before any amount: which error a period has must not depend on which of its spans comes first.
    let currency = one_currency(usage.spans)?;
    for span_usage in usage.spans {
        let terms = &span_usage.span.terms;
        let before = if terms.apart.is_some() { Before::default() } else { carried };
        if usage.aggregation.is_additive() && terms.apart.is_none() {
            carried.used = before.used.checked_add(span_usage.quantity).ok_or(RateError::QuantityOverflow)?;
        }
        events = events.checked_add(span_usage.events).ok_or(RateError::QuantityOverflow)?;
        let charge = terms.charge.as_ref().filter(|_| span_usage.events > 0);
        let (Some(charge), Some((_, minor_unit))) = (charge, currency) else { continue };
        let ledger = credits.as_deref_mut();
        let line = line::rate_span(usage.aggregation, span_usage, charge, before, minor_unit, ledger)?;
        if terms.apart.is_none() {
            carried.covered = carried.covered.checked_add(line.covered()?).ok_or(RateError::QuantityOverflow)?;
        }
        lines.push(line);
    }
    let last = usage.spans.iter().rev().find(|span_usage| span_usage.events > 0).or(usage.spans.last());
    let in_last = |of: fn(&Span) -> &Arc<str>| last.map_or_else(|| "".into(), |usage| of(&usage.span).clone());
    Ok(RatedPeriod {
        period: usage.period,
        plan: in_last(|span| &span.terms.plan),
        currency: currency.map_or_else(|| in_last(|span| &span.terms.currency), |(code, _)| code.clone()),
        events,
        quantity: usage.quantity,
        limit: limit(usage.aggregation, &lines)?,
        overage: overage(usage.aggregation, &lines)?,
        cost_minor_units: cost(&lines)?,
        lines,
    })
}

/// The currency of every span with a line; none without a line.
fn one_currency(spans: &[SpanUsage]) -> Result<Option<(&Arc<str>, Currency)>, RateError> {
    let charged = spans.iter().filter(|span_usage| span_usage.events > 0 && span_usage.span.terms.charge.is_some());
    let mut codes = charged.map(|span_usage| &span_usage.span.terms.currency);
    let Some(code) = codes.next() else { return Ok(None) };
    if codes.any(|other| other != code) {
        return Err(RateError::MixedCurrencies);
    }
    let currency = Currency::from_code(code).map_err(|_| RateError::UnknownCurrency)?;
    Ok(Some((code, currency)))
}

fn limit(aggregation: Aggregation, lines: &[RatedLine]) -> Result<Option<Quantity>, RateError> {
    let Some(last) = lines.last() else { return Ok(None) };
    if !aggregation.is_additive() || !last.is_prorated() {
        return Ok(Some(last.included));
    }
    let shares = lines.iter().filter(|line| line.is_prorated()).map(|line| line.included);
    sum(shares).map(Some)
}

fn overage(aggregation: Aggregation, lines: &[RatedLine]) -> Result<Quantity, RateError> {
    if aggregation.is_additive() {
        sum(lines.iter().map(|line| line.overage))
    } else {
        Ok(lines.last().map_or(Quantity::ZERO, |line| line.overage))
    }
}

fn sum(mut quantities: impl Iterator<Item = Quantity>) -> Result<Quantity, RateError> {
    quantities.try_fold(Quantity::ZERO, Quantity::checked_add).ok_or(RateError::QuantityOverflow)
}

fn cost(lines: &[RatedLine]) -> Result<i128, RateError> {
    let mut amounts = lines.iter().map(|line| line.amount_minor_units);
    amounts.try_fold(0i128, i128::checked_add).ok_or(RateError::AmountOverflow)
}

impl RatedLine {
    pub fn starts_at(&self) -> EventTime {
        self.span.start
    }

    /// How many units credits cover.
    pub fn covered(&self) -> Result<Quantity, RateError> {
        sum(self.covers.iter().map(|cover| cover.quantity))
    }

    fn is_prorated(&self) -> bool {
        self.span.terms.charge.as_ref().is_some_and(|charge| charge.allowance == Allowance::Prorated)
    }

    /// The same for the same organization, meter, period and span whatever was charged for it.
    pub fn id(&self, organization_id: &str, meter: &str) -> String {
        LineId::of_usage(organization_id, meter, self.span.period.start, self.span.start).to_string()
    }
}
