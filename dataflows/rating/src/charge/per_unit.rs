//! Per unit: every unit above the allowance at one price.

use super::{ChargeError, Tiers, single};
use crate::number::{Quantity, UnitPrice};
use crate::tables::Price;

#[derive(Clone, Copy, Debug)]
pub(super) struct PerUnit {
    price: UnitPrice,
}

impl PerUnit {
    pub fn new(price: &Price) -> Result<PerUnit, ChargeError> {
        Ok(PerUnit { price: UnitPrice::new(price.price, price.per)? })
    }

    /// 200,000 over at 5 per 1,000,000 is exactly 1: a part of `per` costs its part of the price.
    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        Ok(single(units, self.price.amount(units).ok_or(ChargeError::AmountOverflow)?))
    }
}
