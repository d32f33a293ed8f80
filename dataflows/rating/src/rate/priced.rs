//! A step along a curve, rounded: what a line, and every answer to what something would cost, is made of.

use super::{RateError, TierShare};
use crate::charge::{self, ChargeError, Curve, TierAmount, Tiers};
use crate::number::{Currency, Exact, Quantity, UNROUNDED_DIGITS};
use crate::tables::Charge;

/// What a step costs, and how that came about. The fields are those of a [`super::RatedLine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub overage: Quantity,
    pub tiers: Vec<TierShare>,
    pub amount_unrounded: i128,
    pub amount_minor_units: i128,
}

/// What `quantity` costs in a whole period under one charge: the line of a period with one span.
pub fn price(charge: &Charge, quantity: Quantity, currency: Currency) -> Result<Priced, RateError> {
    step(&Curve::new(charge, charge.included)?, Quantity::ZERO, quantity, None, currency)
}

/// The step from `before` to `after`, and of that the share that is due, rounded once.
pub(super) fn step(
    curve: &Curve,
    before: Quantity,
    after: Quantity,
    share_due: Option<Exact>,
    currency: Currency,
) -> Result<Priced, RateError> {
    let overage = curve.overage(after).checked_sub(curve.overage(before)).ok_or(RateError::QuantityOverflow)?;
    let mut tiers = curve.between(before, after)?;
    if let Some(share) = share_due {
        scale(&mut tiers, share)?;
    }
    let amount = charge::total(&tiers).ok_or(RateError::AmountOverflow)?;
    Ok(Priced {
        overage,
        tiers: tiers.iter().map(unrounded).collect::<Result<_, _>>()?,
        amount_unrounded: amount.round(UNROUNDED_DIGITS).ok_or(RateError::AmountOverflow)?,
        amount_minor_units: amount.round(currency.minor_unit_digits()).ok_or(RateError::AmountOverflow)?,
    })
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
