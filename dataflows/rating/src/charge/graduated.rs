//! Graduated: each unit above the allowance at the price of the tier it falls into.
//!
//! A tier's flat amount is due once as soon as anything lies above its lower bound.

use super::tier::{Bounds, each_part};
use super::{ChargeError, Rate, Tiers};
use crate::number::Quantity;
use crate::tables::Tier;

#[derive(Clone, Debug)]
pub(super) struct Graduated {
    tiers: Vec<(Bounds, Rate)>,
}

impl Graduated {
    pub fn new(rows: &[Tier]) -> Result<Graduated, ChargeError> {
        Ok(Graduated { tiers: Rate::of_tiers(rows)? })
    }

    pub fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        each_part(&self.tiers, units, Rate::amount)
    }
}
