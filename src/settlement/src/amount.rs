//! Minor units of ISO 4217, and the amounts that Stripe's API takes for them. They differ for a few currencies.
//!
//! The rules are those of <https://docs.stripe.com/currencies>: "Zero-decimal currencies", "Three-decimal currencies"
//! and "Special cases".

use highwater_rating::number::Currency;

/// Why an amount cannot be said to Stripe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("{amount} {currency} is not a multiple of {step} minor units, which is the least that Stripe takes")]
    TooFine { amount: String, currency: &'static str, step: i128 },
    #[error("an amount of {currency} is out of range")]
    OutOfRange { currency: &'static str },
}

/// Stripe's amount is `minor_units * times / by`, and `minor_units` must be a multiple of `step`.
struct Rule {
    times: i128,
    by: i128,
    step: i128,
}

fn rule(currency: Currency) -> Rule {
    match (currency.code(), currency.minor_unit_digits()) {
        // Without decimals, but sent as if there were two: both are zero.
        ("ISK" | "UGX", _) => Rule { times: 100, by: 1, step: 1 },
        // Two digits in ISO 4217 (a fifth, not a hundredth, exists as a coin); none at Stripe.
        ("MGA", _) => Rule { times: 1, by: 100, step: 100 },
        // The last digit of three must be zero.
        (_, 3) => Rule { times: 1, by: 1, step: 10 },
        _ => Rule { times: 1, by: 1, step: 1 },
    }
}

/// The amount of an API request for an amount in the currency's ISO 4217 minor units.
pub fn to_stripe(currency: Currency, minor_units: i128) -> Result<i64, AmountError> {
    let Rule { times, by, step } = rule(currency);
    if minor_units % step != 0 {
        return Err(AmountError::TooFine { amount: currency.format(minor_units), currency: currency.code(), step });
    }
    let amount = (minor_units / by).checked_mul(times).and_then(|amount| i64::try_from(amount).ok());
    amount.ok_or(AmountError::OutOfRange { currency: currency.code() })
}

/// The ISO 4217 minor units of an amount in an API answer.
pub fn from_stripe(currency: Currency, amount: i64) -> Result<i128, AmountError> {
    let Rule { times, by, .. } = rule(currency);
    let amount = i128::from(amount);
    if amount % times != 0 {
        return Err(AmountError::TooFine { amount: amount.to_string(), currency: currency.code(), step: times });
    }
    Ok(amount / times * by)
}

#[cfg(test)]
mod tests {
    use super::{from_stripe, to_stripe};
    use highwater_rating::number::Currency;

    /// currency, ISO minor units, what Stripe is sent; nothing where Stripe cannot be told.
    const CASES: &[(&str, i128, Option<i64>)] = &[
        ("USD", 1_234, Some(1_234)),
        ("USD", -1, Some(-1)),
        ("JPY", 500, Some(500)),
        ("KRW", 7, Some(7)),
        ("KWD", 5_120, Some(5_120)),
        ("KWD", 5_124, None),
        ("BHD", -10, Some(-10)),
        ("TND", 9, None),
        ("ISK", 5, Some(500)),
        ("UGX", -3, Some(-300)),
        ("MGA", 500, Some(5)),
        ("MGA", 520, None),
        ("HUF", 1_050, Some(1_050)),
        ("USD", i64::MAX as i128 + 1, None),
        ("ISK", i64::MAX as i128, None),
        ("EUR", 0, Some(0)),
    ];

    #[test]
    fn an_amount_is_said_as_stripe_counts_it_or_not_at_all() {
        for &(code, minor_units, expected) in CASES {
            let currency = Currency::from_code(code).unwrap();
            let sent = to_stripe(currency, minor_units);
            assert_eq!(sent.clone().ok(), expected, "{code} {minor_units}");
            if let Ok(sent) = sent {
                assert_eq!(from_stripe(currency, sent), Ok(minor_units), "{code} {minor_units} and back");
            }
        }
        assert!(from_stripe(Currency::from_code("ISK").unwrap(), 150).is_err());
    }
}
