//! The fast reader takes nothing that the strict one refuses, and takes it for the same.

use super::super::decoder::read_strictly;
use super::super::fast;
use super::super::fields::{Fields, PLAIN as PLAIN_PATHS};
use super::*;
use proptest::prelude::*;

/// What both readers must agree on: whatever the fast one takes.
fn agree(bytes: &[u8]) -> bool {
    let mut fields = Fields::empty(&PLAIN_PATHS);
    let taken = fast::read(bytes, &mut fields);
    if let Some(taken) = taken {
        let unprintable = String::from_utf8_lossy(bytes).contains(|character: char| character > '~');
        assert_eq!(taken.printable, !unprintable);
        assert_eq!(Ok(&fields), read_strictly(bytes).as_ref(), "{}", String::from_utf8_lossy(bytes));
    }
    taken.is_some()
}

#[test]
fn what_producers_write_is_read_fast() {
    let events = [
        PLAIN.to_owned(),
        format!(" {PLAIN}\r\n"),
        r#"{"id":"0123456789abcdef0123456789abcdef","organizationId":"org_00012","feature":"api_call","timestamp":"2026-11-03T12:34:56.789Z","quantity":1,"endpoint":"/api/data/query","metadata":{"latency_ms":123}}"#.to_owned(),
        plain_and(r#""quantity":"-0.25","cost":1e3,"source":"","retract":false,"endpoint":"é","metadata":{}"#),
        plain_and(r#""metadata":{ "b" : true , "a" : null, "c": -0.5e-3,"d":"" }"#),
        plain_with("timestamp", "1793709296789"),
    ];
    for event in &events {
        assert!(agree(event.as_bytes()), "{event}");
    }
}

#[test]
fn what_the_fast_reader_does_not_know_it_leaves() {
    let records = [
        plain_and(r#""id":"e1""#),
        plain_and(r#""metadata":{},"metadata":{}"#),
        plain_and(r#""metadata":{"a":1,"b":2,"a":1}"#),
        plain_and(r#""retract":false,"retract":false"#),
        plain_and(r#""endpoint":"\ud800""#),
        plain_and(r#""endpoint":"\u0041""#),
        plain_and(r#""\u0065ndpoint":"""#),
        plain_and(r#""quantity":01"#),
        plain_and(r#""quantity":1."#),
        plain_and(r#""quantity":-"#),
        plain_and(r#""quantity":1e"#),
        plain_and(r#""quantity":null"#),
        plain_and(r#""metadata":{"a":{}}"#),
        plain_and(r#""metadata":{"a":1,}"#),
        plain_and(r#""metadata":{"a":nul}"#),
        plain_and(r#""unknown":1"#),
        r#"{"specversion":"1.0","id":"e1","source":"svc","type":"api_call","subject":"org_1"}"#.to_owned(),
        format!("{PLAIN},"),
        format!("{PLAIN}{PLAIN}"),
        format!("\u{feff}{PLAIN}"),
        PLAIN.replace("e1", "e\t1"),
        PLAIN.trim_end_matches('}').to_owned(),
        "{}".to_owned(),
        String::new(),
    ];
    for record in &records {
        assert!(!agree(record.as_bytes()), "{record}");
    }
}

/// A JSON string, as it is or with some characters escaped.
fn json_text(text: &str, escaped: bool) -> String {
    let plain = serde_json::Value::from(text).to_string();
    if !escaped {
        return plain;
    }
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

#[derive(Clone, Debug)]
struct Written {
    entries: Vec<(String, String)>,
    metadata: Vec<(String, String)>,
}

/// Events that are all valid and say many things.
fn valid_event() -> impl Strategy<Value = Written> {
    let name = "[ -~é]{1,20}";
    let decimal = "(0|[1-9][0-9]{0,12})(\\.[0-9]{1,9})?";
    let number =
        prop_oneof![decimal.prop_map(String::from), "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",];
    let scalar = prop_oneof![
        number,
        "[ -~é\n]{0,12}".prop_map(|text| json_text(&text, false)),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    let metadata = proptest::collection::btree_map("[a-zé]{1,8}", scalar, 0..6);
    let decimal = (decimal, any::<bool>()).prop_map(|(token, text)| if text { format!("\"{token}\"") } else { token });
    let time = (0..RECEIVED_AT.0 / 1_000).prop_map(|ms| match ms % 3 {
        0 => ms.to_string(),
        _ => format!("\"{}\"", EventTime(ms * 1_000)),
    });
    (
        (name, name, name, time),
        proptest::option::of(decimal.clone()),
        proptest::option::of(decimal),
        proptest::option::of("[ -~é]{0,30}"),
        proptest::option::of(metadata),
        proptest::option::of(Just("false".to_owned())),
    )
        .prop_map(|((id, organization, feature, time), quantity, cost, endpoint, metadata, retract)| {
            let text = |text: &str| json_text(text, false);
            let mut entries = vec![
                ("id".to_owned(), text(&id)),
                ("organizationId".to_owned(), text(&organization)),
                ("feature".to_owned(), text(&feature)),
                ("timestamp".to_owned(), time),
            ];
            entries.extend(quantity.map(|quantity| ("quantity".to_owned(), quantity)));
            entries.extend(cost.map(|cost| ("cost".to_owned(), cost)));
            entries.extend(endpoint.map(|endpoint| ("endpoint".to_owned(), text(&endpoint))));
            entries.extend(retract.map(|retract| ("retract".to_owned(), retract)));
            Written { entries, metadata: metadata.unwrap_or_default().into_iter().collect() }
        })
}

fn object(entries: &[(String, String)], space: &str, escaped: bool) -> String {
    let entries =
        entries.iter().map(|(key, value)| format!("{space}{}{space}:{space}{value}{space}", json_text(key, escaped)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

fn write(event: &Written, space: &str, escaped: bool) -> String {
    let mut entries = event.entries.clone();
    entries.push(("metadata".to_owned(), object(&event.metadata, space, escaped)));
    format!("{space}{}{space}", object(&entries, space, escaped))
}

fn said(text: &str) -> (u128, u64, EventTime, Vec<crate::event::Contribution>) {
    let event = accepted(text);
    (event.identity, event.content, event.event_time, event.contributions.into_vec())
}

proptest! {
    #[test]
    fn however_it_is_written_an_event_is_the_same(
        event in valid_event(),
        space in "[ \t\r\n]{0,3}",
        rotation in 0..8usize,
    ) {
        let plainly = write(&event, "", false);
        prop_assert_eq!(agree(plainly.as_bytes()), !plainly.contains('\\'));
        let mut turned = event.clone();
        let (entries, metadata) = (turned.entries.len(), turned.metadata.len());
        turned.entries.rotate_left(rotation % entries);
        turned.metadata.rotate_left(rotation % metadata.max(1));
        let spelt_out = write(&turned, &space, true);
        prop_assert!(!agree(spelt_out.as_bytes()), "escapes are for the strict reader");
        prop_assert_eq!(said(&plainly), said(&spelt_out));
        prop_assert_eq!(said(&plainly), said(&write(&turned, &space, false)));
    }

    #[test]
    fn a_damaged_event_is_read_alike_or_left(
        event in valid_event(),
        damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5u8, any::<u8>()), 1..4),
    ) {
        let mut bytes = write(&event, "", false).into_bytes();
        for (at, other, kind, byte) in damages {
            if bytes.is_empty() {
                break;
            }
            let (at, other) = (at.index(bytes.len()), other.index(bytes.len()));
            const SIGNS: &[u8] = b"\"\\{}[]:,0-.eE \n\0ntf";
            match kind {
                0 => bytes[at] = byte,
                1 => bytes[at] = SIGNS[usize::from(byte) % SIGNS.len()],
                2 => bytes.insert(at, SIGNS[usize::from(byte) % SIGNS.len()]),
                3 => drop(bytes.remove(at)),
                _ => {
                    let (from, to) = (at.min(other), at.max(other));
                    let part = bytes[from..to].to_vec();
                    bytes.splice(from..from, part);
                }
            }
        }
        agree(&bytes);
        let _ = decode(&bytes);
    }
}
