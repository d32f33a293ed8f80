//! Every bad input has its code and its place; the table is the reference.

use super::super::limits;
use super::*;
use proptest::prelude::*;

#[track_caller]
fn assert_rejected(bytes: impl AsRef<[u8]>, code: &str, path: &str) -> Box<Rejection> {
    let bytes = bytes.as_ref();
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]);
    let rejection = decode(bytes).expect_err(&shown);
    assert_eq!((&*rejection.code, &*rejection.path), (code, path), "{shown}\n{}", rejection.hint);
    assert!(!rejection.hint.is_empty(), "{shown}");
    assert_eq!(rejection.raw, bytes);
    assert_eq!((rejection.place, rejection.received_at), (Place { partition: 3, offset: 4 }, Some(RECEIVED_AT)));
    rejection
}

#[test]
fn what_is_not_one_json_object_is_named() {
    let deep = format!(r#"{{"id":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    let deep_path = format!("/id{}", "/0".repeat(15));
    let large = plain_and(&format!(r#""endpoint":"{}""#, "x".repeat(limits::RECORD_BYTES)));
    let cases: &[(&[u8], &str, &str)] = &[
        (b"", "invalid_json", ""),
        (b" ", "invalid_json", ""),
        (b"{", "invalid_json", ""),
        (b"{\"id\":\"e1\"", "invalid_json", ""),
        (b"{\"id\":\"e1\",}", "invalid_json", ""),
        (b"{\"id\":\"e1}", "invalid_json", ""),
        (b"{id:1}", "invalid_json", ""),
        (b"{'id':1}", "invalid_json", ""),
        (b"{\"id\":NaN}", "invalid_json", ""),
        (b"{\"id\":Infinity}", "invalid_json", ""),
        (b"{\"id\":-Infinity}", "invalid_json", ""),
        (b"{\"id\":01}", "invalid_json", ""),
        (b"{\"id\":+1}", "invalid_json", ""),
        (b"{\"id\":.5}", "invalid_json", ""),
        (b"{\"id\":5.}", "invalid_json", ""),
        (b"{\"id\":\"\\x\"}", "invalid_json", ""),
        (b"{\"id\":\"a\tb\"}", "invalid_json", ""),
        (b"{\"id\":\"a\0b\"}", "invalid_json", ""),
        (b"{\"id\":\"\\ud800\"}", "invalid_json", "/id"),
        (b"{\"id\":\"\\ud800\\u0041\"}", "invalid_json", "/id"),
        (b"{\"id\":\"\\udc00\\ud800\"}", "invalid_json", "/id"),
        (b"{\"\\ud800\":1}", "invalid_json", ""),
        (b"{\"metadata\":{\"a\":[\"\\udfff\"]}}", "invalid_json", "/metadata/a/0"),
        (b"/* hello */ {}", "invalid_json", ""),
        (b"{} {}", "trailing_bytes", ""),
        (b"{}x", "trailing_bytes", ""),
        (b"{}\0", "trailing_bytes", ""),
        (b"1 2", "trailing_bytes", ""),
        (b"null", "invalid_field", ""),
        (b"[]", "invalid_field", ""),
        (b"[{}]", "invalid_field", ""),
        (b"\"event\"", "invalid_field", ""),
        (b"1", "invalid_field", ""),
        (b"\xef\xbb\xbf{}", "byte_order_mark", ""),
        (b"\xff\xfe{\0}\0", "invalid_utf8", ""),
        (b"{\"id\":\"\xc3\x28\"}", "invalid_utf8", ""),
        (b"{\"id\":\"\xed\xa0\x80\"}", "invalid_utf8", ""),
        (b"{\"id\":\"\xc0\x80\"}", "invalid_utf8", ""),
        (b"{\"id\":\"a\",\"id\":\"a\"}", "duplicate_key", "/id"),
        (b"{\"id\":\"a\",\"\\u0069d\":\"b\"}", "duplicate_key", "/id"),
        (b"{\"metadata\":{\"a\":1,\"b\":2,\"a\":1}}", "duplicate_key", "/metadata/a"),
        (b"{\"metadata\":{\"a\":[{\"b~/\":1,\"b~/\":2}]}}", "duplicate_key", "/metadata/a/0/b~0~1"),
        (b"{\"\":1,\"\":2}", "duplicate_key", "/"),
        (deep.as_bytes(), "too_deep", &deep_path),
        (large.as_bytes(), "too_large", ""),
    ];
    for (bytes, code, path) in cases {
        assert_rejected(bytes, code, path);
    }
}

#[test]
fn syntax_errors_say_at_which_byte() {
    let cases: &[(&[u8], &str)] = &[
        (b"{\"id\":x}", "at byte 6:"),
        (b"{\n\"id\"\n:\nx}", "at byte 9:"),
        (b"{\"id\":\"abc\xff\"}", "at byte 10:"),
        (b"{}  x", "at byte 4:"),
        (b"{\"a\":1,\"id\":\"\\ud800\"}", "at byte 19:"),
    ];
    for (bytes, place) in cases {
        let rejection = decode(bytes).unwrap_err();
        assert!(rejection.hint.starts_with(place), "{}: {}", String::from_utf8_lossy(bytes), rejection.hint);
    }
}

#[test]
fn every_field_is_checked() {
    let long = |bytes: usize| format!("\"{}\"", "é".repeat(bytes / 2));
    let many = (0..33).map(|number| format!("\"k{number}\":1")).collect::<Vec<_>>().join(",");
    let cases: &[(String, &str, &str)] = &[
        ("{}".into(), "missing_field", "/id"),
        (plain_with("id", ""), "missing_field", "/id"),
        (plain_with("organizationId", ""), "missing_field", "/organizationId"),
        (plain_with("feature", ""), "missing_field", "/feature"),
        (plain_with("timestamp", ""), "missing_field", "/timestamp"),
        (plain_with("id", "\"\""), "invalid_field", "/id"),
        (plain_with("id", "1"), "invalid_field", "/id"),
        (plain_with("id", "null"), "invalid_field", "/id"),
        (plain_with("id", "[]"), "invalid_field", "/id"),
        (plain_with("id", &long(258)), "invalid_field", "/id"),
        (plain_with("id", r#""a\u0000b""#), "invalid_field", "/id"),
        (plain_with("id", r#""a\nb""#), "invalid_field", "/id"),
        (plain_with("id", "\"a\u{7f}b\""), "invalid_field", "/id"),
        (plain_with("id", "\"a\u{85}b\""), "invalid_field", "/id"),
        (plain_with("organizationId", "\"\""), "invalid_field", "/organizationId"),
        (plain_with("organizationId", &long(258)), "invalid_field", "/organizationId"),
        (plain_with("organizationId", r#""\t""#), "invalid_field", "/organizationId"),
        (plain_with("feature", "\"\""), "invalid_field", "/feature"),
        (plain_with("feature", "true"), "invalid_field", "/feature"),
        (plain_and(r#""source":null"#), "invalid_field", "/source"),
        (plain_and(&format!(r#""source":{}"#, long(258))), "invalid_field", "/source"),
        (plain_and(&format!(r#""endpoint":{}"#, long(1_026))), "invalid_field", "/endpoint"),
        (plain_and(r#""endpoint":"/a\u0000""#), "invalid_field", "/endpoint"),
        (plain_and(r#""retract":"true""#), "invalid_field", "/retract"),
        (plain_and(r#""retract":1"#), "invalid_field", "/retract"),
        (plain_and(r#""quantitiy":5"#), "unknown_field", "/quantitiy"),
        (plain_and(r#""Quantity":5"#), "unknown_field", "/Quantity"),
        (plain_and(r#""a/b~c":5"#), "unknown_field", "/a~1b~0c"),
        (plain_and(r#""__proto__":{}"#), "unknown_field", "/__proto__"),
        (plain_with("timestamp", "null"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "true"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"1793709296789\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"2026-11-03T12:34:56\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"2026-11-03T24:00:00Z\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"2016-12-31T23:59:60Z\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"0000-11-03T12:34:56Z\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"10000-11-03T12:34:56Z\""), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "1793709296789.5"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "1.793709296789e12"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "99999999999999999999"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "-1"), "invalid_time", "/timestamp"),
        (plain_with("timestamp", "\"2026-11-03T12:40:00.000001Z\""), "future", "/timestamp"),
        (plain_with("timestamp", "1793709600001"), "future", "/timestamp"),
        (plain_and(r#""quantity":null"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":true"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":{}"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":"""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":"1,5""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":"1e3""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":" 1""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":"+1""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":"NaN""#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":1e3"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":1E+3"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":1e400"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":0.0000000001"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":1000000000000000000.000000001"#), "invalid_quantity", "/quantity"),
        (plain_and(&format!(r#""quantity":{}"#, "9".repeat(40))), "invalid_quantity", "/quantity"),
        (plain_and(r#""quantity":-1"#), "invalid_quantity", "/quantity"),
        (plain_and(r#""cost":null"#), "invalid_cost", "/cost"),
        (plain_and(r#""cost":"free""#), "invalid_cost", "/cost"),
        (plain_and(r#""cost":1e-7"#), "invalid_cost", "/cost"),
        (plain_and(r#""metadata":null"#), "invalid_metadata", "/metadata"),
        (plain_and(r#""metadata":[]"#), "invalid_metadata", "/metadata"),
        (plain_and(r#""metadata":{"a":{}}"#), "invalid_metadata", "/metadata/a"),
        (plain_and(r#""metadata":{"a":[1]}"#), "invalid_metadata", "/metadata/a"),
        (plain_and(r#""metadata":{"":1}"#), "invalid_metadata", "/metadata/"),
        (plain_and(r#""metadata":{"a\u0000":1}"#), "invalid_metadata", "/metadata/a\0"),
        (plain_and(r#""metadata":{"a":"\u0000"}"#), "invalid_metadata", "/metadata/a"),
        (plain_and(r#""metadata":{"a":1e400}"#), "invalid_metadata", "/metadata/a"),
        (plain_and(r#""metadata":{"a":1E-99999999999}"#), "invalid_metadata", "/metadata/a"),
        (plain_and(&format!(r#""metadata":{{"a":{}}}"#, "9".repeat(257))), "invalid_metadata", "/metadata/a"),
        (plain_and(&format!(r#""metadata":{{"a":{}}}"#, long(258))), "invalid_metadata", "/metadata/a"),
        (
            plain_and(&format!(r#""metadata":{{"{}":1}}"#, "k".repeat(129))),
            "invalid_metadata",
            &format!("/metadata/{}", "k".repeat(129)),
        ),
        (plain_and(&format!(r#""metadata":{{{many}}}"#)), "too_many_metadata", "/metadata"),
        (plain_with("feature", r#""measured_call""#), "invalid_value", "/metadata/latency_ms"),
    ];
    for (bytes, code, path) in cases {
        assert_rejected(bytes, code, path);
    }
}

#[test]
fn what_is_just_within_the_limits_is_an_event() {
    let cases = [
        plain_with("id", &format!("\"{}\"", "é".repeat(128))),
        plain_with("id", "\"\u{202e}\u{200b}<script>'; DROP TABLE events; --\""),
        plain_with("organizationId", "\"constructor\""),
        plain_with("timestamp", "\"2026-11-03T12:40:00Z\""),
        plain_with("timestamp", "1793709600000"),
        plain_with("timestamp", "0"),
        plain_and(r#""quantity":-0"#),
        plain_and(r#""quantity":"0.000000001""#),
        plain_and(r#""quantity":1000000000000000000"#),
        plain_and(r#""cost":-0.001,"retract":false,"source":"""#),
        plain_and(&format!(r#""endpoint":"{}""#, "é".repeat(512))),
        plain_and(&format!(
            r#""metadata":{{"__proto__":"a\nb","{}":"{}","n":null,"e":1e300}}"#,
            "k".repeat(128),
            "é".repeat(128)
        )),
        plain_and(&format!(
            r#""metadata":{{{}}}"#,
            (0..32).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(",")
        )),
        format!(" \t\r\n{PLAIN}\r\n\t "),
    ];
    for bytes in &cases {
        accepted(bytes);
    }
}

#[test]
fn a_misspelt_field_is_told_the_nearest_name() {
    let cases = [
        ("quantitiy", "quantity"),
        ("Quantity", "quantity"),
        ("organisationId", "organizationId"),
        ("organization_id", "organizationId"),
        ("time", "timestamp"),
        ("timeStamp", "timestamp"),
        ("type", "feature"),
        ("customer", "organizationId"),
        ("meta_data", "metadata"),
        ("value", "quantity"),
        ("endpiont", "endpoint"),
    ];
    for (name, field) in cases {
        let rejection = decode(plain_and(&format!("\"{name}\":1"))).unwrap_err();
        assert!(rejection.hint.contains(&format!("did you mean `{field}`")), "{name}: {}", rejection.hint);
    }
    assert!(decode(plain_and("\"colour\":1")).unwrap_err().hint.contains("`metadata`"));
}

#[test]
fn a_null_value_is_named() {
    let record = crate::feed::Record { offset: 9, received_at: None, bytes: None };
    let Decoded::Rejected(rejection) = decoder().decode_record(2, &record, &book()) else { panic!("an event") };
    assert_eq!((&*rejection.code, rejection.place), ("null_value", Place { partition: 2, offset: 9 }));
}

#[test]
fn a_rejection_keeps_what_could_be_read() {
    let cases: &[(&[u8], [&str; 3])] = &[
        (b"{\"id\":\"e1\",\"organizationId\":\"o\",\"source\":\"s\",\"x\":1}", ["o", "s", "e1"]),
        (b"{\"organizationId\":\"o\",\"id\":7}", ["o", "", ""]),
        (b"{\"organizationId\":\"o\",\"id\":\"e1\",\"quantity\":}", ["o", "", "e1"]),
        (b"{\"organizationId\":\"o\",\"feature\":\"\xff\",\"id\":\"e1\"}", ["o", "", "e1"]),
        (b"{\"organizationId\":\"o\",\"id\":\"a\\u0000b\"}", ["o", "", ""]),
        (b"{\"organizationId\":\"o\",\"organizationId\":\"p\"}", ["o", "", ""]),
        (b"{\"specversion\":\"2.0\",\"id\":\"e1\",\"source\":\"s\",\"subject\":\"o\"}", ["o", "s", "e1"]),
        (b"{\"specversion\":\"1.0\",\"subject\":\"o\",\"data\":{\"organizationId\":\"p\"}}", ["p", "", ""]),
        (b"{\"subject\":\"o\"}", ["", "", ""]),
        (b"not json", ["", "", ""]),
    ];
    for (bytes, [organization_id, source, id]) in cases {
        let rejection = decode(bytes).unwrap_err();
        let read = [&*rejection.organization_id, &*rejection.source, &*rejection.id];
        assert_eq!(read, [*organization_id, *source, *id], "{}", String::from_utf8_lossy(bytes));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn nothing_that_looks_like_json_makes_it_panic(text in r#"(\{|\[|\}|\]|,|:|"|\\u?d?[0-9a-f]{0,4}|-|1|0|\.|e|id|quantity|metadata|specversion|data|true|null| |é){0,40}"#) {
        let _ = decode(&text);
    }
}
