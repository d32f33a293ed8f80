//! Each unit at the price of the tier it falls into.

use super::rows::{charge, graduated};
use super::{costs, stepped};
use highwater_rating::tables::Allowance;

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
            costs(&charge(included, Allowance::Whole, graduated(tiers)), used, currency),
            expected,
            "{used} in {tiers}, {included} included"
        );
    }
}

#[test]
fn a_step_shows_what_it_took_of_each_tier() {
    let charge = charge("100", Allowance::Whole, graduated("10:1+5 *:0.5+2"));
    let shown = |before, after| stepped(&charge, before, after);
    assert_eq!(shown("0", "100"), "");
    assert_eq!(shown("0", "105"), "0: 5 10");
    assert_eq!(shown("105", "108"), "0: 3 3");
    assert_eq!(shown("105", "112"), "0: 5 5, 1: 2 3");
    assert_eq!(shown("112", "113"), "1: 1 0.5");
    // Going back takes the flat amounts along.
    assert_eq!(shown("112", "104"), "0: -6 -6, 1: -2 -3");
    assert_eq!(shown("112", "90"), "0: -10 -15, 1: -2 -3");
}
