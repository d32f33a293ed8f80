//! The numbers under every model: fractions and currencies.

use highwater_rating::number::{Currency, Exact, Rounding};

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
fn a_fraction_goes_where_its_rounding_sends_it() {
    // numerator, denominator, digits | half away from zero, up, down
    #[rustfmt::skip]
    let cases = [
        (1, 2, 0, [1, 1, 0]),     (-1, 2, 0, [-1, 0, -1]),  (1, 3, 0, [0, 1, 0]),     (-1, 3, 0, [0, 0, -1]),
        (4, 2, 0, [2, 2, 2]),     (-4, 2, 0, [-2, -2, -2]), (0, 7, 9, [0, 0, 0]),     (2, 3, 1, [7, 7, 6]),
    ];
    for (numerator, denominator, digits, expected) in cases {
        let ratio = Exact::ratio(numerator, denominator).unwrap();
        let all = [Rounding::HalfAwayFromZero, Rounding::Up, Rounding::Down];
        assert_eq!(all.map(|to| ratio.round_by(to, digits).unwrap()), expected, "{numerator}/{denominator}");
    }
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
