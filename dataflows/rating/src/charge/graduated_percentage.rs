//! Graduated percentage: each part of an amount of money at the percentage of the tier it falls into.
//!
//! A tier's flat amount is due once as soon as anything lies above its lower bound.

use super::tier::{Bounds, ascending, each_part};
use super::{ChargeError, Tiers};
use crate::number::{Exact, Quantity, UnitPrice, flat_amount};
use crate::tables::PercentageTier;

#[derive(Clone, Debug)]
pub(super) struct GraduatedPercentage {
    /// The price of a hundred, and the flat amount.
    tiers: Vec<(Bounds, (UnitPrice, Exact))>,
}

impl GraduatedPercentage {
    pub fn new(rows: &[PercentageTier]) -> Result<GraduatedPercentage, ChargeError> {
        let bounds = ascending(rows.iter().map(|row| row.up_to))?;
        let tier = |(bounds, row): (Bounds, &PercentageTier)| -> Result<_, ChargeError> {
            Ok((bounds, (UnitPrice::new(row.percent, Quantity::units(100))?, flat_amount(row.flat)?)))
        };
        Ok(GraduatedPercentage { tiers: bounds.into_iter().zip(rows).map(tier).collect::<Result<_, _>>()? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        each_part(&self.tiers, units, |(rate, flat), part| rate.amount(part)?.checked_add(*flat))
    }
}
