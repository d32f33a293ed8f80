//! Charge models, one a file: how a quantity becomes an exact amount.
//!
//! Owns price curves: for each quantity what it costs from zero on, by tier. Does not own allowance shares, carry and
//! rounding (`rate`).

mod graduated;
mod per_unit;

use crate::number::{Exact, PriceError, Quantity, flat_amount};
use crate::tables::{Charge, ChargeModel};
use graduated::Graduated;
use per_unit::PerUnit;
use rust_decimal::Decimal;

/// What each tier takes of a quantity above the allowance, and its price. Ascending by tier; those it does not reach
/// are left out. A per-unit charge is one tier.
pub type Tiers = Vec<TierAmount>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierAmount {
    /// Index of the tier in the charge.
    pub tier: u32,
    pub quantity: Quantity,
    pub amount: Exact,
}

/// Why a charge gives no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeError {
    #[error("price: {0}")]
    Price(#[from] PriceError),
    #[error("tiers must ascend and the last one, and only that, must have no up_to")]
    InvalidTiers,
    #[error("the amount is out of range")]
    AmountOverflow,
}

/// The price curve of one charge: the amount of every quantity, the allowance being free.
#[derive(Clone, Debug)]
pub struct Curve {
    included: Quantity,
    model: Model,
    /// What a season multiplies every amount with.
    factor: Option<Exact>,
}

#[derive(Clone, Debug)]
enum Model {
    PerUnit(PerUnit),
    Graduated(Graduated),
}

impl Curve {
    /// `included` is given apart from the charge because it may be a share of the charge's.
    pub fn new(charge: &Charge, included: Quantity) -> Result<Curve, ChargeError> {
        let model = match &charge.model {
            ChargeModel::PerUnit { price } => Model::PerUnit(PerUnit::new(price)?),
            ChargeModel::Graduated { tiers } => Model::Graduated(Graduated::new(tiers)?),
        };
        Ok(Curve { included: included.max(Quantity::ZERO), model, factor: None })
    }

    /// The same curve at a percentage of its prices.
    pub fn at_percent(mut self, percent: Decimal) -> Result<Curve, ChargeError> {
        if percent != Decimal::ONE_HUNDRED {
            let percent = flat_amount(percent)?;
            let hundredth = Exact::ratio(1, 100).and_then(|hundredth| percent.checked_mul(hundredth));
            self.factor = Some(hundredth.ok_or(ChargeError::AmountOverflow)?.reduced());
        }
        Ok(self)
    }

    /// The part of a quantity above the allowance; nothing of a quantity below zero.
    pub fn overage(&self, quantity: Quantity) -> Quantity {
        Quantity((quantity.0.max(self.included.0)) - self.included.0)
    }

    /// What `quantity` costs, counted from zero.
    pub fn at(&self, quantity: Quantity) -> Result<Tiers, ChargeError> {
        let overage = self.overage(quantity);
        if overage == Quantity::ZERO {
            return Ok(Vec::new());
        }
        let mut tiers = match &self.model {
            Model::PerUnit(model) => model.at(overage),
            Model::Graduated(model) => model.at(overage),
        }?;
        if let Some(factor) = self.factor {
            for tier in &mut tiers {
                tier.amount = tier.amount.checked_mul(factor).ok_or(ChargeError::AmountOverflow)?;
            }
        }
        Ok(tiers)
    }

    /// What the step from `before` to `after` costs: F(after) − F(before), tier by tier. Below zero when the quantity
    /// went back.
    pub fn between(&self, before: Quantity, after: Quantity) -> Result<Tiers, ChargeError> {
        difference(self.at(after)?, &self.at(before)?).ok_or(ChargeError::AmountOverflow)
    }
}

fn difference(mut after: Tiers, before: &[TierAmount]) -> Option<Tiers> {
    for earlier in before {
        match after.iter_mut().find(|share| share.tier == earlier.tier) {
            Some(share) => {
                share.quantity = share.quantity.checked_sub(earlier.quantity)?;
                share.amount = share.amount.checked_sub(earlier.amount)?;
            }
            None => after.push(TierAmount {
                tier: earlier.tier,
                quantity: Quantity::ZERO.checked_sub(earlier.quantity)?,
                amount: Exact::ZERO.checked_sub(earlier.amount)?,
            }),
        }
    }
    after.retain(|share| share.quantity != Quantity::ZERO || !share.amount.is_zero());
    after.sort_by_key(|share| share.tier);
    Some(after)
}

/// The sum over the tiers; `None` where it leaves the range.
pub fn total(tiers: &[TierAmount]) -> Option<Exact> {
    tiers.iter().try_fold(Exact::ZERO, |sum, share| sum.checked_add(share.amount))
}
