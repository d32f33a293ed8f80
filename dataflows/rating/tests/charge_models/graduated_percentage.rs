//! Each part of an amount of money at the percentage of its tier.

use super::check;

#[test]
fn graduated_percentage_charges_each_part_at_its_tier() {
    #[rustfmt::skip]
    check(&[
        (FEES, "0",      "USD", "0 0.00"),
        (FEES, "100",    "USD", "100 3.00"),
        (FEES, "1000",   "USD", "1000 30.00"),
        (FEES, "1001",   "USD", "1001 35.02"),
        (FEES, "10000",  "USD", "10000 215.00"),
        (FEES, "20000",  "USD", "20000 315.00"),
        (FEES, "-5",     "USD", "0 0.00"),
        (r#""model":"graduated_percentage","included":500,"tiers":[{"up_to":1000,"percent":3},{"percent":1}]"#, "1500", "USD", "1000 30.00"),
        (r#""model":"graduated_percentage","included":500,"tiers":[{"up_to":1000,"percent":3},{"percent":1}]"#, "1600", "USD", "1100 31.00"),
        (r#""model":"graduated_percentage","tiers":[{"up_to":100,"percent":"1.5"},{"percent":"0.5"}]"#,         "200",  "JPY", "200 2"),
        (r#""model":"graduated_percentage","tiers":[{"up_to":"0.1","percent":"0.5"},{"percent":0}]"#,           "200",  "KWD", "200 0.001"),
    ]);
}

/// 3 % of the first thousand, 2 % up to ten thousand and 5 for being there, 1 % of the rest.
const FEES: &str = r#""model":"graduated_percentage","tiers":[{"up_to":1000,"percent":3},{"up_to":10000,"percent":2,"flat":5},{"percent":1}]"#;
