//! What has no amount says why.

use super::rows::{charge, charge_of, graduated, per_unit, price};
use highwater_rating::charge::{ChargeError, Curve};
use highwater_rating::number::{PriceError, Quantity};
use highwater_rating::tables::{Allowance, ChargeModel, Tier};

#[test]
fn a_charge_that_is_none_is_named() {
    let curve = |model| Curve::new(&charge("0", Allowance::Whole, model));
    let tiers_of = |model: ChargeModel, change: fn(&mut Vec<Tier>)| match model {
        ChargeModel::Graduated { mut tiers } => {
            change(&mut tiers);
            ChargeModel::Graduated { tiers }
        }
        other => other,
    };
    let two = || graduated("10:1 *:2");
    #[rustfmt::skip]
    let cases = [
        (per_unit("0.0000000000001", "1"),       ChargeError::Price(PriceError::TooManyFractionalDigits)),
        (per_unit("1", "0"),                     ChargeError::Price(PriceError::PerNotPositive)),
        (per_unit("1", "-1"),                    ChargeError::Price(PriceError::PerNotPositive)),
        (per_unit("79228162514264337593543950335", "1"), ChargeError::Price(PriceError::OutOfRange)),
        (graduated("10:1 *:0.0000000000001"),    ChargeError::Price(PriceError::TooManyFractionalDigits)),
        (graduated("10:1 *:1+0.0000000000001"),  ChargeError::Price(PriceError::TooManyFractionalDigits)),
        (graduated(""),                          ChargeError::InvalidTiers),
        (graduated("10:1"),                      ChargeError::InvalidTiers),
        (graduated("*:1 10:1"),                  ChargeError::InvalidTiers),
        (graduated("*:1 *:1"),                   ChargeError::InvalidTiers),
        (graduated("10:1 10:1 *:1"),             ChargeError::InvalidTiers),
        (graduated("10:1 5:1 *:1"),              ChargeError::InvalidTiers),
        (graduated("0:1 *:1"),                   ChargeError::InvalidTiers),
        (tiers_of(two(), |tiers| tiers[1].price = price("1", "0")), ChargeError::Price(PriceError::PerNotPositive)),
    ];
    for (model, expected) in cases {
        assert_eq!(curve(model.clone()).err(), Some(expected), "{model:?}");
    }
    // Trailing zeros are no digits.
    assert!(curve(per_unit("0.10000000000000000", "1")).is_ok());
}

#[test]
fn an_amount_out_of_range_is_named_not_wrapped() {
    let curve =
        Curve::new(&charge("0", Allowance::Whole, per_unit("79228162514264337593543950.335", "0.000000001"))).unwrap();
    assert_eq!(
        curve
            .progress(Quantity(i128::MAX), Quantity::ZERO)
            .and_then(|all| curve.at(all))
            .map(|cost| cost.total().and_then(|sum| sum.round(2))),
        Ok(None)
    );
}

#[test]
fn a_quantity_that_no_longer_fits_after_its_conversion_is_named() {
    let charge = charge_of(r#""model":"per_unit","price":1,"conversion":{"factor":1000000000000000000}"#);
    let curve = Curve::new(&charge).unwrap();
    assert_eq!(curve.progress(Quantity::LIMIT, Quantity::ZERO).err(), Some(ChargeError::QuantityOverflow));
    let mut broken = charge;
    broken.rules.conversion.as_mut().unwrap().per = Quantity::ZERO;
    assert_eq!(Curve::new(&broken).err(), Some(ChargeError::InvalidConversion));
}
