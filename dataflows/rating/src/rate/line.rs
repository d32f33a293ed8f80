//! One line: the usage of one span under its terms.

use super::{RateError, RatedLine, SpanUsage, priced};
use crate::charge::Curve;
use crate::credits::{CreditError, Ledger};
use crate::number::{Currency, Exact, Quantity};
use crate::tables::{Aggregation, Allowance, Charge};
use crate::terms::Span;

/// What a period had used before a span, for meters that add up, and how many units of it credits have covered.
#[derive(Clone, Copy, Default)]
pub(super) struct Before {
    pub used: Quantity,
    pub covered: Quantity,
}

/// `credits` cover what they can of the span's units above the allowance.
pub(super) fn rate_span(
    aggregation: Aggregation,
    usage: &SpanUsage,
    charge: &Charge,
    before: Before,
    currency: Currency,
    credits: Option<&mut Ledger<'_>>,
) -> Result<RatedLine, RateError> {
    let share = || share_of_period(&usage.span).ok_or(RateError::AmountOverflow);
    let (given, start, due) = match (aggregation.is_additive(), charge.allowance) {
        (true, Allowance::Whole) => (None, before, None),
        (true, Allowance::Prorated) => (Some(share()?), Before::default(), None),
        (false, _) => (None, Before::default(), Some(share()?)),
    };
    let used = start.used.checked_add(usage.quantity).ok_or(RateError::QuantityOverflow)?;
    let curve = Curve::of_share(charge, given)?.at_percent(usage.span.terms.price_percent)?;
    let from = curve.progress(start.used, start.covered)?;
    let uncovered = curve.progress(used, start.covered)?;
    let covers = match credits {
        // A level is not used up.
        Some(ledger) if aggregation.is_additive() => {
            let need = uncovered.units.checked_sub(from.units).ok_or(RateError::QuantityOverflow)?;
            ledger.burn(usage.span.start, need)?
        }
        _ => Vec::new(),
    };
    let covered = covers.iter().try_fold(start.covered, |sum, cover| sum.checked_add(cover.quantity));
    let to = curve.progress(used, covered.ok_or(RateError::QuantityOverflow)?)?;
    let priced = priced::step(&curve, from, to, due, currency)?;
    Ok(RatedLine {
        span: usage.span.clone(),
        events: usage.events,
        quantity: usage.quantity,
        included: curve.included(),
        overage: priced.overage,
        covers,
        tiers: priced.tiers,
        steps: priced.steps,
        amount_unrounded: priced.amount_unrounded,
        amount_minor_units: priced.amount_minor_units,
    })
}

impl From<CreditError> for RateError {
    fn from(error: CreditError) -> RateError {
        match error {
            CreditError::Overflow | CreditError::OutOfOrder => RateError::QuantityOverflow,
            CreditError::TooManyInstants => RateError::TooManyPeriods,
        }
    }
}

/// The exact ratio of the span's length to its period's.
pub(super) fn share_of_period(span: &Span) -> Option<Exact> {
    let length = |start: i64, end: i64| i128::from(end) - i128::from(start);
    let of_span = length(span.start.0, span.end.0);
    let of_period = length(span.period.start.0, span.period.end.0);
    // Lowest terms here keep every amount that is multiplied by it small.
    Some(Exact::ratio(of_span, of_period)?.reduced())
}
