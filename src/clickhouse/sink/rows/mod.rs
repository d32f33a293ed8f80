//! Rows as ClickHouse's tables take them: one file a group of tables, one struct a table, fields named as its columns.
//!
//! Rows borrow from the changes they are made of, so that making them again for a retry costs no memory and gives the
//! same bytes. Money and quantities go over as the integers behind the decimals; no float is near.

mod amount;
pub(super) mod bill_forecast;
pub(super) mod credits;
pub(super) mod events;
pub(super) mod finals;
pub(super) mod line;
pub(super) mod period;
pub(super) mod progress;
pub(super) mod recurring;
pub(super) mod tables;
pub(super) mod trends;
pub(super) mod usage;

use serde::Serializer;

/// `Decimal(38, s)` holds this many digits; an `i128` somewhat more.
const DECIMAL_END: i128 = 10i128.pow(38);

/// The integer behind a `Decimal(38, s)`; `None` where it has a digit too many.
fn decimal(scaled: i128) -> Option<i128> {
    (-DECIMAL_END < scaled && scaled < DECIMAL_END).then_some(scaled)
}

/// A `String` column may hold any bytes.
fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn a_decimal_has_38_digits_and_not_one_more() {
        let most = 99_999_999_999_999_999_999_999_999_999_999_999_999i128;
        for (scaled, fits) in
            [(0, true), (most, true), (-most, true), (most + 1, false), (-most - 1, false), (i128::MIN, false)]
        {
            assert_eq!(decimal(scaled), fits.then_some(scaled), "{scaled}");
        }
    }
}
