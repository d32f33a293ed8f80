//! How many events the whole graph takes in a second of CPU time, from the bytes of a file to rows, beside decoding
//! alone. Hour windows, the billing period with its lines, no archive.
//!
//! `cargo run --release -p highwater-dataflows --example engine_speed -- EVENTS EVENTS_PER_EPOCH WORKERS`
//!
//! The events are like workload W1's: 10,000 organizations (zipf 1.1), eight meters, a month in order of event time but
//! 2 % up to six hours late, 1 % sent twice.

use highwater_dataflows::changes::EpochCounts;
use highwater_dataflows::engine::{Engine, Settings, Windows};
use highwater_dataflows::event::{DecodeSettings, Decoded, Decoder};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_dataflows::names::Names;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ORGANIZATIONS: usize = 10_000;
const BATCH_BYTES: usize = 128 * 1024;
/// Name, share in percent, included in plan 1, price of a unit.
const FEATURES: [(&str, u64, u64, &str); 8] = [
    ("api_call", 55, 2_000, "0.000005"),
    ("realtime_api_call", 10, 200, "0.00001"),
    ("priority_api_call", 5, 100, "0.000015"),
    ("ai_query", 8, 100, "0.10"),
    ("workflow_execution", 10, 500, "0.002"),
    ("websocket_minute", 6, 1_000, "0.0004"),
    ("storage_gb_hour", 3, 2_000, "0.0008"),
    ("export_row", 3, 5_000, "0.00001"),
];

struct NoRecall;

impl Recall for NoRecall {
    fn recall(&self, _: Place) -> Result<Record, RecallError> {
        Err(RecallError::Gone)
    }
}

fn main() {
    let argument = |position: usize, default: usize| {
        std::env::args().nth(position).map_or(default, |text| text.parse().expect("a number"))
    };
    let (events, epoch, workers) = (argument(1, 3_000_000), argument(2, 1_000_000), argument(3, 1));
    let file = file_of(events);
    let decode_seconds = decode_alone(&file, events);
    println!("decoding alone: {:.2} M events a CPU second", events as f64 / decode_seconds / 1e6);
    run(&file, events, epoch, workers, decode_seconds);
}

fn run(file: &Path, events: usize, epoch: usize, workers: usize, decode_seconds: f64) {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let windows = Windows { minute: false, hour: true, day: false };
    let settings = Settings { workers, windows, archive: false, ..Settings::default() };
    let mut engine = Engine::start(settings, Arc::new(NoRecall));
    assert_eq!(engine.rows(tables()), []);
    let changes = engine.changes().clone();
    let sink = std::thread::spawn(move || {
        let (mut usage, mut periods, mut counts) = (0, 0, EpochCounts::default());
        for changes in changes {
            usage += changes.usage.len();
            periods += changes.periods.len();
            counts.accepted += changes.counts.accepted;
            counts.duplicate += changes.counts.duplicate;
            counts.rejected += changes.counts.rejected;
        }
        (usage, periods, counts)
    });
    let (mut fed, mut sealed) = (0, 0);
    batches(file, |bytes, first_offset| {
        fed += memchr::memchr_iter(b'\n', &bytes).count();
        engine.records(Batch { partition: 0, records: Records::Lines { bytes: bytes.into(), first_offset } });
        if fed - sealed >= epoch {
            sealed = fed;
            engine.seal();
        }
    });
    engine.seal();
    engine.finish().expect("no panic");
    let (usage, periods, counts) = sink.join().expect("the sink ends");
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    println!("{usage} usage rows, {periods} period rows, {counts:?}");
    println!(
        "whole graph, {workers} workers, {epoch} events an epoch: {:.2} M events a second, {:.2} M a CPU second, \
         {:.2} of decoding alone, peak memory {} MB",
        events as f64 / wall / 1e6,
        events as f64 / cpu / 1e6,
        decode_seconds / cpu,
        peak_memory_mb(),
    );
}

fn decode_alone(file: &Path, events: usize) -> f64 {
    let book = highwater_dataflows::meters::MeterBook::of(tables().into_iter().filter_map(|change| match change {
        TableChange::Upsert(highwater_rating::tables::Row::Meters(meter)) => Some(meter),
        _ => None,
    }));
    let book = book.expect("eight meters");
    let mut best = f64::MAX;
    for _ in 0..3 {
        let mut decoder = Decoder::new(Arc::new(Names::new()), DecodeSettings::default());
        let mut decoded = 0;
        let mut seconds = 0.0;
        batches(file, |bytes, _| {
            let start = thread_cpu_seconds();
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let event = std::hint::black_box(decoder.decode(line, Place::default(), None, &book));
                decoded += usize::from(matches!(event, Decoded::Event(_)));
            }
            seconds += thread_cpu_seconds() - start;
        });
        assert!(decoded >= events, "{decoded}");
        best = best.min(seconds);
    }
    best
}

/// The file in batches of whole lines.
fn batches(file: &Path, mut take: impl FnMut(Vec<u8>, u64)) {
    let mut file = std::fs::File::open(file).expect("the workload");
    let (mut rest, mut offset) = (Vec::new(), 0);
    loop {
        let mut buffer = std::mem::take(&mut rest);
        let kept = buffer.len();
        buffer.resize(BATCH_BYTES, 0);
        let read = file.read(&mut buffer[kept..]).expect("the workload");
        buffer.truncate(kept + read);
        if read == 0 {
            return;
        }
        let end = memchr::memrchr(b'\n', &buffer).map_or(0, |newline| newline + 1);
        rest = buffer.split_off(end);
        offset += end as u64;
        take(buffer, offset - end as u64);
    }
}

fn tables() -> Vec<TableChange> {
    let mut lines = String::new();
    for (name, ..) in FEATURES {
        let _ = writeln!(
            lines,
            r#"{{"table": "meters", "row": {{"name": "{name}", "feature": "{name}", "aggregation": "sum"}}}}"#
        );
    }
    for plan in 1..=4 {
        let charge = |(name, _, included, price): &(&str, u64, u64, &str)| {
            let included = included * plan;
            format!(r#"{{"meter": "{name}", "included": "{included}", "model": "per_unit", "price": "{price}"}}"#)
        };
        let charges: Vec<String> = FEATURES.iter().map(charge).collect();
        let _ = writeln!(
            lines,
            r#"{{"table": "plans", "row": {{"plan": "plan_{plan}", "currency": "USD", "effective_from": "2026-01-01T00:00:00Z", "charges": [{}]}}}}"#,
            charges.join(", ")
        );
    }
    for organization in 0..ORGANIZATIONS {
        let _ = writeln!(
            lines,
            r#"{{"table": "subscriptions", "row": {{"id": "s{organization}", "organizationId": "org_{organization:05}", "plan": "plan_{}", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}}}"#,
            1 + organization % 4
        );
    }
    lines.lines().map(|line| TableChange::Upsert(serde_json::from_str(line).expect(line))).collect()
}

/// Writes the workload where it is not there yet.
fn file_of(events: usize) -> PathBuf {
    let path = std::env::temp_dir().join(format!("highwater-engine-speed-{events}.ndjson"));
    if path.exists() {
        return path;
    }
    let weights: Vec<f64> = (1..=ORGANIZATIONS).map(|rank| (rank as f64).powf(-1.1)).collect();
    let mut cumulative = weights.clone();
    (1..ORGANIZATIONS).for_each(|rank| cumulative[rank] += cumulative[rank - 1]);
    let mut state = 7u64;
    let mut random = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut out =
        std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(&path).expect("a folder to write to"));
    let mut held: Vec<String> = Vec::new();
    for number in 0..events as u64 {
        let mut ms = number * 30 * 86_400_000 / events as u64;
        if random() % 100 < 2 {
            ms = ms.saturating_sub(random() % (6 * 3_600_000));
        }
        let share = (random() >> 11) as f64 / (1u64 << 53) as f64 * cumulative[ORGANIZATIONS - 1];
        let organization = cumulative.partition_point(|sum| *sum <= share).min(ORGANIZATIONS - 1);
        let mut percent = random() % 100;
        let feature = FEATURES.iter().position(|(_, part, ..)| {
            let found = percent < *part;
            percent = percent.wrapping_sub(*part);
            found
        });
        let feature = feature.unwrap_or(0);
        let quantity = if feature >= 5 { 1 + random() % 99 } else { 1 };
        let (day, hour, minute) = (1 + ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
        let (second, milli) = (ms / 1000 % 60, ms % 1000);
        let line = format!(
            r#"{{"id":"{:016x}{:016x}","organizationId":"org_{organization:05}","feature":"{}","timestamp":"2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z","quantity":{quantity},"endpoint":"/api/data/query","metadata":{{"latency_ms":{}}}}}"#,
            random(),
            random(),
            FEATURES[feature].0,
            1 + random() % 900
        );
        writeln!(out, "{line}").expect("room for the workload");
        if random() % 100 == 0 {
            held.push(line);
        }
        if held.len() > 100 {
            held.drain(..).for_each(|line| writeln!(out, "{line}").expect("room for the workload"));
        }
    }
    out.flush().expect("room for the workload");
    path
}

/// CPU time of the process in seconds, as Linux counts it in hundredths.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    (fields[11].parse::<f64>().expect("a number") + fields[12].parse::<f64>().expect("a number")) / 100.0
}

/// CPU time of this thread: nanoseconds in the first field.
fn thread_cpu_seconds() -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: u64 = counted.split(' ').next().and_then(|field| field.parse().ok()).expect("a number");
    nanoseconds as f64 / 1e9
}

fn peak_memory_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number") / 1024
}
