//! One line: the usage of one span under its terms.

use super::{RateError, RatedLine, SpanUsage, priced};
use crate::charge::Curve;
use crate::number::{Currency, Exact, Quantity};
use crate::tables::{Aggregation, Allowance, Charge};
use crate::terms::Span;

/// `before` is what the period had used before this span, for meters that add up.
pub(super) fn rate_span(
    aggregation: Aggregation,
    usage: &SpanUsage,
    charge: &Charge,
    before: Quantity,
    currency: Currency,
) -> Result<RatedLine, RateError> {
    let share = || share_of_period(&usage.span).ok_or(RateError::AmountOverflow);
    let (given, start, due) = match (aggregation.is_additive(), charge.allowance) {
        (true, Allowance::Whole) => (None, before, None),
        (true, Allowance::Prorated) => (Some(share()?), Quantity::ZERO, None),
        (false, _) => (None, Quantity::ZERO, Some(share()?)),
    };
    let end = start.checked_add(usage.quantity).ok_or(RateError::QuantityOverflow)?;
    let curve = Curve::of_share(charge, given)?.at_percent(usage.span.terms.price_percent)?;
    let priced = priced::step(&curve, start, end, due, currency)?;
    Ok(RatedLine {
        span: usage.span.clone(),
        events: usage.events,
        quantity: usage.quantity,
        included: curve.included(),
        overage: priced.overage,
        tiers: priced.tiers,
        steps: priced.steps,
        amount_unrounded: priced.amount_unrounded,
        amount_minor_units: priced.amount_minor_units,
    })
}

/// The exact ratio of the span's length to its period's.
pub(super) fn share_of_period(span: &Span) -> Option<Exact> {
    let length = |start: i64, end: i64| i128::from(end) - i128::from(start);
    let of_span = length(span.start.0, span.end.0);
    let of_period = length(span.period.start.0, span.period.end.0);
    // Lowest terms here keep every amount that is multiplied by it small.
    Some(Exact::ratio(of_span, of_period)?.reduced())
}
