//! From the units that are counted to those that are charged.

use super::{check, check_steps};

#[test]
fn units_are_converted_and_rounded_before_anything_else() {
    #[rustfmt::skip]
    check(&[
        // Bytes to gibibytes, begun ones whole.
        (GIBIBYTES, "0",           "USD", "0 0.00"),
        (GIBIBYTES, "1",           "USD", "1 0.10"),
        (GIBIBYTES, "1073741824",  "USD", "1 0.10"),
        (GIBIBYTES, "1073741825",  "USD", "2 0.20"),
        (GIBIBYTES, "-1",          "USD", "0 0.00"),
        // The allowance is in converted units.
        (r#""model":"per_unit","price":1,"included":2,"conversion":{"per":1000}"#,  "2000", "USD", "0 0.00"),
        (r#""model":"per_unit","price":1,"included":2,"conversion":{"per":1000}"#,  "3500", "USD", "1.5 1.50"),
        // Down, half away from zero, and to how many digits.
        (r#""model":"per_unit","price":1,"conversion":{"per":60,"rounding":"down","digits":0}"#, "119",  "USD", "1 1.00"),
        (r#""model":"per_unit","price":1,"conversion":{"per":60,"digits":0}"#,                   "89",   "USD", "1 1.00"),
        (r#""model":"per_unit","price":1,"conversion":{"per":60,"digits":0}"#,                   "90",   "USD", "2 2.00"),
        (r#""model":"per_unit","price":1,"conversion":{"per":60,"digits":1}"#,                   "87",   "USD", "1.5 1.50"),
        (r#""model":"per_unit","price":1,"conversion":{"per":60,"rounding":"up","digits":1}"#,   "61",   "USD", "1.1 1.10"),
        (r#""model":"per_unit","price":3,"conversion":{"per":3}"#,                               "1",    "USD", "0.333333333 1.00"),
        (r#""model":"per_unit","price":1,"conversion":{"factor":"2.5","per":"0.5"}"#,            "3",    "USD", "15 15.00"),
        (r#""model":"package","price":2,"per":10,"conversion":{"per":1000,"rounding":"up","digits":0}"#, "10001", "USD", "11 4.00"),
    ]);
}

const GIBIBYTES: &str =
    r#""model":"per_unit","price":"0.1","conversion":{"per":1073741824,"rounding":"up","digits":0}"#;

/// A quantity is rounded as a whole: two halves are one, not two.
#[test]
fn a_conversion_is_of_the_cumulative_quantity() {
    #[rustfmt::skip]
    check_steps(&[
        (GIBIBYTES, "0",          "536870912",  "0: 1 0.1"),
        (GIBIBYTES, "536870912",  "1073741824", ""),
        (GIBIBYTES, "1073741824", "1073741825", "0: 1 0.1"),
    ]);
}
