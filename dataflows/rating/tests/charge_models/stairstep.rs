//! One amount, that of the tier which the last unit falls into.

use super::{check, check_steps};

#[test]
fn stairstep_charges_the_amount_of_one_tier() {
    #[rustfmt::skip]
    check(&[
        (STAIRS, "0",           "USD", "0 0.00"),
        (STAIRS, "0.000000001", "USD", "0.000000001 10.00"),
        (STAIRS, "5",           "USD", "5 10.00"),
        (STAIRS, "5.000000001", "USD", "5.000000001 18.00"),
        (STAIRS, "20",          "USD", "20 18.00"),
        (STAIRS, "21",          "USD", "21 30.50"),
        (STAIRS, "1000000",     "USD", "1000000 30.50"),
        (STAIRS, "-1",          "USD", "0 0.00"),
        (r#""model":"stairstep","included":3,"tiers":[{"up_to":5,"flat":10},{"flat":18}]"#, "8", "USD", "5 10.00"),
        (r#""model":"stairstep","included":3,"tiers":[{"up_to":5,"flat":10},{"flat":18}]"#, "9", "USD", "6 18.00"),
        (r#""model":"stairstep","tiers":[{"flat":"99.5"}]"#,                                "1", "JPY", "1 100"),
        (r#""model":"stairstep","tiers":[{"flat":"0.0005"}]"#,                              "1", "KWD", "1 0.001"),
    ]);
}

const STAIRS: &str = r#""model":"stairstep","tiers":[{"up_to":5,"flat":10},{"up_to":20,"flat":18},{"flat":"30.50"}]"#;

#[test]
fn a_step_onto_the_next_stair_costs_the_difference() {
    #[rustfmt::skip]
    check_steps(&[
        (STAIRS, "1", "5", "0: 4 0"),
        (STAIRS, "5", "6", "0: -5 -10, 1: 6 18"),
    ]);
}
