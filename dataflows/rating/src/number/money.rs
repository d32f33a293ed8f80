//! Currencies: how many digits their minor unit has (ISO 4217), and how amounts are written.

/// How many digits an unrounded amount keeps.
pub const UNROUNDED_DIGITS: u32 = 18;

use super::Quantity;

/// A currency whose minor unit is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: iso_currency::Currency,
    minor_unit_digits: u32,
}

/// Why a code is not a currency that can be billed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    #[error("`{0}` is not an ISO 4217 currency code in upper case")]
    Unknown(String),
    /// Gold, special drawing rights, test codes.
    #[error("`{0}` has no minor unit, so nothing can be billed in it")]
    NoMinorUnit(String),
}

impl Currency {
    pub fn from_code(code: &str) -> Result<Currency, CurrencyError> {
        let known = iso_currency::Currency::from_code(code).ok_or_else(|| CurrencyError::Unknown(code.to_owned()))?;
        let digits = known.exponent().ok_or_else(|| CurrencyError::NoMinorUnit(code.to_owned()))?;
        Ok(Currency { code: known, minor_unit_digits: u32::from(digits) })
    }

    pub fn code(self) -> &'static str {
        self.code.code()
    }

    /// 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_unit_digits(self) -> u32 {
        self.minor_unit_digits
    }

    /// The smallest amount that can be billed, as a part of the major unit.
    pub fn minor_unit(self) -> Quantity {
        let digits = Quantity::FRACTIONAL_DIGITS.saturating_sub(self.minor_unit_digits);
        Quantity(10i128.pow(digits))
    }

    /// An amount of minor units as a decimal of the major unit: `75.00`, JPY `75`, KWD `-0.005`.
    pub fn format(self, minor_units: i128) -> String {
        let sign = if minor_units < 0 { "-" } else { "" };
        let one = 10u128.pow(self.minor_unit_digits);
        let magnitude = minor_units.unsigned_abs();
        match self.minor_unit_digits as usize {
            0 => format!("{sign}{magnitude}"),
            digits => format!("{sign}{}.{:0digits$}", magnitude / one, magnitude % one),
        }
    }
}

/// An unrounded amount, in units of 10^-18, as the shortest exact decimal: `1`, `-0.5`.
pub fn unrounded_text(amount: i128) -> String {
    let one = 10u128.pow(UNROUNDED_DIGITS);
    let magnitude = amount.unsigned_abs();
    let sign = if amount < 0 { "-" } else { "" };
    let fraction = format!("{:018}", magnitude % one);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", magnitude / one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unrounded_amount_is_written_to_its_last_digit() {
        for (amount, text) in [
            (0, "0"),
            (1_000_000_000_000_000_000, "1"),
            (-1_500_000_000_000_000_000, "-1.5"),
            (1, "0.000000000000000001"),
        ] {
            assert_eq!(unrounded_text(amount), text);
        }
    }
}
