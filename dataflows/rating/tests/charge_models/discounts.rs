//! Parts and amounts taken off, in order.

use super::{check, check_steps};

#[test]
fn discounts_are_taken_off_in_their_order() {
    #[rustfmt::skip]
    check(&[
        (r#""model":"per_unit","price":1,"discounts":[{"percent":10}]"#,                             "100", "USD", "100 90.00"),
        (r#""model":"per_unit","price":1,"discounts":[{"percent":100}]"#,                            "100", "USD", "100 0.00"),
        (r#""model":"per_unit","price":1,"discounts":[{"percent":10},{"percent":10}]"#,              "100", "USD", "100 81.00"),
        (r#""model":"per_unit","price":1,"discounts":[{"amount":30}]"#,                              "100", "USD", "100 70.00"),
        // Never more than there is.
        (r#""model":"per_unit","price":1,"discounts":[{"amount":30}]"#,                              "20",  "USD", "20 0.00"),
        (r#""model":"per_unit","price":1,"discounts":[{"amount":30}]"#,                              "0",   "USD", "0 0.00"),
        // The order matters.
        (r#""model":"per_unit","price":1,"discounts":[{"percent":10},{"amount":30}]"#,               "100", "USD", "100 60.00"),
        (r#""model":"per_unit","price":1,"discounts":[{"amount":30},{"percent":10}]"#,               "100", "USD", "100 63.00"),
        // Nothing is rounded in between.
        (r#""model":"per_unit","price":1,"discounts":[{"percent":"33.333333333333"},{"percent":50}]"#, "1", "USD", "1 0.33"),
        (r#""model":"per_unit","price":1,"discounts":[{"percent":50}]"#,                             "3",   "JPY", "3 2"),
    ]);
}

#[test]
fn a_step_shows_each_discount() {
    const BOTH: &str = r#""model":"per_unit","price":1,"discounts":[{"percent":10},{"amount":30}]"#;
    #[rustfmt::skip]
    check_steps(&[
        (BOTH, "0",   "100", "0: 100 100, discount 0 -10, discount 1 -30"),
        (BOTH, "0",   "10",  "0: 10 10, discount 0 -1, discount 1 -9"),
        (BOTH, "10",  "100", "0: 90 90, discount 0 -9, discount 1 -21"),
        (BOTH, "100", "110", "0: 10 10, discount 0 -1"),
    ]);
}
