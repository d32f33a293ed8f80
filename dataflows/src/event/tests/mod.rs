//! What the decoder promises, a file each.

mod agreement;
mod examples;
mod meaning;
mod measuring;
mod rejections;

use super::{DecodeSettings, Decoded, Decoder, Event, Rejection};
use crate::feed::Place;
use crate::meters::MeterBook;
use crate::names::Names;
use highwater_rating::tables::{Aggregation, Meter, ValueField};
use highwater_rating::time::EventTime;
use std::sync::Arc;

/// 2026-11-03T12:35:00Z: when the fixtures' events are received.
const RECEIVED_AT: EventTime = EventTime(1_793_709_300_000_000);

const PLAIN: &str =
    r#"{"id":"e1","organizationId":"org_1","feature":"api_call","timestamp":"2026-11-03T12:34:56.789Z"}"#;

fn meter(name: &str, feature: &str, aggregation: Aggregation, value: ValueField) -> Meter {
    Meter {
        name: name.into(),
        feature: feature.into(),
        conditions: Vec::new(),
        aggregation,
        value,
        dimensions: Vec::new(),
        dimension_limit: 1_000,
        unit: "".into(),
        negative_allowed: false,
        effective_from: None,
    }
}

/// `api_calls` counts and breaks down by endpoint and region, `slowest` takes the greatest latency of `measured_call`.
fn book() -> MeterBook {
    let calls = Meter {
        dimensions: vec!["endpoint".into(), "region".into()],
        ..meter("api_calls", "api_call", Aggregation::Sum, ValueField::Quantity)
    };
    let slowest = meter("slowest", "measured_call", Aggregation::Max, ValueField::Metadata("latency_ms".into()));
    MeterBook::of([calls, slowest]).unwrap()
}

fn decoder() -> Decoder {
    Decoder::new(Arc::new(Names::new()), DecodeSettings { archive: true, ..DecodeSettings::default() })
}

fn decode(bytes: impl AsRef<[u8]>) -> Result<Event, Box<Rejection>> {
    decode_with(&mut decoder(), bytes.as_ref(), &book())
}

fn decode_with(decoder: &mut Decoder, bytes: &[u8], book: &MeterBook) -> Result<Event, Box<Rejection>> {
    match decoder.decode(bytes, Place { partition: 3, offset: 4 }, Some(RECEIVED_AT), book) {
        Decoded::Event(event) => Ok(event),
        Decoded::Rejected(rejection) => Err(rejection),
    }
}

#[track_caller]
fn accepted(bytes: impl AsRef<[u8]>) -> Event {
    let bytes = bytes.as_ref();
    decode(bytes).unwrap_or_else(|rejection| panic!("{}: {rejection:?}", String::from_utf8_lossy(bytes)))
}

/// The plain fixture with more fields.
fn plain_and(fields: &str) -> String {
    format!("{},{fields}}}", PLAIN.trim_end_matches('}'))
}

/// The plain fixture with one field written anew, or removed where `value` is empty.
fn plain_with(field: &str, value: &str) -> String {
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(PLAIN).unwrap();
    object.remove(field).expect("a field of the fixture");
    let rest = serde_json::to_string(&object).unwrap();
    if value.is_empty() { rest } else { format!("{},\"{field}\":{value}}}", rest.trim_end_matches('}')) }
}
