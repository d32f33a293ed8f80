//! How many events one thread decodes in a second of CPU time, beside what sonic-rs alone takes to read the same
//! fields into a typed struct and do nothing with them.
//!
//! `cargo run --release -p highwater-dataflows --example decode_speed [PART OF A LABEL]`

use highwater_dataflows::event::{DecodeSettings, Decoded, Decoder};
use highwater_dataflows::feed::Place;
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use highwater_rating::tables::{Aggregation, Meter, ValueField};
use serde::Deserialize;
use std::hint::black_box;
use std::sync::Arc;

const EVENTS: usize = 300_000;
const ROUNDS: usize = 9;
const FEATURES: [&str; 8] = [
    "api_call",
    "realtime_api_call",
    "priority_api_call",
    "ai_query",
    "workflow_execution",
    "websocket_minute",
    "storage_gb_hour",
    "export_row",
];
const ENDPOINTS: [&str; 5] = ["/api/data/query", "/api/data/write", "/api/workflows/run", "/api/search", "/api/export"];

/// The reference: the same fields, borrowed, numbers as integers, nothing checked or hashed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed<'a> {
    id: &'a str,
    organization_id: &'a str,
    feature: &'a str,
    timestamp: &'a str,
    quantity: u64,
    endpoint: &'a str,
    #[serde(borrow)]
    metadata: TypedMetadata<'a>,
}

#[derive(Deserialize)]
struct TypedMetadata<'a> {
    latency_ms: u64,
    #[serde(default)]
    _region: &'a str,
}

fn main() {
    let lines: Vec<String> = (0..EVENTS as u64).map(line).collect();
    let meters = FEATURES.map(|feature| Meter {
        name: feature.into(),
        feature: feature.into(),
        conditions: Vec::new(),
        aggregation: Aggregation::Sum,
        value: ValueField::Quantity,
        dimensions: Vec::new(),
        dimension_limit: 1_000,
        unit: "".into(),
        negative_allowed: false,
        effective_from: None,
    });
    let book = MeterBook::of(meters).expect("eight different meters");
    let mut plain = Decoder::new(Arc::new(Names::new()), DecodeSettings::default());
    let archive = DecodeSettings { archive: true, ..DecodeSettings::default() };
    let mut archiving = Decoder::new(Arc::new(Names::new()), archive);

    report("sonic-rs into a typed struct", || {
        let read = lines.iter().filter(|line| {
            let typed: Typed<'_> = black_box(sonic_rs::from_str(line).expect("an event"));
            let texts = [typed.id, typed.organization_id, typed.feature, typed.timestamp, typed.endpoint];
            black_box(texts).len() == 5 && typed.quantity + typed.metadata.latency_ms > 0
        });
        assert_eq!(read.count(), EVENTS);
    });
    report("decoded, archive off", || assert_eq!(decode(&lines, &mut plain, &book), EVENTS));
    // An escape is enough to leave the fast reader.
    let escaped: Vec<String> = lines.iter().map(|line| line.replacen("\"/api/", "\"\\/api/", 1)).collect();
    report("decoded strictly", || assert_eq!(decode(&escaped, &mut plain, &book), EVENTS));
    report("decoded, archive on", || assert_eq!(decode(&lines, &mut archiving, &book), EVENTS));
}

fn decode(lines: &[String], decoder: &mut Decoder, book: &MeterBook) -> usize {
    let place = Place::default();
    let events = lines
        .iter()
        .filter(|line| matches!(black_box(decoder.decode(line.as_bytes(), place, None, book)), Decoded::Event(_)));
    events.count()
}

fn report(what: &str, mut work: impl FnMut()) {
    if std::env::args().nth(1).is_some_and(|part| !what.contains(&part)) {
        return;
    }
    work();
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = cpu_seconds();
            work();
            cpu_seconds() - start
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let millions = |seconds: f64| EVENTS as f64 / seconds / 1e6;
    let (median, fastest) = (millions(seconds[ROUNDS / 2]), millions(seconds[0]));
    println!("{what}: median {median:.2}, fastest {fastest:.2} M events per second of CPU");
}

/// CPU time of this thread, as Linux counts it: nanoseconds in the first field.
fn cpu_seconds() -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: u64 = counted.split(' ').next().and_then(|field| field.parse().ok()).expect("a number");
    nanoseconds as f64 / 1e9
}

/// An event of the shape of workload W1, different for every number.
fn line(number: u64) -> String {
    let mixed = |salt: u64| (number.wrapping_add(salt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (high, low) = (mixed(1), mixed(2));
    // As many events of the first as of the next two, the next four, …: close to Zipf's law.
    let magnitude = (mixed(3) >> 40) % 14;
    let organization = ((1 << magnitude) + (mixed(4) >> 40) % (1 << magnitude)) % 10_000;
    let feature = FEATURES[(mixed(5) >> 50) as usize % FEATURES.len()];
    let endpoint = ENDPOINTS[(mixed(6) >> 50) as usize % ENDPOINTS.len()];
    let (minute, second, millisecond) = (number / 60_000 % 60, number / 1_000 % 60, number % 1_000);
    let (day, hour) = (1 + mixed(7) % 30, mixed(8) % 24);
    let (quantity, latency) = (1 + mixed(9) % 99, 1 + mixed(10) % 900);
    format!(
        r#"{{"id":"{high:016x}{low:016x}","organizationId":"org_{organization:05}","feature":"{feature}","timestamp":"2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z","quantity":{quantity},"endpoint":"{endpoint}","metadata":{{"latency_ms":{latency}}}}}"#
    )
}
