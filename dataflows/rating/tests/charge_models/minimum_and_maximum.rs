//! The least and the most that a period costs.

use super::{check, check_steps};

#[test]
fn a_period_with_usage_costs_no_less_than_the_minimum_and_no_more_than_the_maximum() {
    #[rustfmt::skip]
    check(&[
        (BETWEEN, "0",           "USD", "0 0.00"),
        (BETWEEN, "-1",          "USD", "0 0.00"),
        (BETWEEN, "0.000000001", "USD", "0 10.00"),
        // Usage within the allowance is usage.
        (BETWEEN, "5",           "USD", "0 10.00"),
        (BETWEEN, "12",          "USD", "7 10.00"),
        (BETWEEN, "16",          "USD", "11 11.00"),
        (BETWEEN, "105",         "USD", "100 100.00"),
        (BETWEEN, "105.5",       "USD", "100.5 100.00"),
        (BETWEEN, "1000000",     "USD", "999995 100.00"),
        (r#""model":"per_unit","price":1,"minimum":"0.005""#,     "0.001", "USD", "0.001 0.01"),
        (r#""model":"per_unit","price":1,"maximum":0"#,           "9",     "USD", "9 0.00"),
        (r#""model":"per_unit","price":1,"minimum":5,"maximum":5"#, "9",   "JPY", "9 5"),
    ]);
}

const BETWEEN: &str = r#""model":"per_unit","price":1,"included":5,"minimum":10,"maximum":100"#;

#[test]
fn a_step_shows_what_the_bounds_added_and_took() {
    #[rustfmt::skip]
    check_steps(&[
        (BETWEEN, "0",   "7",   "0: 2 2, minimum 8"),
        (BETWEEN, "7",   "10",  "0: 3 3, minimum -3"),
        (BETWEEN, "10",  "25",  "0: 15 15, minimum -5"),
        (BETWEEN, "25",  "205", "0: 180 180, maximum -100"),
        (BETWEEN, "205", "206", "0: 1 1, maximum -1"),
    ]);
}
