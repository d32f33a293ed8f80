//! Whole packages: a package begun is a package paid.

use super::{check, check_steps};

#[test]
fn a_package_begun_is_a_package_paid() {
    #[rustfmt::skip]
    check(&[
        (THOUSANDS, "0",           "USD", "0 0.00"),
        (THOUSANDS, "0.000000001", "USD", "0.000000001 5.00"),
        (THOUSANDS, "1",           "USD", "1 5.00"),
        (THOUSANDS, "1000",        "USD", "1000 5.00"),
        (THOUSANDS, "1000.5",      "USD", "1000.5 10.00"),
        (THOUSANDS, "1001",        "USD", "1001 10.00"),
        (THOUSANDS, "2000",        "USD", "2000 10.00"),
        (THOUSANDS, "-1",          "USD", "0 0.00"),
        // 200,000 calls over in packages of a million are a whole million.
        (r#""model":"package","price":5,"per":1000000,"included":1000000"#, "1200000", "USD", "200000 5.00"),
        (r#""model":"package","price":5,"per":1000000,"included":1000000"#, "1000000", "USD", "0 0.00"),
        (r#""model":"package","price":5,"per":"0.5""#,                      "1.2",     "USD", "1.2 15.00"),
        (r#""model":"package","price":"0.005","per":10"#,                   "11",      "USD", "11 0.01"),
        (r#""model":"package","price":"33.5","per":10"#,                    "11",      "JPY", "11 67"),
        (r#""model":"package","price":"0.0005","per":10"#,                  "21",      "KWD", "21 0.002"),
    ]);
}

const THOUSANDS: &str = r#""model":"package","price":5,"per":1000"#;

#[test]
fn a_step_pays_for_the_packages_that_it_begins() {
    #[rustfmt::skip]
    check_steps(&[
        (THOUSANDS, "1",    "900",  "0: 899 0"),
        (THOUSANDS, "900",  "1001", "0: 101 5"),
        (THOUSANDS, "1001", "1000", "0: -1 -5"),
    ]);
}
