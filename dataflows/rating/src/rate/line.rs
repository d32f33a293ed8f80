//! One line: the usage of one span under its terms.

use super::{RateError, RatedLine, SpanUsage, TierShare};
use crate::charge::{self, ChargeError, Curve, TierAmount, Tiers};
use crate::number::{Currency, Exact, Quantity};
use crate::tables::{Aggregation, Allowance, Charge};
use crate::terms::Span;

/// How many digits an unrounded amount keeps.
const UNROUNDED_DIGITS: u32 = 18;

/// `before` is what the period had used before this span, for meters that add up.
pub(super) fn rate_span(
    aggregation: Aggregation,
    usage: &SpanUsage,
    charge: &Charge,
    before: Quantity,
    currency: Currency,
) -> Result<RatedLine, RateError> {
    let share = || share_of_period(&usage.span).ok_or(RateError::AmountOverflow);
    let (included, start, share_due) = match (aggregation.is_additive(), charge.allowance) {
        (true, Allowance::Whole) => (charge.included, before, None),
        (true, Allowance::Prorated) => (part(charge.included, share()?)?, Quantity::ZERO, None),
        (false, _) => (charge.included, Quantity::ZERO, Some(share()?)),
    };
    let end = start.checked_add(usage.quantity).ok_or(RateError::QuantityOverflow)?;
    let curve = Curve::new(charge, included)?.at_percent(usage.span.terms.price_percent)?;
    let overage = curve.overage(end).checked_sub(curve.overage(start)).ok_or(RateError::QuantityOverflow)?;
    let mut tiers = curve.between(start, end)?;
    if let Some(share) = share_due {
        scale(&mut tiers, share)?;
    }
    let amount = charge::total(&tiers).ok_or(RateError::AmountOverflow)?;
    Ok(RatedLine {
        span: usage.span.clone(),
        events: usage.events,
        quantity: usage.quantity,
        included,
        overage,
        tiers: tiers.iter().map(unrounded).collect::<Result<_, _>>()?,
        amount_unrounded: amount.round(UNROUNDED_DIGITS).ok_or(RateError::AmountOverflow)?,
        amount_minor_units: amount.round(currency.minor_unit_digits()).ok_or(RateError::AmountOverflow)?,
    })
}

/// The exact ratio of the span's length to its period's.
fn share_of_period(span: &Span) -> Option<Exact> {
    let length = |start: i64, end: i64| i128::from(end) - i128::from(start);
    let of_span = length(span.start.0, span.end.0);
    let of_period = length(span.period.start.0, span.period.end.0);
    // Lowest terms here keep every amount that is multiplied by it small.
    Some(Exact::ratio(of_span, of_period)?.reduced())
}

/// A share of an allowance, to nine digits, half away from zero.
fn part(included: Quantity, share: Exact) -> Result<Quantity, RateError> {
    let exact = Exact::ratio(included.0, Quantity::ONE.0).and_then(|included| included.checked_mul(share));
    let rounded = exact.and_then(|exact| exact.round(Quantity::FRACTIONAL_DIGITS));
    rounded.map(Quantity).ok_or(RateError::QuantityOverflow)
}

fn scale(tiers: &mut Tiers, share: Exact) -> Result<(), RateError> {
    for tier in tiers {
        tier.amount = tier.amount.checked_mul(share).ok_or(RateError::AmountOverflow)?;
    }
    Ok(())
}

fn unrounded(tier: &TierAmount) -> Result<TierShare, RateError> {
    let amount_unrounded = tier.amount.round(UNROUNDED_DIGITS).ok_or(RateError::AmountOverflow)?;
    Ok(TierShare { tier: tier.tier, quantity: tier.quantity, amount_unrounded })
}

impl From<ChargeError> for RateError {
    fn from(error: ChargeError) -> RateError {
        match error {
            ChargeError::AmountOverflow => RateError::AmountOverflow,
            ChargeError::Price(_) | ChargeError::InvalidTiers => RateError::InvalidCharge,
        }
    }
}
