//! Volume: all units above the allowance at the price of the tier that the last of them falls into, and that tier's
//! flat amount. One unit more can cost less.

use super::tier::{Bounds, one_tier};
use super::{ChargeError, Rate, Tiers};
use crate::number::Quantity;
use crate::tables::Tier;

#[derive(Clone, Debug)]
pub(super) struct Volume {
    tiers: Vec<(Bounds, Rate)>,
}

impl Volume {
    pub fn new(rows: &[Tier]) -> Result<Volume, ChargeError> {
        Ok(Volume { tiers: Rate::of_tiers(rows)? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        one_tier(&self.tiers, units, Rate::amount)
    }
}
