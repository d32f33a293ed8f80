//! Conversion, allowance, model, free units, discounts, minimum, maximum: in this order, whatever the model.

use super::{check, check_steps};

/// Calls in thousands, begun ones whole; two of them included; 10, then 5 each; one free; 10 % and 3 off; 4 to 40.
const EVERYTHING: &str = r#""model":"graduated","tiers":[{"up_to":2,"price":10},{"price":5}],"included":2,"free_units":1,
    "conversion":{"per":1000,"rounding":"up","digits":0},"discounts":[{"percent":10},{"amount":3}],"minimum":4,"maximum":40"#;

#[test]
fn all_rules_apply_in_the_order_that_is_written_down() {
    #[rustfmt::skip]
    check(&[
        (EVERYTHING, "0",     "USD", "0 0.00"),
        (EVERYTHING, "1",     "USD", "0 4.00"),
        (EVERYTHING, "2001",  "USD", "1 4.00"),
        // 2 units: 20, 10 free, 9 after a tenth, 6 after 3.
        (EVERYTHING, "4000",  "USD", "2 6.00"),
        // 3 units: 25, 15 left of them, 13.5, 10.5.
        (EVERYTHING, "4001",  "USD", "3 10.50"),
        (EVERYTHING, "99999", "USD", "98 40.00"),
    ]);
    check_steps(&[
        (EVERYTHING, "0", "4001", "0: 2 20, 1: 1 5, 1 free -10, discount 0 -1.5, discount 1 -3"),
        (EVERYTHING, "4000", "4001", "1: 1 5, discount 0 -0.5"),
    ]);
}
