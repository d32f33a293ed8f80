//! How much was used: an exact decimal with nine fractional digits.

use super::serde_decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A quantity in billionths of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(pub i128);

/// Why a text is not a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error("not a decimal number")]
    NotADecimal,
    #[error("more than 9 fractional digits")]
    TooManyFractionalDigits,
    #[error("out of range")]
    OutOfRange,
}

impl Quantity {
    pub const FRACTIONAL_DIGITS: u32 = 9;
    pub const ONE: Quantity = Quantity(1_000_000_000);
    pub const ZERO: Quantity = Quantity(0);
    /// The smallest quantity above zero.
    pub const SMALLEST: Quantity = Quantity(1);
    /// The largest magnitude of one event's quantity or of a term: 10^18 units.
    pub const LIMIT: Quantity = Quantity(1_000_000_000_000_000_000 * 1_000_000_000);

    pub fn units(units: i64) -> Quantity {
        Quantity(i128::from(units) * Self::ONE.0)
    }

    /// Reads a plain decimal: optional `-`, digits, optional `.` and digits. No exponent, no `+`, no spaces, no
    /// leading zeros before another digit (the JSON number grammar without exponents).
    pub fn parse(text: &[u8]) -> Result<Quantity, QuantityError> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
            Some(point) => (&digits[..point], Some(&digits[point + 1..])),
            None => (digits, None),
        };
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') || fraction.is_some_and(<[u8]>::is_empty) {
            return Err(QuantityError::NotADecimal);
        }
        let fraction = fraction.unwrap_or(b"");
        if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
            return Err(QuantityError::NotADecimal);
        }
        if fraction.len() > Self::FRACTIONAL_DIGITS as usize {
            return Err(QuantityError::TooManyFractionalDigits);
        }
        if whole.len() > 19 {
            return Err(QuantityError::OutOfRange);
        }
        let read = |digits: &[u8]| digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        // Nineteen digits of the whole part fit u64; nine of the fraction too.
        let scale = 10u64.pow(Self::FRACTIONAL_DIGITS - fraction.len() as u32);
        let magnitude = i128::from(read(whole)) * Self::ONE.0 + i128::from(read(fraction) * scale);
        if magnitude > Self::LIMIT.0 {
            return Err(QuantityError::OutOfRange);
        }
        Ok(Quantity(if negative { -magnitude } else { magnitude }))
    }

    pub fn checked_add(self, other: Quantity) -> Option<Quantity> {
        self.0.checked_add(other.0).map(Quantity)
    }

    pub fn checked_sub(self, other: Quantity) -> Option<Quantity> {
        self.0.checked_sub(other.0).map(Quantity)
    }
}

impl std::fmt::Display for Quantity {
    /// The shortest exact decimal: `1200000`, `0.5`, `-3.000000001`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let one = Self::ONE.0.unsigned_abs();
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        write!(formatter, "{}", magnitude / one)?;
        let fraction = magnitude % one;
        if fraction == 0 {
            return Ok(());
        }
        let digits = format!("{fraction:09}");
        write!(formatter, ".{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// A number token or a string, read exactly; see [`serde_decimal`] for what each format can give.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        serde_decimal::deserialize_text(deserializer, |text| Quantity::parse(text.as_bytes()))
    }
}
