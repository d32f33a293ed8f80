//! What an event says does not depend on how it is written.

use super::super::{MissingTimestamp, identity};
use super::*;
use highwater_rating::number::Quantity;

fn archived(event: &Event) -> &super::super::ArchivedEvent {
    event.archived.as_deref().expect("the archive is on")
}

#[test]
fn an_event_says_what_its_fields_say() {
    let event = accepted(
        r#"{"id":"e1","organizationId":"org_1","source":"svc","feature":"api_call","timestamp":"2026-11-03T12:34:56.789Z",
            "quantity":2.5,"endpoint":"/api","cost":"0.001","metadata":{"z":"a\"b","b":true,"a":1.50,"n":null}}"#,
    );
    assert_eq!(event.identity, identity("org_1", "svc", "e1"));
    assert_eq!(event.organization, crate::names::organization_key("org_1"));
    assert_eq!(event.event_time, EventTime(1_793_709_296_789_000));
    assert_eq!((event.received_at, event.place), (Some(RECEIVED_AT), Place { partition: 3, offset: 4 }));
    let archived = archived(&event);
    assert_eq!([&*archived.organization_id, &archived.source, &archived.id], ["org_1", "svc", "e1"]);
    assert_eq!([&*archived.feature, &archived.endpoint], ["api_call", "/api"]);
    assert_eq!([archived.quantity, archived.cost], [Quantity(2_500_000_000), Quantity(1_000_000)]);
    let metadata: Vec<_> = archived.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(metadata, [("a", "1.50"), ("b", "true"), ("n", "null"), ("z", r#""a\"b""#)]);
}

#[test]
fn writing_it_another_way_says_the_same() {
    let base = accepted(plain_and(r#""quantity":1,"source":"","metadata":{"a":1,"b":"x/y"}"#));
    let same = [
        r#"{"metadata":{"b":"x\/y","a":1},"timestamp":"2026-11-03T12:34:56.789Z","feature":"api_call","organizationId":"org_1","id":"e1"}"#,
        r#" { "id" : "\u0065\u0031" , "organizationId":"org_1","feature":"api\u005fcall","timestamp":1793709296789,"metadata":{"\u0061":1.0,"b":"x/y"}}"#,
        r#"{"id":"e1","organizationId":"org_1","feature":"api_call","timestamp":"2026-11-03T13:34:56.789000+01:00","quantity":"1.000","cost":0.0,"endpoint":"","retract":false,"metadata":{"a":1,"b":"x/y"}}"#,
        r#"{"specversion":"1.0","id":"e1","source":"","subject":"org_1"}"#,
    ];
    for text in &same[..3] {
        let event = accepted(text);
        assert_eq!((event.identity, event.content), (base.identity, base.content), "{text}");
        assert_eq!(event.contributions, base.contributions, "{text}");
    }
    assert_eq!(decode(same[3]).unwrap_err().path, "/source");
}

#[test]
fn saying_anything_else_is_another_content_of_the_same_identity() {
    let base = accepted(plain_and(r#""metadata":{"a":1,"b":"x"}"#));
    let others = [
        plain_and(r#""metadata":{"a":1,"b":"y"}"#),
        plain_and(r#""metadata":{"a":"1","b":"x"}"#),
        plain_and(r#""metadata":{"a":1}"#),
        plain_and(r#""metadata":{"a":1,"b":"x","c":null}"#),
        plain_and(r#""metadata":{"a":"x","b":1}"#),
        plain_and(r#""metadata":{"a":1,"b":"x"},"quantity":2"#),
        plain_and(r#""metadata":{"a":1,"b":"x"},"cost":2"#),
        plain_and(r#""metadata":{"a":1,"b":"x"},"endpoint":"/""#),
        plain_with("timestamp", r#""2026-11-03T12:34:56.788Z","metadata":{"a":1,"b":"x"}"#),
        plain_with("feature", r#""other","metadata":{"a":1,"b":"x"}"#),
    ];
    let mut contents = std::collections::BTreeSet::from([base.content]);
    for text in &others {
        let event = accepted(text);
        assert_eq!(event.identity, base.identity, "{text}");
        assert!(contents.insert(event.content), "{text}");
    }
}

#[test]
fn a_cloud_event_and_a_plain_event_of_equal_fields_are_one() {
    let plain =
        accepted(plain_and(r#""source":"svc","quantity":3,"endpoint":"/a","cost":0.5,"metadata":{"region":"eu"}"#));
    let data = r#""quantity":"3","endpoint":"/a","cost":0.50,"metadata":{"region":"eu"}"#;
    let clouds = [
        format!(
            r#"{{"specversion":"1.0","id":"e1","source":"svc","type":"api_call","subject":"org_1","time":"2026-11-03T12:34:56.789Z","data":{{{data}}}}}"#
        ),
        format!(
            r#"{{"data":{{{data},"organizationId":"org_1","feature":"api_call"}},"specversion":"1.0","id":"e1","source":"svc","type":"usage","subject":"user_7","time":"2026-11-03T12:34:56.789Z","datacontenttype":"application/json; charset=utf-8","dataschema":"https://example.com/usage","traceparent":"00-1","sequence":7,"sampled":true}}"#
        ),
    ];
    for cloud in &clouds {
        let event = accepted(cloud);
        assert_eq!((event.identity, event.content), (plain.identity, plain.content), "{cloud}");
        assert_eq!((&event.contributions, &event.archived), (&plain.contributions, &plain.archived), "{cloud}");
    }
}

#[test]
fn a_cloud_event_is_checked_in_its_own_places() {
    let cloud = |attributes: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"e1","source":"svc","type":"api_call","subject":"org_1","time":"2026-11-03T12:34:56Z"{attributes}}}"#
        )
    };
    accepted(cloud(""));
    let cases = [
        (cloud(r#","data":[]"#), "invalid_field", "/data"),
        (cloud(r#","data":null"#), "invalid_field", "/data"),
        (cloud(r#","data":{"quantity":-1}"#), "invalid_quantity", "/data/quantity"),
        (cloud(r#","data":{"quantity":"x"}"#), "invalid_quantity", "/data/quantity"),
        (cloud(r#","data":{"qantity":1}"#), "unknown_field", "/data/qantity"),
        (cloud(r#","data":{"timestamp":1}"#), "unknown_field", "/data/timestamp"),
        (cloud(r#","data":{"metadata":{"a":[]}}"#), "invalid_metadata", "/data/metadata/a"),
        (cloud(r#","data":{"organizationId":""}"#), "invalid_field", "/data/organizationId"),
        (cloud(r#","data":{"feature":""}"#), "invalid_field", "/data/feature"),
        (cloud(r#","data":{"feature":"measured_call"}"#), "invalid_value", "/data/metadata/latency_ms"),
        (cloud(r#","quantity":2"#), "unknown_field", "/quantity"),
        (cloud(r#","organizationId":"org_1""#), "unknown_field", "/organizationId"),
        (cloud(r#","traceparent":{}"#), "invalid_field", "/traceparent"),
        (cloud(r#","data_base64":"e30=""#), "invalid_field", "/data_base64"),
        (cloud(r#","datacontenttype":"text/xml""#), "invalid_field", "/datacontenttype"),
        (cloud("").replace("1.0", "0.3"), "invalid_field", "/specversion"),
        (cloud("").replace("\"svc\"", "\"\""), "invalid_field", "/source"),
        (cloud("").replace("api_call", ""), "invalid_field", "/type"),
        (cloud("").replace("\"subject\"", "\"subjet\""), "missing_field", "/subject"),
        (cloud("").replace("\"time\"", "\"tme\""), "missing_field", "/time"),
        (cloud("").replace("2026", "2027"), "future", "/time"),
    ];
    for (text, code, path) in &cases {
        let rejection = decode(text).expect_err(text);
        assert_eq!((&*rejection.code, &*rejection.path), (*code, *path), "{text}\n{}", rejection.hint);
    }
}

#[test]
fn a_retract_needs_only_an_identity() {
    let settings = DecodeSettings::default();
    let mut decoder = Decoder::new(Arc::new(Names::new()), settings);
    let event = decode_with(&mut decoder, br#"{"id":"e1","organizationId":"org_1","retract":true}"#, &book()).unwrap();
    assert!(event.retract && event.contributions.is_empty());
    assert_eq!(event.identity, accepted(PLAIN).identity);
    assert_eq!(event.event_time, RECEIVED_AT);
    assert_eq!(event.archived.as_ref().map(|archived| &*archived.id), Some("e1"), "also with the archive off");
    let whole = plain_and(r#""retract":true,"quantity":-5"#);
    assert!(decode_with(&mut decoder, whole.as_bytes(), &book()).unwrap().retract);
    let nobody = decode_with(&mut decoder, br#"{"id":"e1","retract":true}"#, &book()).unwrap_err();
    assert_eq!((&*nobody.code, &*nobody.path), ("missing_field", "/organizationId"));
}

#[test]
fn a_time_assigned_on_receipt_does_not_make_a_repetition_a_conflict() {
    let settings = DecodeSettings { missing_timestamp: MissingTimestamp::ReceivedAt, ..DecodeSettings::default() };
    let mut decoder = Decoder::new(Arc::new(Names::new()), settings);
    let timeless = plain_with("timestamp", "");
    let mut at = |received_at| decoder.decode(timeless.as_bytes(), Place::default(), received_at, &book());
    let (Decoded::Event(first), Decoded::Event(second)) =
        (at(Some(RECEIVED_AT)), at(Some(EventTime(RECEIVED_AT.0 + 1))))
    else {
        panic!("rejected");
    };
    assert_eq!((first.event_time, second.event_time.0), (RECEIVED_AT, RECEIVED_AT.0 + 1));
    assert_eq!((first.identity, first.content), (second.identity, second.content));
    let Decoded::Rejected(unknown) = at(None) else { panic!("an event") };
    assert_eq!(unknown.code, "missing_field");
}

#[test]
fn the_future_is_only_known_where_the_time_of_receipt_is() {
    let ahead = plain_with("timestamp", "\"2027-01-01T00:00:00Z\"");
    let mut decoder = decoder();
    assert!(matches!(decoder.decode(ahead.as_bytes(), Place::default(), None, &book()), Decoded::Event(_)));
    assert_eq!(decoder.check(ahead.as_bytes(), Some(RECEIVED_AT), &book()).unwrap_err().code, "future");
}
