//! A step along a curve, rounded: what a line, and every answer to what something would cost, is made of.

use super::{RateError, StepShare, TierShare};
use crate::charge::{ChargeError, Curve, Progress, StepAmount, TierAmount};
use crate::number::{Currency, Exact, Quantity, UNROUNDED_DIGITS};
use crate::tables::Charge;

/// What a step costs, and how that came about. The fields are those of a [`super::RatedLine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub overage: Quantity,
    pub tiers: Vec<TierShare>,
    pub steps: Vec<StepShare>,
    pub amount_unrounded: i128,
    pub amount_minor_units: i128,
}

/// What `quantity` costs in a whole period under one charge: the line of a period with one span.
pub fn price(charge: &Charge, quantity: Quantity, currency: Currency) -> Result<Priced, RateError> {
    let curve = Curve::new(charge)?;
    let none = Quantity::ZERO;
    step(&curve, curve.progress(none, none)?, curve.progress(quantity, none)?, None, currency)
}

/// The step from `before` to `after`, and of that the share that is due, rounded once.
pub(super) fn step(
    curve: &Curve,
    before: Progress,
    after: Progress,
    share_due: Option<Exact>,
    currency: Currency,
) -> Result<Priced, RateError> {
    let overage = after.units.checked_sub(before.units).ok_or(RateError::QuantityOverflow)?;
    let mut cost = curve.between(before, after)?;
    if let Some(share) = share_due {
        cost = cost.times(share).ok_or(RateError::AmountOverflow)?;
    }
    let amount = cost.total().ok_or(RateError::AmountOverflow)?;
    Ok(Priced {
        overage,
        tiers: cost.tiers.iter().map(tier_share).collect::<Result<_, _>>()?,
        steps: cost.steps.iter().map(step_share).collect::<Result<_, _>>()?,
        amount_unrounded: unrounded(amount)?,
        amount_minor_units: amount.round(currency.minor_unit_digits()).ok_or(RateError::AmountOverflow)?,
    })
}

fn tier_share(tier: &TierAmount) -> Result<TierShare, RateError> {
    Ok(TierShare { tier: tier.tier, quantity: tier.quantity, amount_unrounded: unrounded(tier.amount)? })
}

fn step_share(step: &StepAmount) -> Result<StepShare, RateError> {
    let amount_unrounded = unrounded(step.amount)?;
    Ok(StepShare { kind: step.kind, index: step.index, quantity: step.quantity, amount_unrounded })
}

fn unrounded(amount: Exact) -> Result<i128, RateError> {
    amount.round(UNROUNDED_DIGITS).ok_or(RateError::AmountOverflow)
}

impl From<ChargeError> for RateError {
    fn from(error: ChargeError) -> RateError {
        match error {
            ChargeError::QuantityOverflow => RateError::QuantityOverflow,
            ChargeError::AmountOverflow => RateError::AmountOverflow,
            ChargeError::Price(_) | ChargeError::InvalidTiers | ChargeError::InvalidConversion => {
                RateError::InvalidCharge
            }
        }
    }
}
