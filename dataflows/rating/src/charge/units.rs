//! From a quantity as it is counted to the units that are charged: conversion, then the allowance.

use super::ChargeError;
use crate::number::{Exact, Quantity, Rounding};
use crate::tables::UnitConversion;

#[derive(Clone, Copy, Debug)]
pub(super) struct Conversion {
    ratio: Exact,
    rounding: Rounding,
    digits: u32,
}

impl Conversion {
    pub fn new(row: &UnitConversion) -> Result<Conversion, ChargeError> {
        if row.factor <= Quantity::ZERO || row.per <= Quantity::ZERO || row.digits > Quantity::FRACTIONAL_DIGITS {
            return Err(ChargeError::InvalidConversion);
        }
        // Both are in billionths, so that these cancel.
        let ratio = Exact::ratio(row.factor.0, row.per.0).ok_or(ChargeError::InvalidConversion)?.reduced();
        Ok(Conversion { ratio, rounding: row.rounding, digits: row.digits })
    }

    pub fn convert(&self, quantity: Quantity) -> Option<Quantity> {
        let exact = Exact::ratio(quantity.0, Quantity::ONE.0)?.checked_mul(self.ratio)?;
        let rounded = exact.round_by(self.rounding, self.digits)?;
        rounded.checked_mul(10i128.pow(Quantity::FRACTIONAL_DIGITS - self.digits)).map(Quantity)
    }
}

/// The share of an allowance or of free units, to nine digits, half away from zero.
pub(super) fn part(quantity: Quantity, share: Exact) -> Result<Quantity, ChargeError> {
    let exact = Exact::ratio(quantity.0, Quantity::ONE.0).and_then(|quantity| quantity.checked_mul(share));
    let rounded = exact.and_then(|exact| exact.round(Quantity::FRACTIONAL_DIGITS));
    rounded.map(Quantity).ok_or(ChargeError::QuantityOverflow)
}
