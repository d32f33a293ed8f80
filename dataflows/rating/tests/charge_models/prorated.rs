//! A stretch of a period has its share of what the charge gives or asks for the period, and the model whole.

use super::rows::{charge_of, rate_january, usage};
use highwater_rating::number::unrounded_text;
use highwater_rating::rate::RatedLine;
use highwater_rating::tables::Aggregation;

/// `included overage amount` of each line of January cut on the 11th at noon: 10.5 and 20.5 of 31 days.
fn lines(aggregation: Aggregation, json: &str, used: [&str; 2]) -> String {
    let charge = || Some(charge_of(json));
    let spans = [
        usage("2026-01-01", "2026-01-11T12:00", "USD", charge(), used[0]),
        usage("2026-01-11T12:00", "2026-02-01", "USD", charge(), used[1]),
    ];
    let line =
        |line: &RatedLine| format!("{} {} {}", line.included, line.overage, unrounded_text(line.amount_unrounded));
    rate_january(aggregation, &spans).unwrap().lines.iter().map(line).collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_is_given_for_the_period_is_given_in_shares() {
    use Aggregation::{Max, Sum};
    #[rustfmt::skip]
    let cases = [
        (Sum, r#""model":"per_unit","price":1,"included":62,"allowance":"prorated""#,  ["30", "30"], "21 9 9 | 41 0 0"),
        (Sum, r#""model":"per_unit","price":1,"free_units":62,"allowance":"prorated""#, ["30", "50"], "0 30 9 | 0 50 9"),
        (Sum, r#""model":"per_unit","price":1,"minimum":62,"allowance":"prorated""#,   ["30", "30"], "0 30 30 | 0 30 41"),
        (Sum, r#""model":"per_unit","price":1,"maximum":62,"allowance":"prorated""#,   ["30", "30"], "0 30 21 | 0 30 30"),
        (Sum, r#""model":"per_unit","price":1,"discounts":[{"amount":62}],"allowance":"prorated""#, ["30", "50"], "0 30 9 | 0 50 9"),
        (Sum, r#""model":"per_unit","price":1,"discounts":[{"percent":50}],"allowance":"prorated""#, ["30", "50"], "0 30 15 | 0 50 25"),
        (Sum, r#""model":"flat","price":7,"allowance":"prorated""#,                    ["1", "1"],   "0 1 7 | 0 1 7"),
        // Whole, everything is there once.
        (Sum, r#""model":"flat","price":7"#,                                           ["1", "1"],   "0 1 7 | 0 1 0"),
        (Sum, r#""model":"per_unit","price":1,"minimum":62"#,                          ["30", "40"], "0 30 62 | 0 40 8"),
        (Sum, r#""model":"per_unit","price":1,"maximum":62"#,                          ["30", "40"], "0 30 30 | 0 40 32"),
        (Sum, r#""model":"per_unit","price":1,"discounts":[{"amount":62}]"#,           ["30", "40"], "0 30 0 | 0 40 8"),
        (Sum, r#""model":"package","price":6,"per":10"#,                               ["5", "5"],   "0 5 6 | 0 5 0"),
        (Sum, r#""model":"volume","tiers":[{"up_to":5,"price":2},{"price":1}]"#,       ["5", "3"],   "0 5 10 | 0 3 -2"),
        // A level is there all the time, and pays for its share of it.
        (Max, r#""model":"flat","price":62"#,                                          ["1", "1"],   "0 1 21 | 0 1 41"),
        (Max, r#""model":"per_unit","price":62,"included":1,"minimum":124,"allowance":"prorated""#, ["2", "5"], "1 1 42 | 1 4 164"),
        (Max, r#""model":"stairstep","tiers":[{"up_to":5,"flat":31},{"flat":62}]"#,    ["5", "6"],   "0 5 10.5 | 0 6 41"),
    ];
    for (aggregation, json, used, expected) in cases {
        assert_eq!(lines(aggregation, json, used), expected, "{aggregation:?} {used:?} under {json}");
    }
}
