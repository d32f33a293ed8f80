//! A price for units and an amount beside it: what a tier of a graduated or volume charge costs.

use super::ChargeError;
use super::tier::{Bounds, ascending};
use crate::number::{Exact, Quantity, UnitPrice, flat_amount};
use crate::tables::Tier;

#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    price: UnitPrice,
    flat: Exact,
}

impl Rate {
    pub fn of_tiers(rows: &[Tier]) -> Result<Vec<(Bounds, Rate)>, ChargeError> {
        let bounds = ascending(rows.iter().map(|row| row.up_to))?;
        let rate = |row: &Tier| -> Result<Rate, ChargeError> {
            Ok(Rate { price: UnitPrice::new(row.price.price, row.price.per)?, flat: flat_amount(row.flat)? })
        };
        bounds.into_iter().zip(rows).map(|(bounds, row)| Ok((bounds, rate(row)?))).collect()
    }

    pub fn amount(&self, units: Quantity) -> Option<Exact> {
        self.price.amount(units)?.checked_add(self.flat)
    }
}
