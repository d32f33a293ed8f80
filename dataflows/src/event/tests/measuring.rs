//! Which meters count an event, and what it adds to each.

use super::*;
use crate::event::{Contribution, DimensionsKey, MeterIndex};
use crate::names::dimensions_key;
use highwater_rating::tables::{Condition, NumberToken, Scalar};

fn read(meters: impl IntoIterator<Item = Meter>, bytes: &str) -> Result<Vec<Contribution>, Box<Rejection>> {
    let book = MeterBook::of(meters).unwrap();
    decode_with(&mut decoder(), bytes.as_bytes(), &book).map(|event| event.contributions.into_vec())
}

fn units(hundredths: i128) -> i128 {
    hundredths * 10_000_000
}

#[test]
fn the_value_comes_from_where_the_meter_says() {
    let text = plain_and(r#""quantity":2,"cost":"0.75","metadata":{"tokens":12.5}"#);
    let key = || ValueField::Metadata("tokens".into());
    let cases = [
        (Aggregation::Sum, ValueField::Quantity, units(200)),
        (Aggregation::Sum, ValueField::Cost, units(75)),
        (Aggregation::Max, key(), units(1_250)),
        (Aggregation::Average, key(), units(1_250)),
        (Aggregation::Latest, key(), units(1_250)),
        (Aggregation::Count, key(), units(100)),
    ];
    for (aggregation, field, value) in cases {
        let contributions = read([meter("m", "api_call", aggregation, field.clone())], &text).unwrap();
        let expected = Contribution { meter: MeterIndex(0), dimensions: DimensionsKey(0), value };
        assert_eq!(contributions, [expected], "{aggregation:?} of {field:?}");
    }
}

#[test]
fn a_value_that_is_not_there_is_named() {
    let meter = |aggregation| meter("m", "api_call", aggregation, ValueField::Metadata("a/b".into()));
    let cases = [
        (Aggregation::Sum, "{}"),
        (Aggregation::Sum, r#"{"a/b":"12"}"#),
        (Aggregation::Sum, r#"{"a/b":true}"#),
        (Aggregation::Sum, r#"{"a/b":null}"#),
        (Aggregation::Sum, r#"{"a/b":1e3}"#),
        (Aggregation::Sum, r#"{"a/b":0.0000000001}"#),
        (Aggregation::Sum, r#"{"a/b":-1}"#),
        (Aggregation::Unique, "{}"),
        (Aggregation::Unique, r#"{"a/b":null}"#),
    ];
    for (aggregation, metadata) in cases {
        let rejection = read([meter(aggregation)], &plain_and(&format!("\"metadata\":{metadata}"))).unwrap_err();
        assert_eq!((&*rejection.code, &*rejection.path), ("invalid_value", "/metadata/a~1b"), "{metadata}");
        assert!(rejection.hint.contains("`m`"), "{}", rejection.hint);
    }
    assert!(read([meter(Aggregation::Count)], PLAIN).is_ok(), "a count reads no value");
}

#[test]
fn unique_values_are_told_apart_by_kind_and_number() {
    let unique = || meter("m", "api_call", Aggregation::Unique, ValueField::Metadata("user".into()));
    let value =
        |user: &str| read([unique()], &plain_and(&format!(r#""metadata":{{"user":{user}}}"#))).unwrap()[0].value;
    let different = ["1", "\"1\"", "true", "\"true\"", "\"a\"", "\"A\"", "2", "\"\""];
    let values: std::collections::BTreeSet<_> = different.iter().map(|user| value(user)).collect();
    assert_eq!(values.len(), different.len());
    assert_eq!(value("1"), value("1.0"));
    assert_eq!(value("\"a\""), value("\"\\u0061\""));
}

#[test]
fn conditions_hold_on_equal_scalars_only() {
    let condition = |one_of| Condition { key: "tier".into(), one_of };
    let counted = |one_of: Vec<Scalar>, metadata: &str| {
        let meter = Meter {
            conditions: vec![condition(one_of)],
            ..meter("m", "api_call", Aggregation::Count, ValueField::Quantity)
        };
        read([meter], &plain_and(&format!("\"metadata\":{metadata}"))).unwrap().len() == 1
    };
    let high = || Scalar::Text("high".into());
    let number = |token: &str| Scalar::Number(NumberToken(token.into()));
    let cases = [
        (vec![high()], r#"{"tier":"high"}"#, true),
        (vec![high()], r#"{"tier":"low"}"#, false),
        (vec![high()], r#"{"tier":"High"}"#, false),
        (vec![high()], r#"{"other":"high"}"#, false),
        (vec![high()], r#"{"tier":null}"#, false),
        (vec![Scalar::Flag(true)], r#"{"tier":true}"#, true),
        (vec![Scalar::Flag(true)], r#"{"tier":"true"}"#, false),
        (vec![high(), Scalar::Flag(false)], r#"{"tier":false}"#, true),
        (vec![number("2.50")], r#"{"tier":2.5}"#, true),
        (vec![number("2")], r#"{"tier":2.0}"#, true),
        (vec![number("0")], r#"{"tier":-0.0}"#, true),
        (vec![number("2")], r#"{"tier":"2"}"#, false),
        (vec![number("2")], r#"{"tier":2e0}"#, false),
        (vec![], r#"{"tier":2}"#, false),
    ];
    for (one_of, metadata, holds) in cases {
        assert_eq!(counted(one_of.clone(), metadata), holds, "{one_of:?} on {metadata}");
    }
}

#[test]
fn a_meter_counts_from_its_first_instant_on() {
    let from = |event_time| Meter {
        effective_from: Some(EventTime(event_time)),
        ..meter("m", "api_call", Aggregation::Count, ValueField::Quantity)
    };
    let event_time = accepted(PLAIN).event_time.0;
    assert_eq!(read([from(event_time)], PLAIN).unwrap().len(), 1);
    assert_eq!(read([from(event_time + 1)], PLAIN).unwrap().len(), 0);
}

#[test]
fn dimensions_follow_the_declared_order_and_may_be_missing() {
    let text =
        plain_and(r#""endpoint":"/a","metadata":{"region":"eu","n":1.0,"f":true,"z":null,"endpoint":"not this"}"#);
    let cases: [(&[&str], &[&str]); 5] = [
        (&[], &[]),
        (&["region", "endpoint"], &["eu", "/a"]),
        (&["endpoint", "region"], &["/a", "eu"]),
        (&["absent", "z"], &["", ""]),
        (&["n", "f"], &["1", "true"]),
    ];
    for (dimensions, values) in cases {
        let meter = Meter {
            dimensions: dimensions.iter().map(|name| (*name).into()).collect(),
            ..meter("m", "api_call", Aggregation::Count, ValueField::Quantity)
        };
        let contributions = read([meter], &text).unwrap();
        assert_eq!(contributions[0].dimensions, dimensions_key(values.iter().copied()), "{dimensions:?}");
    }
}

#[test]
fn a_negative_quantity_needs_the_consent_of_every_meter_that_counts_it() {
    let meter = |name, negative_allowed| Meter {
        negative_allowed,
        ..meter(name, "api_call", Aggregation::Sum, ValueField::Quantity)
    };
    let text = plain_and(r#""quantity":-2"#);
    assert_eq!(read([meter("a", true)], &text).unwrap()[0].value, units(-200));
    let rejection = read([meter("a", true), meter("b", false)], &text).unwrap_err();
    assert_eq!((&*rejection.code, &*rejection.path), ("invalid_quantity", "/quantity"));
    assert!(read([], &text).unwrap().is_empty(), "no meter counts it");
}

#[test]
fn an_event_adds_to_every_meter_of_its_feature() {
    let sum = |name, feature| meter(name, feature, Aggregation::Sum, ValueField::Quantity);
    let contributions = read([sum("a", "api_call"), sum("b", "other"), sum("c", "api_call")], PLAIN).unwrap();
    assert_eq!(contributions.iter().map(|contribution| contribution.meter.0).collect::<Vec<_>>(), [0, 2]);
    assert!(read([sum("b", "other")], PLAIN).unwrap().is_empty(), "unattributed, and an event all the same");
}
