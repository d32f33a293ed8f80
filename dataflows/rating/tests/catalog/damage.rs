//! Whatever happens to a document, it is read or refused, with a place that exists.

use highwater_rating::catalog::{CatalogText, parse};
use highwater_rating::tables::{RowChange, Table, read_change, read_line};
use proptest::prelude::*;

const CATALOG: &str = include_str!("../../../../schemas/catalog/examples/valid/everything.toml");
const LINES: &str = include_str!("../../../../schemas/catalog/example/subscriptions-imported.ndjson");
const ENVELOPE: &str = r#"{"schema": null, "payload": {"before": {"id": "g1"}, "after": {"id": "g1", "organization_id":
    "acme", "meter": "m", "amount": "1", "kind": "free", "effective_from": "2026-01-01T00:00:00Z"}, "op": "u"}}"#;

/// Takes a piece out and puts another one in.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just(String::new()),
        "\\PC{1,3}",
        proptest::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            "\"",
            "'",
            "=",
            ",",
            "\n",
            "0.5",
            "-1",
            "null",
            "[[plans]]",
            "\\u0000"
        ])
        .prop_map(str::to_string),
    ];
    (0..text.len(), 0..12usize, pieces).prop_map(|(start, length, piece)| {
        let start = (0..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + length..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        format!("{}{piece}{}", &text[..start], &text[end..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_catalog_is_read_or_refused_with_places_that_exist(toml in damaged(CATALOG), lines in damaged(LINES)) {
        let files = [CatalogText { name: "a.toml", text: &toml }, CatalogText { name: "b.ndjson", text: &lines }];
        match parse(&files) {
            Ok(catalog) => prop_assert!(catalog.rows.iter().all(|row| row.to_json().is_some())),
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    let text = if mistake.file == "a.toml" { &toml } else { &lines };
                    let line = text.split('\n').nth(mistake.line as usize - 1);
                    prop_assert!(
                        line.is_some_and(|line| (mistake.column as usize) <= line.chars().count() + 1),
                        "{} is nowhere in:\n{}", mistake, text
                    );
                }
            }
        }
    }

    #[test]
    fn a_damaged_record_is_read_or_refused(envelope in damaged(ENVELOPE), line in damaged(LINES)) {
        let _ = read_line(line.as_bytes());
        match read_change(Table::Grants, None, Some(envelope.as_bytes())) {
            Ok(RowChange::Upsert(row)) => prop_assert_eq!(row.table(), Table::Grants),
            Ok(_) => {}
            Err(mistake) => prop_assert!(!mistake.hint.is_empty()),
        }
    }
}
