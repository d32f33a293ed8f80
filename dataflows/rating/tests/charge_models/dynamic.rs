//! The amount that the events carry.

use super::check;

#[test]
fn a_dynamic_price_is_the_sum_of_what_the_events_say() {
    #[rustfmt::skip]
    check(&[
        (r#""model":"dynamic""#,               "0",           "USD", "0 0.00"),
        (r#""model":"dynamic""#,               "12.345",      "USD", "12.345 12.35"),
        (r#""model":"dynamic""#,               "0.004999999", "USD", "0.004999999 0.00"),
        (r#""model":"dynamic""#,               "-3",          "USD", "0 0.00"),
        (r#""model":"dynamic","included":10"#, "9.99",        "USD", "0 0.00"),
        (r#""model":"dynamic","included":10"#, "12.5",        "USD", "2.5 2.50"),
        (r#""model":"dynamic""#,               "120.5",       "JPY", "120.5 121"),
        (r#""model":"dynamic""#,               "1.2345",      "KWD", "1.2345 1.235"),
    ]);
}
