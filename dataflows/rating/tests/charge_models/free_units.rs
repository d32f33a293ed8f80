//! Units that cost nothing, but take their place in the tiers.

use super::{check, check_steps};

#[test]
fn free_units_cost_nothing_and_count_in_the_tiers() {
    #[rustfmt::skip]
    check(&[
        (r#""model":"per_unit","price":2,"free_units":10"#,               "0",  "USD", "0 0.00"),
        (r#""model":"per_unit","price":2,"free_units":10"#,               "10", "USD", "10 0.00"),
        (r#""model":"per_unit","price":2,"free_units":10"#,               "11", "USD", "11 2.00"),
        // Above the allowance.
        (r#""model":"per_unit","price":2,"free_units":10,"included":5"#,  "16", "USD", "11 2.00"),
        // The first ten stand in the first tier, which is then used up; an allowance would leave it open.
        (GRADUATED, "10", "USD", "10 0.00"),
        (GRADUATED, "12", "USD", "12 1.00"),
        (r#""model":"graduated","included":10,"tiers":[{"up_to":10,"price":1},{"price":"0.5"}]"#, "12", "USD", "2 2.00"),
        // What is free may be dearer than everything: then everything is free.
        (r#""model":"volume","free_units":10,"tiers":[{"up_to":10,"price":10},{"price":1}]"#,     "11",  "USD", "11 0.00"),
        (r#""model":"volume","free_units":10,"tiers":[{"up_to":10,"price":10},{"price":1}]"#,     "150", "USD", "150 50.00"),
        // A package, a step, a flat amount that the free units have paid for.
        (r#""model":"package","price":5,"per":10,"free_units":1"#,        "10", "USD", "10 0.00"),
        (r#""model":"package","price":5,"per":10,"free_units":1"#,        "11", "USD", "11 5.00"),
        (r#""model":"flat","price":5,"free_units":1"#,                    "9",  "USD", "9 0.00"),
        (r#""model":"percentage","percent":10,"free_units":100"#,         "150","USD", "150 5.00"),
    ]);
}

const GRADUATED: &str = r#""model":"graduated","free_units":10,"tiers":[{"up_to":10,"price":1},{"price":"0.5"}]"#;

#[test]
fn a_step_shows_what_of_it_was_free() {
    #[rustfmt::skip]
    check_steps(&[
        (GRADUATED, "0",  "4",  "0: 4 4, 4 free -4"),
        (GRADUATED, "4",  "12", "0: 6 6, 1: 2 1, 6 free -6"),
        (GRADUATED, "12", "14", "1: 2 1"),
    ]);
}
