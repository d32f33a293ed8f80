//! Package: units above the allowance in whole packages, a package begun being a package paid.

use super::{ChargeError, Tiers, single};
use crate::number::{Quantity, UnitPrice};
use crate::tables::Price;

#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    /// Of one package, for each of its units.
    price: UnitPrice,
    /// Above zero.
    size: Quantity,
}

impl Package {
    pub fn new(price: &Price) -> Result<Package, ChargeError> {
        Ok(Package { price: UnitPrice::new(price.price, price.per)?, size: price.per })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        let begun = units.0 / self.size.0 + i128::from(units.0 % self.size.0 != 0);
        let paid = begun.checked_mul(self.size.0).ok_or(ChargeError::AmountOverflow)?;
        Ok(single(units, self.price.amount(Quantity(paid)).ok_or(ChargeError::AmountOverflow)?))
    }
}
