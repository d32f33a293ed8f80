//! Flat: one amount for the period, however much lies above the allowance, as soon as anything does.

use super::{ChargeError, Tiers, single};
use crate::number::{Exact, Quantity, flat_amount};
use rust_decimal::Decimal;

#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    price: Exact,
}

impl Flat {
    pub fn new(price: Decimal) -> Result<Flat, ChargeError> {
        Ok(Flat { price: flat_amount(price)? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        Ok(single(units, self.price))
    }
}
