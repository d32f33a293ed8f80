//! Rounded amounts as columns: units of the currency beside minor units.

use super::decimal;
use highwater_rating::number::Currency;
use highwater_rating::rate::RateError;

/// Fractional digits of `cost` and `amount`.
const AMOUNT_DIGITS: u32 = 12;

#[derive(Default)]
pub struct Amount {
    /// In units of 10^-12 of the currency.
    pub scaled: i128,
    pub minor_units: i64,
}

impl Amount {
    pub fn of(minor_units: i128, currency: &str) -> Result<Amount, RateError> {
        // A period without a charge has no currency, and no cost.
        let digits = match Currency::from_code(currency) {
            Ok(currency) => currency.minor_unit_digits(),
            Err(_) if minor_units == 0 => 0,
            Err(_) => return Err(RateError::UnknownCurrency),
        };
        let scale = AMOUNT_DIGITS.checked_sub(digits).map(|zeros| 10i128.pow(zeros));
        let scaled = scale.and_then(|scale| minor_units.checked_mul(scale)).and_then(decimal);
        match (scaled, i64::try_from(minor_units)) {
            (Some(scaled), Ok(minor_units)) => Ok(Amount { scaled, minor_units }),
            _ => Err(RateError::AmountOverflow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn minor_units_become_an_exact_amount() {
        for (minor_units, currency, scaled) in [
            (1234, "EUR", Some(12_340_000_000_000)),
            (-1, "JPY", Some(-1_000_000_000_000)),
            (5, "KWD", Some(5_000_000_000)),
            (0, "", Some(0)),
            (1, "", None),
            (i128::from(i64::MAX), "USD", Some(i128::from(i64::MAX) * 10_000_000_000)),
            (i128::from(i64::MAX) + 1, "USD", None),
            (i128::MIN, "USD", None),
        ] {
            assert_eq!(
                Amount::of(minor_units, currency).ok().map(|amount| amount.scaled),
                scaled,
                "{minor_units} {currency}"
            );
        }
    }
}
