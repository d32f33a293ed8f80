//! Every unit above the allowance at one price.

use super::costs;
use super::rows::{charge, per_unit};
use highwater_rating::tables::Allowance;

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
        let shown = costs(&charge(included, Allowance::Whole, per_unit(each, per)), used, currency);
        assert_eq!(shown, expected, "{used} at {each} per {per}, {included} included");
    }
}
