//! What a record of a table's topic does: plain rows, Debezium's envelopes, tombstones.

use highwater_rating::tables::{Row, RowChange, RowKey, Table, read_change, read_key, read_line};

const GRANT: &str = r#"{"id": "g1", "organization_id": "acme", "meter": "ai_queries", "amount": "100",
    "kind": "free", "effective_from": "2026-01-01T00:00:00Z"}"#;

fn change(value: &str) -> RowChange {
    read_change(Table::Grants, Some(b"g1"), Some(value.as_bytes()))
        .unwrap_or_else(|mistake| panic!("{value}: {mistake}"))
}

fn removed(table: Table, key: &str) -> RowChange {
    RowChange::Remove(RowKey { table, key: key.into() })
}

#[test]
fn every_envelope_of_a_row_means_the_row() {
    let plain = change(GRANT);
    assert!(matches!(&plain, RowChange::Upsert(Row::Grants(grant)) if &*grant.organization_id == "acme"));
    let envelopes = [
        format!(r#"{{"before": null, "after": {GRANT}, "op": "c", "source": {{"lsn": 1}}, "ts_ms": 1}}"#),
        format!(r#"{{"before": {{"id": "g1"}}, "after": {GRANT}, "op": "u", "transaction": null}}"#),
        format!(r#"{{"before": null, "after": {GRANT}, "op": "r", "source": {{"snapshot": "true"}}}}"#),
        format!(r#"{{"schema": {{"type": "struct", "fields": []}}, "payload": {{"after": {GRANT}, "op": "c"}}}}"#),
        format!(r#"{{"schema": null, "payload": {GRANT}}}"#),
        GRANT.replacen('{', r#"{"__deleted": "false", "__op": "u", "__ts_ms": 1, "#, 1),
        GRANT.replacen('{', r#"{"expires_at": null, "#, 1),
        // Connectors write whole numbers of numeric columns either way.
        GRANT.replace("\"100\"", "100.00"),
        GRANT.replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"),
        GRANT.replace("\"2026-01-01T00:00:00Z\"", "1767225600000"),
    ];
    for envelope in envelopes {
        assert_eq!(change(&envelope), plain, "{envelope}");
    }
}

#[test]
fn a_deletion_needs_no_more_than_the_key() {
    let cases = [
        r#"{"before": {"id": "g1"}, "after": null, "op": "d"}"#,
        // With PostgreSQL's default replica identity the other columns are null.
        r#"{"before": {"id": "g1", "organization_id": null, "amount": null}, "after": null, "op": "d"}"#,
        r#"{"before": null, "after": null, "op": "d"}"#,
        r#"{"schema": {}, "payload": {"before": {"id": "g1"}, "after": null, "op": "d"}}"#,
        r#"{"schema": null, "payload": null}"#,
        r#"{"id": "g1", "__deleted": "true"}"#,
    ];
    for value in cases {
        assert_eq!(change(value), removed(Table::Grants, "g1"), "{value}");
    }
    assert_eq!(read_change(Table::Grants, Some(b"g1"), None), Ok(removed(Table::Grants, "g1")));
    assert_eq!(change(r#"{"op": "m", "message": {}}"#), RowChange::Nothing);
}

#[test]
fn a_key_is_text_or_columns() {
    let version = "starter@2026-01-01T00:00:00Z";
    let columns = r#"{"plan": "starter", "effective_from": "2026-01-01T01:00:00+01:00"}"#;
    #[rustfmt::skip]
    let cases = [
        (Table::Grants, "g1".to_string(),                                     Some("g1")),
        (Table::Grants, "\"g1\"".into(),                                      Some("g1")),
        (Table::Grants, r#"{"id": "g1"}"#.into(),                             Some("g1")),
        (Table::Grants, r#"{"schema": {}, "payload": {"id": "g1"}}"#.into(),  Some("g1")),
        (Table::Grants, "a@b".into(),                                         Some("a@b")),
        (Table::Plans,  version.into(),                                       Some(version)),
        (Table::Plans,  "starter@2026-01-01T01:00:00+01:00".into(),           Some(version)),
        (Table::Plans,  columns.into(),                                       Some(version)),
        (Table::Plans,  "starter".into(),                                     None),
        (Table::Plans,  "starter@soon".into(),                                None),
        (Table::Plans,  r#"{"plan": "starter"}"#.into(),                      None),
        (Table::Grants, r#"{"id": 7}"#.into(),                                None),
    ];
    for (table, key, expected) in cases {
        let read = read_key(table, key.as_bytes()).ok().map(|key| key.key.to_string());
        assert_eq!(read.as_deref(), expected, "{table} {key}");
    }
}

#[test]
fn lists_kept_in_json_columns_are_opened() {
    let plan = |charges: &str| {
        let row = format!(
            r#"{{"plan": "p", "currency": "USD", "effective_from": "2026-01-01T00:00:00Z", "charges": {charges}}}"#
        );
        read_change(Table::Plans, None, Some(format!(r#"{{"op": "c", "after": {row}}}"#).as_bytes()))
    };
    let list = r#"[{"meter": "m", "model": "per_unit", "price": 0.1}]"#;
    let as_text = serde_json::to_string(list).expect("text");
    assert!(plan(list).is_ok());
    assert_eq!(plan(&as_text), plan(list));
    let mistake = plan(&as_text.replace("0.1", "-1")).expect_err("a negative price");
    assert_eq!((mistake.code.as_str(), mistake.path.as_str()), ("negative_price", "/after/charges/0/price"));
}

#[test]
fn a_record_that_is_no_change_says_what_it_is() {
    #[rustfmt::skip]
    let cases: [(Option<&str>, Option<&str>, &str, &str); 6] = [
        (None,       None,                                      "missing_key",           ""),
        (Some(""),   None,                                      "missing_key",           ""),
        (Some("g1"), Some(r#"{"op": "t", "after": null}"#),     "unsupported_operation", "/op"),
        (Some("g1"), Some(r#"{"op": "c", "before": null}"#),    "missing_field",         "/after"),
        (Some("g1"), Some(r#"{"op": "c", "after": {}}"#),       "missing_field",         "/after/id"),
        (Some("g1"), Some("true"),                              "wrong_type",            ""),
    ];
    // What a connector sends that was not told otherwise: microseconds, and decimals packed into bytes.
    let microseconds = GRANT.replace("\"2026-01-01T00:00:00Z\"", "1767225600000000");
    let packed = GRANT.replace("\"100\"", "\"JxA=\"");
    let cases = cases.into_iter().chain([
        (Some("g1"), Some(&*microseconds), "invalid_instant", "/effective_from"),
        (Some("g1"), Some(&*packed), "invalid_quantity", "/amount"),
    ]);
    for (key, value, code, path) in cases {
        let read = read_change(Table::Grants, key.map(str::as_bytes), value.map(str::as_bytes));
        let mistake = read.expect_err(code);
        let first = (mistake.code.as_str(), mistake.path.as_str());
        assert_eq!(first, (code, path), "{value:?}: {mistake}");
    }
}

#[test]
fn a_line_of_the_embedded_log_upserts_or_removes() {
    let upsert = change(GRANT);
    assert_eq!(read_line(upsert.to_line().expect("a line").as_bytes()), Ok(upsert));
    let remove = removed(Table::Plans, "starter@2026-01-01T00:00:00Z");
    assert_eq!(read_line(remove.to_line().expect("a line").as_bytes()), Ok(remove));
    for (line, code) in [
        (r#"{"table": "grant", "remove": "g1"}"#, "unknown_table"),
        (r#"{"table": "grants"}"#, "missing_field"),
        (r#"{"table": "plans", "remove": "starter"}"#, "invalid_key"),
        (r#"{"table": "grants", "remove": "g1", "row": {}}"#, "conflicting_fields"),
    ] {
        assert_eq!(read_line(line.as_bytes()).expect_err(line).code.as_str(), code, "{line}");
    }
}
