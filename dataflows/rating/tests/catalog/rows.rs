//! Rows as JSON: strict, exact, and the same after a round trip.

use crate::any_rows;
use highwater_rating::number::Quantity;
use highwater_rating::tables::{ChargeModel, MistakeCode, Row, RowChange, Table, read_line, read_row};
use proptest::prelude::*;
use rust_decimal::Decimal;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_row_that_is_written_and_read_is_the_same_row(row in any_rows::row()) {
        let json = row.to_json().expect("a row is JSON");
        prop_assert_eq!(read_row(row.table(), json.as_bytes()), Ok(row.clone()));
        let line = RowChange::Upsert(row.clone()).to_line().expect("a line");
        prop_assert_eq!(read_line(line.as_bytes()), Ok(RowChange::Upsert(row.clone())));
        prop_assert_eq!(serde_json::from_str::<Row>(&line).map_err(|error| error.to_string()), Ok(row));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}", json in any::<Vec<u8>>()) {
        for table in Table::ALL {
            let _ = read_row(table, text.as_bytes());
            let _ = read_row(table, &json);
        }
    }
}

const SUBSCRIPTION: &str = r#"{"id": "s", "organizationId": "acme", "plan": "starter",
    "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-31", "time_zone": "Europe/Vienna"}"#;

#[test]
fn the_organization_may_be_written_as_events_or_as_columns_write_it() {
    let as_column = SUBSCRIPTION.replace("organizationId", "organization_id");
    let row = read_row(Table::Subscriptions, SUBSCRIPTION.as_bytes());
    assert!(row.is_ok(), "{row:?}");
    assert_eq!(row, read_row(Table::Subscriptions, as_column.as_bytes()));
}

#[test]
fn a_price_keeps_every_digit_of_its_number_token() {
    for token in ["0.1", "\"0.1\"", "0.000000000001", "999999999.999999999999", "0.30000000000000004", "5"] {
        let json = format!(
            r#"{{"plan": "p", "currency": "USD", "effective_from": "2026-01-01T00:00:00Z", "charges":
                [{{"meter": "m", "included": 0.000000001, "model": "per_unit", "price": {token}}}]}}"#
        );
        let result = read_row(Table::Plans, json.as_bytes());
        if token.len() > 18 && token.starts_with("0.3") {
            assert_eq!(result.expect_err("too fine").code, MistakeCode::PriceTooFine);
            continue;
        }
        let Ok(Row::Plans(plan)) = result else { panic!("{token}: {result:?}") };
        let charge = &plan.charges[0];
        assert_eq!(charge.included, Quantity(1));
        let ChargeModel::PerUnit { price } = &charge.model else { panic!("{charge:?}") };
        assert_eq!(Ok(price.price), Decimal::from_str_exact(token.trim_matches('"')), "{token}");
    }
}

#[test]
fn a_mistake_in_a_row_is_named_with_its_path() {
    let row = |field: &str, value: &str| SUBSCRIPTION.replacen('{', &format!("{{\"{field}\": {value}, "), 1);
    let deep = "[".repeat(40) + &"]".repeat(40);
    let deepest = "/extra".to_string() + &"/0".repeat(16);
    #[rustfmt::skip]
    let cases: Vec<(String, &str, &str)> = vec![
        ("".into(),                                       "invalid_json",       ""),
        ("{} {}".into(),                                  "invalid_json",       ""),
        ("\u{feff}{}".into(),                             "invalid_json",       ""),
        (r#"{"id": NaN}"#.into(),                         "invalid_json",       ""),
        (r#"{"id": "\ud800"}"#.into(),                    "invalid_json",       "/id"),
        ("[]".into(),                                     "wrong_type",         ""),
        ("null".into(),                                   "wrong_type",         ""),
        (row("extra", &deep),                             "too_deep",           &deepest),
        (row("colour", "1"),                              "unknown_field",      "/colour"),
        (row("a/b~c", "1"),                               "unknown_field",      "/a~1b~0c"),
        (row("id", "\"again\""),                          "duplicate_field",    "/id"),
        (row("organization_id", "\"again\""),             "duplicate_field",    "/organizationId"),
        (row("quantity", "-1"),                           "negative_quantity",  "/quantity"),
        (row("quantity", "1e3"),                          "invalid_quantity",   "/quantity"),
        (row("quantity", "{\"$serde_json::private::Number\": \"1\"}"), "wrong_type", "/quantity"),
        (row("interval_count", "1.0"),                    "out_of_range",       "/interval_count"),
        (row("interval_count", "\"1\""),                  "wrong_type",         "/interval_count"),
        (row("add_ons", "[{\"add_on\": \"a\", \"quantity\": []}]"), "wrong_type", "/add_ons/0/quantity"),
        (row("add_ons", "{}"),                            "wrong_type",         "/add_ons"),
        (SUBSCRIPTION.replace("\"starter\"", "null"),     "missing_field",      "/plan"),
        (SUBSCRIPTION.replace("T00:00:00Z", "T00:00:01Z"), "instant_not_whole_minute", "/effective_from"),
    ];
    for (json, code, path) in cases {
        let mistake = read_row(Table::Subscriptions, json.as_bytes()).expect_err(&json);
        assert_eq!((mistake.code.as_str(), mistake.path.as_str()), (code, path), "{json}: {mistake}");
        assert!(!mistake.hint.is_empty(), "{json}");
    }
}

#[test]
fn a_null_is_an_absent_field() {
    let json = SUBSCRIPTION.replacen('{', r#"{"effective_to": null, "quantity": null, "add_ons": null, "#, 1);
    assert_eq!(
        read_row(Table::Subscriptions, json.as_bytes()),
        read_row(Table::Subscriptions, SUBSCRIPTION.as_bytes())
    );
}

#[test]
fn every_code_is_a_word_of_its_own_with_a_meaning() {
    let words: std::collections::BTreeSet<&str> = MistakeCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), MistakeCode::ALL.len());
    for code in MistakeCode::ALL {
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        assert!(code.meaning().ends_with('.'), "{code}: {}", code.meaning());
    }
}
