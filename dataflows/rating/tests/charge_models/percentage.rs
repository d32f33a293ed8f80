//! A part of an amount of money.

use super::check;

#[test]
fn percentage_charges_a_part_of_the_amount() {
    #[rustfmt::skip]
    check(&[
        (r#""model":"percentage","percent":"2.9""#,                 "0",       "USD", "0 0.00"),
        (r#""model":"percentage","percent":"2.9""#,                 "100",     "USD", "100 2.90"),
        (r#""model":"percentage","percent":"2.9""#,                 "1234.56", "USD", "1234.56 35.80"),
        (r#""model":"percentage","percent":"2.9""#,                 "-100",    "USD", "0 0.00"),
        (r#""model":"percentage","percent":0"#,                     "100",     "USD", "100 0.00"),
        (r#""model":"percentage","percent":100"#,                   "12.34",   "USD", "12.34 12.34"),
        (r#""model":"percentage","percent":"2.9","included":1000"#, "1000",    "USD", "0 0.00"),
        (r#""model":"percentage","percent":"2.9","included":1000"#, "1100",    "USD", "100 2.90"),
        // Half a cent goes away from zero.
        (r#""model":"percentage","percent":"0.5""#,                 "1",       "USD", "1 0.01"),
        (r#""model":"percentage","percent":"0.499999999999""#,      "1",       "USD", "1 0.00"),
        (r#""model":"percentage","percent":"1.5""#,                 "10000",   "JPY", "10000 150"),
        (r#""model":"percentage","percent":"1.5""#,                 "10.1",    "KWD", "10.1 0.152"),
    ]);
}
