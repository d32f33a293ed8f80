//! All units at the price of the tier that the last one falls into.

use super::{check, check_steps};

#[test]
fn volume_charges_all_units_at_one_tier() {
    #[rustfmt::skip]
    check(&[
        (THREE, "0",     "USD", "0 0.00"),
        (THREE, "1",     "USD", "1 1.00"),
        // The bound itself belongs to the lower tier.
        (THREE, "10",    "USD", "10 10.00"),
        (THREE, "10.5",  "USD", "10.5 5.25"),
        (THREE, "100",   "USD", "100 50.00"),
        (THREE, "101",   "USD", "101 25.25"),
        (THREE, "-1",    "USD", "0 0.00"),
        // Only the tier that is reached has its flat amount charged.
        (FLAT,  "10",    "USD", "10 5.00"),
        (FLAT,  "11",    "USD", "11 7.50"),
        (FLAT,  "1000",  "USD", "1000 250.00"),
        // Tiers begin above the allowance.
        (r#""model":"volume","included":100,"tiers":[{"up_to":10,"price":1},{"price":"0.5"}]"#, "110", "USD", "10 10.00"),
        (r#""model":"volume","included":100,"tiers":[{"up_to":10,"price":1},{"price":"0.5"}]"#, "111", "USD", "11 5.50"),
        (r#""model":"volume","tiers":[{"up_to":3,"price":1,"per":3},{"price":2,"per":3}]"#,     "4",   "USD", "4 2.67"),
        (r#""model":"volume","tiers":[{"price":"0.5"}]"#,                                       "3",   "JPY", "3 2"),
        (r#""model":"volume","tiers":[{"price":"0.0005"}]"#,                                    "3",   "KWD", "3 0.002"),
    ]);
}

const THREE: &str = r#""model":"volume","tiers":[{"up_to":10,"price":1},{"up_to":100,"price":"0.5"},{"price":"0.25"}]"#;
const FLAT: &str = r#""model":"volume","tiers":[{"up_to":10,"price":0,"flat":5},{"up_to":100,"price":"0.5","flat":2},{"price":"0.25"}]"#;

#[test]
fn a_step_into_another_tier_takes_the_first_one_back() {
    #[rustfmt::skip]
    check_steps(&[
        (THREE, "0",  "10", "0: 10 10"),
        (THREE, "4",  "10", "0: 6 6"),
        (THREE, "10", "12", "0: -10 -10, 1: 12 6"),
        (THREE, "12", "10", "0: 10 10, 1: -12 -6"),
        (FLAT,  "11", "12", "1: 1 0.5"),
    ]);
}
