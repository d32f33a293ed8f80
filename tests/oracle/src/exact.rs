//! Numbers without limits: every quantity, price and amount is a fraction of big integers.
//!
//! Owns reading a decimal and the one rounding rule. Does not own where a rounding happens (`rating`, `fold`).

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use serde_json::Value;

pub type Fraction = BigRational;

/// 10^`digits`.
pub fn power_of_ten(digits: u32) -> BigInt {
    BigInt::from(10).pow(digits)
}

/// Reads a plain decimal as JSON writes it, without exponent: `12`, `-0.5`. Nothing else is a number here.
pub fn decimal(text: &str) -> Option<Fraction> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (digits, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let numerator: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let value = Fraction::new(numerator, power_of_ten(fraction.len() as u32));
    Some(if text.starts_with('-') { -value } else { value })
}

/// The digits of a number, be it written as a JSON number or as a string.
pub fn number_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// A number of a table row. Rows are checked before they reach the oracle, so anything else is a mistake of the test.
pub fn row_decimal(value: &Value) -> Fraction {
    number_text(value).and_then(|text| decimal(&text)).unwrap_or_else(|| panic!("no decimal in a row: {value}"))
}

pub fn integer(value: i64) -> Fraction {
    Fraction::from_integer(BigInt::from(value))
}

/// `value` × 10^`digits`, rounded to a whole number, halves away from zero.
pub fn round(value: &Fraction, digits: u32) -> BigInt {
    let scaled = value.abs() * Fraction::from_integer(power_of_ten(digits));
    let half = Fraction::new(BigInt::one(), BigInt::from(2));
    let magnitude = (scaled + half).floor().to_integer();
    if value.is_negative() { -magnitude } else { magnitude }
}

/// What is left of `value` when only nine fractional digits can be kept.
pub fn to_nine_digits(value: &Fraction) -> Fraction {
    Fraction::new(round(value, 9), power_of_ten(9))
}

/// Whether a number counted in units of 10^-`digits` fits the 128 bits that a row has for it.
pub fn fits(value: &Fraction, digits: u32) -> bool {
    i128::try_from(round(value, digits)).is_ok()
}

pub fn larger(left: Fraction, right: Fraction) -> Fraction {
    if left < right { right } else { left }
}

pub fn zero() -> Fraction {
    Fraction::zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero() {
        for (text, digits, expected) in [
            ("0.005", 2, 1),
            ("-0.005", 2, -1),
            ("0.0049999", 2, 0),
            ("2.5", 0, 3),
            ("-2.5", 0, -3),
            ("1.0005", 3, 1001),
            ("0", 2, 0),
        ] {
            assert_eq!(round(&decimal(text).unwrap(), digits), BigInt::from(expected), "{text} at {digits}");
        }
    }

    #[test]
    fn only_plain_decimals_are_numbers() {
        for text in ["", "-", ".5", "5.", "1e3", "+1", "01", "1,5", " 1", "NaN", "--1", "1.2.3", "0x1"] {
            assert!(decimal(text).is_none(), "{text}");
        }
        for text in ["0", "-0", "1", "0.5", "-12.000000001", "123456789012345678901234567890"] {
            assert!(decimal(text).is_some(), "{text}");
        }
    }
}
