//! Stairstep: one amount for the period, that of the tier which the last unit above the allowance falls into.

use super::tier::{Bounds, ascending, one_tier};
use super::{ChargeError, Tiers};
use crate::number::{Exact, Quantity, flat_amount};
use crate::tables::StairstepTier;

#[derive(Clone, Debug)]
pub(super) struct Stairstep {
    tiers: Vec<(Bounds, Exact)>,
}

impl Stairstep {
    pub fn new(rows: &[StairstepTier]) -> Result<Stairstep, ChargeError> {
        let bounds = ascending(rows.iter().map(|row| row.up_to))?;
        let tiers = bounds.into_iter().zip(rows).map(|(bounds, row)| Ok((bounds, flat_amount(row.flat)?)));
        Ok(Stairstep { tiers: tiers.collect::<Result<_, ChargeError>>()? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        one_tier(&self.tiers, units, |amount, _| Some(*amount))
    }
}
