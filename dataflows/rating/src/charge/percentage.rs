//! Percentage: a part of what lies above the allowance, which is an amount of money in the plan's currency.

use super::{ChargeError, Tiers, single};
use crate::number::{Quantity, UnitPrice};
use rust_decimal::Decimal;

#[derive(Clone, Copy, Debug)]
pub(super) struct Percentage {
    /// Of a hundred.
    rate: UnitPrice,
}

impl Percentage {
    pub fn new(percent: Decimal) -> Result<Percentage, ChargeError> {
        Ok(Percentage { rate: UnitPrice::new(percent, Quantity::units(100))? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        Ok(single(units, self.rate.amount(units).ok_or(ChargeError::AmountOverflow)?))
    }
}
