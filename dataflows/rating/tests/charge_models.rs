//! What a quantity costs under each charge model, one line a case.

mod rows;

use highwater_rating::charge::{ChargeError, Curve, total};
use highwater_rating::number::{Currency, Exact, PriceError, Quantity};
use highwater_rating::tables::{Allowance, ChargeModel, Tier};
use rows::{charge, graduated, per_unit, price, quantity};

fn curve(included: &str, model: ChargeModel) -> Result<Curve, ChargeError> {
    let charge = charge(included, Allowance::Whole, model);
    Curve::new(&charge, charge.included)
}

/// `overage amount` in the currency, the amount rounded as a line rounds it.
fn costs(included: &str, model: ChargeModel, used: &str, currency: &str) -> String {
    let curve = curve(included, model).unwrap();
    let currency = Currency::from_code(currency).unwrap();
    let amount = total(&curve.at(quantity(used)).unwrap()).unwrap();
    let minor_units = amount.round(currency.minor_unit_digits()).unwrap();
    format!("{} {}", curve.overage(quantity(used)), currency.format(minor_units))
}

#[test]
fn per_unit_charges_every_unit_above_the_allowance_alike() {
    // price, per, included, used, currency | overage and amount
    #[rustfmt::skip]
    let cases = [
        // The product document's three: 15 users of 10, 1.2 million calls of 1 million, 150 queries of 100.
        ("15",   "1",       "10",      "15",        "USD", "5 75.00"),
        ("5",    "1000000", "1000000", "1200000",   "USD", "200000 1.00"),
        ("0.10", "1",       "100",     "150",       "USD", "50 5.00"),
        ("10",   "1000000", "0",       "1",         "USD", "1 0.00"),
        ("15",   "1000000", "0",       "333333",    "USD", "333333 5.00"),
        // Nothing above the allowance, up to its last unit.
        ("15",   "1",       "10",      "0",         "USD", "0 0.00"),
        ("15",   "1",       "10",      "10",        "USD", "0 0.00"),
        ("15",   "1",       "10",      "10.000000001", "USD", "0.000000001 0.00"),
        ("15",   "1",       "0",       "-3",        "USD", "0 0.00"),
        ("15",   "1",       "10",      "-3",        "USD", "0 0.00"),
        // Half a minor unit goes away from zero, just below it does not.
        ("0.005",         "1", "0", "1",            "USD", "1 0.01"),
        ("0.004999999999","1", "0", "1",            "USD", "1 0.00"),
        ("-0.005",        "1", "0", "1",            "USD", "1 -0.01"),
        // A third is rounded once, not at each unit.
        ("1",    "3",       "0",       "1",         "USD", "1 0.33"),
        ("1",    "3",       "0",       "3",         "USD", "3 1.00"),
        ("1",    "3",       "0",       "0.015",     "USD", "0.015 0.01"),
        // The yen has no minor unit, the dinar has three digits of it.
        ("0.5",  "1",       "0",       "1",         "JPY", "1 1"),
        ("0.49", "1",       "0",       "1",         "JPY", "1 0"),
        ("150",  "1",       "10",      "15",        "JPY", "5 750"),
        ("0.0005", "1",     "0",       "1",         "KWD", "1 0.001"),
        ("0.1",  "1",       "100",     "150",       "KWD", "50 5.000"),
        // As small and as large as terms go.
        ("0.000000000001", "1", "0", "1000000000000000000", "USD", "1000000000000000000 1000000.00"),
        ("1000000000000",  "1", "0", "1000000000000000000", "USD", "1000000000000000000 1000000000000000000000000000000.00"),
    ];
    for (each, per, included, used, currency, expected) in cases {
        let shown = costs(included, per_unit(each, per), used, currency);
        assert_eq!(shown, expected, "{used} at {each} per {per}, {included} included");
    }
}

#[test]
fn graduated_charges_each_unit_at_its_tier() {
    const THREE: &str = "10:1.00 100:0.50 *:0.25";
    const FLAT: &str = "10:0+5 100:0.50+2 *:0.25+1";
    // tiers, included, used, currency | overage and amount
    #[rustfmt::skip]
    let cases = [
        (THREE, "0",   "0",    "USD", "0 0.00"),
        (THREE, "0",   "1",    "USD", "1 1.00"),
        // The bound itself belongs to the lower tier.
        (THREE, "0",   "10",   "USD", "10 10.00"),
        (THREE, "0",   "10.5", "USD", "10.5 10.25"),
        (THREE, "0",   "100",  "USD", "100 55.00"),
        (THREE, "0",   "101",  "USD", "101 55.25"),
        (THREE, "0",   "1000", "USD", "1000 280.00"),
        // Tiers begin above the allowance.
        (THREE, "100", "100",  "USD", "0 0.00"),
        (THREE, "100", "110",  "USD", "10 10.00"),
        (THREE, "100", "111",  "USD", "11 10.50"),
        (THREE, "100", "-5",   "USD", "0 0.00"),
        // A flat amount is due as soon as anything lies in the tier, and not at its lower bound.
        (FLAT,  "0",   "0",           "USD", "0 0.00"),
        (FLAT,  "0",   "0.000000001", "USD", "0.000000001 5.00"),
        (FLAT,  "0",   "10",          "USD", "10 5.00"),
        (FLAT,  "0",   "11",          "USD", "11 7.50"),
        (FLAT,  "0",   "100",         "USD", "100 52.00"),
        (FLAT,  "0",   "101",         "USD", "101 53.25"),
        ("1000000:5/1000000 *:4/1000000", "1000000", "2500000", "USD", "1500000 7.00"),
        ("*:0.10",     "100", "150",  "USD", "50 5.00"),
        // The tiers' thirds add up before they are rounded.
        ("1:1/3 *:2/3","0",   "2",    "USD", "2 1.00"),
        ("10:0.4 *:0.3", "0", "12",   "JPY", "12 5"),
        ("10:0.0004 *:0.0003", "0", "12", "KWD", "12 0.005"),
    ];
    for (tiers, included, used, currency, expected) in cases {
        assert_eq!(
            costs(included, graduated(tiers), used, currency),
            expected,
            "{used} in {tiers}, {included} included"
        );
    }
}

#[test]
fn a_step_shows_what_it_took_of_each_tier() {
    let curve = curve("100", graduated("10:1+5 *:0.5+2")).unwrap();
    let shown = |before: &str, after: &str| {
        let tiers = curve.between(quantity(before), quantity(after)).unwrap();
        let share = |share: &highwater_rating::charge::TierAmount| {
            format!("{}: {} {}", share.tier, share.quantity, Quantity(share.amount.round(9).unwrap()))
        };
        tiers.iter().map(share).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(shown("0", "100"), "");
    assert_eq!(shown("0", "105"), "0: 5 10");
    assert_eq!(shown("105", "108"), "0: 3 3");
    assert_eq!(shown("105", "112"), "0: 5 5, 1: 2 3");
    assert_eq!(shown("112", "113"), "1: 1 0.5");
    // Going back takes the flat amounts along.
    assert_eq!(shown("112", "104"), "0: -6 -6, 1: -2 -3");
    assert_eq!(shown("112", "90"), "0: -10 -15, 1: -2 -3");
}

#[test]
fn a_charge_that_is_none_is_named() {
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
        assert_eq!(curve("0", model.clone()).err(), Some(expected), "{model:?}");
    }
    // Trailing zeros are no digits.
    assert!(curve("0", per_unit("0.10000000000000000", "1")).is_ok());
}

#[test]
fn an_amount_out_of_range_is_named_not_wrapped() {
    let curve = curve("0", per_unit("79228162514264337593543950.335", "0.000000001")).unwrap();
    assert_eq!(curve.at(Quantity(i128::MAX)).map(|tiers| total(&tiers).and_then(|sum| sum.round(2))), Ok(None));
}

#[test]
fn fractions_are_exact_and_round_half_away_from_zero() {
    let ratio = |numerator, denominator| Exact::ratio(numerator, denominator).unwrap();
    // numerator, denominator, digits | rounded
    #[rustfmt::skip]
    let cases = [
        (1, 2, 0, Some(1)),     (-1, 2, 0, Some(-1)),    (49, 100, 0, Some(0)),   (-49, 100, 0, Some(0)),
        (5, 1000, 2, Some(1)),  (-5, 1000, 2, Some(-1)), (1, 3, 2, Some(33)),     (2, 3, 2, Some(67)),
        (15, 1, 2, Some(1500)), (0, 7, 18, Some(0)),     (1, 3, 18, Some(333_333_333_333_333_333)),
        (i128::MAX, 1, 0, Some(i128::MAX)), (i128::MIN, 1, 0, Some(i128::MIN)), (i128::MAX, 1, 1, None),
        (i128::MAX, i128::MAX, 18, Some(1_000_000_000_000_000_000)),
    ];
    for (numerator, denominator, digits, expected) in cases {
        assert_eq!(ratio(numerator, denominator).round(digits), expected, "{numerator}/{denominator} to {digits}");
    }
    assert_eq!(ratio(1, 6).checked_add(ratio(1, 10)), Some(ratio(4, 15)));
    assert_eq!(ratio(1, 6).checked_sub(ratio(1, 6)), Some(Exact::ZERO));
    assert_eq!(ratio(2, 3).checked_mul(ratio(-9, 4)), Some(ratio(-3, 2)));
    assert_eq!(ratio(6, 4).to_string(), "3/2");
    assert!(Exact::ratio(1, 0).is_none() && Exact::ratio(1, -1).is_none());
    // What does not fit is refused; what only looks too large before it is reduced is not.
    let huge = ratio(i128::MAX, 1).checked_mul(ratio(i128::MAX, 1)).unwrap();
    assert_eq!(huge.checked_mul(ratio(i128::MAX, 1)), None);
    assert_eq!(huge.checked_add(huge).and_then(|twice| twice.checked_add(huge)), None);
    assert_eq!(huge.checked_mul(ratio(1, i128::MAX)), Some(ratio(i128::MAX, 1)));
    assert_eq!(huge.round(0), None);
}

#[test]
fn a_currency_knows_its_minor_unit() {
    // code, minor units | written
    #[rustfmt::skip]
    let cases = [
        ("USD", 7_500, "75.00"), ("USD", 5, "0.05"), ("USD", -5, "-0.05"), ("USD", -7_501, "-75.01"), ("USD", 0, "0.00"),
        ("JPY", 75, "75"),       ("JPY", -75, "-75"), ("KWD", 75_000, "75.000"), ("KWD", -5, "-0.005"),
        ("EUR", i128::MIN, "-1701411834604692317316873037158841057.28"),
    ];
    for (code, minor_units, expected) in cases {
        assert_eq!(Currency::from_code(code).map(|known| known.format(minor_units)), Ok(expected.into()), "{code}");
    }
    for code in ["", "usd", "US", "USDX", "ZZZ", "€"] {
        let error = Currency::from_code(code).unwrap_err().to_string();
        assert!(error.contains("is not an ISO 4217 currency code"), "{code}: {error}");
    }
    assert!(Currency::from_code("XAU").unwrap_err().to_string().contains("has no minor unit"));
}
