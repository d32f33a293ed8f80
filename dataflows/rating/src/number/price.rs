//! What a unit costs: a decimal of at most twelve fractional digits, for each `per` units.

use super::{Exact, Quantity};
use ethnum::I256;
use rust_decimal::Decimal;

/// A price made ready for arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    trillionths: i128,
    /// Above zero.
    per: Quantity,
}

/// Why a row's price is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("more than 12 fractional digits")]
    TooManyFractionalDigits,
    #[error("out of range")]
    OutOfRange,
    #[error("`per` is not above zero")]
    PerNotPositive,
}

const TRILLION: i128 = 1_000_000_000_000;

impl UnitPrice {
    pub const FRACTIONAL_DIGITS: u32 = 12;

    pub fn new(price: Decimal, per: Quantity) -> Result<UnitPrice, PriceError> {
        if per <= Quantity::ZERO {
            return Err(PriceError::PerNotPositive);
        }
        Ok(UnitPrice { trillionths: trillionths(price)?, per })
    }

    /// `None` where it leaves the range.
    pub fn amount(&self, quantity: Quantity) -> Option<Exact> {
        // Both quantities are in billionths, so that these cancel.
        let numerator = I256::from(quantity.0).checked_mul(I256::from(self.trillionths))?;
        Exact::new(numerator, I256::from(self.per.0).checked_mul(I256::from(TRILLION))?)
    }
}

/// A sum of money that does not depend on a quantity, such as a tier's flat amount.
pub(crate) fn flat_amount(amount: Decimal) -> Result<Exact, PriceError> {
    Exact::ratio(trillionths(amount)?, TRILLION).ok_or(PriceError::OutOfRange)
}

/// A price or percentage in units of 10⁻¹², as it is kept in tables and calculated with.
pub fn trillionths(decimal: Decimal) -> Result<i128, PriceError> {
    let decimal = decimal.normalize();
    let missing =
        UnitPrice::FRACTIONAL_DIGITS.checked_sub(decimal.scale()).ok_or(PriceError::TooManyFractionalDigits)?;
    decimal.mantissa().checked_mul(10i128.pow(missing)).ok_or(PriceError::OutOfRange)
}
