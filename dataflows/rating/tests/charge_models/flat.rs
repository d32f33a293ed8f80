//! One amount for the period, as soon as anything lies above the allowance.

use super::check;

#[test]
fn flat_charges_one_amount_however_much_is_used() {
    #[rustfmt::skip]
    check(&[
        (r#""model":"flat","price":"49""#,                     "0",           "USD", "0 0.00"),
        (r#""model":"flat","price":"49""#,                     "0.000000001", "USD", "0.000000001 49.00"),
        (r#""model":"flat","price":"49""#,                     "1",           "USD", "1 49.00"),
        (r#""model":"flat","price":"49""#,                     "1000000",     "USD", "1000000 49.00"),
        (r#""model":"flat","price":"49""#,                     "-1",          "USD", "0 0.00"),
        (r#""model":"flat","price":"49","included":100"#,      "100",         "USD", "0 0.00"),
        (r#""model":"flat","price":"49","included":100"#,      "101",         "USD", "1 49.00"),
        (r#""model":"flat","price":"0.005""#,                  "3",           "USD", "3 0.01"),
        (r#""model":"flat","price":"980.5""#,                  "3",           "JPY", "3 981"),
        (r#""model":"flat","price":"1.0004""#,                 "3",           "KWD", "3 1.000"),
    ]);
}
