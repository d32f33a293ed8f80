//! One measurement, in a process of its own: file bytes to decoded events, or to final rows.

use crate::process::own_cpu_s;
use crate::workload::Workload;
use bytes::Bytes;
use clap::ValueEnum;
use highwater_dataflows::changes::{EpochChanges, PeriodKey, PeriodValue};
use highwater_dataflows::engine::{Engine, Settings, Windows};
use highwater_dataflows::event::{DecodeSettings, Decoded, Decoder};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use highwater_rating::catalog::{CatalogText, parse};
use highwater_rating::tables::Row;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

/// About a second of what one core takes.
const EVENTS_PER_EPOCH: u64 = 500_000;
const BATCH_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// One thread: bytes to events, which are dropped.
    Decode,
    /// Bytes to final rows with hour windows, which is what the references compute.
    Hours,
    /// Bytes to final rows with minute, hour and day windows.
    Minutes,
    /// As `Hours`, with every accepted event given out for the archive.
    Archive,
    /// As `Hours` without anybody subscribed: what rating costs is the difference.
    Unrated,
}

impl Kind {
    pub fn workers(self) -> &'static [usize] {
        match self {
            Kind::Decode => &[1],
            Kind::Hours => &[1, 2],
            Kind::Minutes => &[1, 2],
            Kind::Archive | Kind::Unrated => &[1],
        }
    }

    pub fn name(self, workers: usize) -> String {
        let what = match self {
            Kind::Decode => return "decode only".to_owned(),
            Kind::Hours => "full, hours",
            Kind::Minutes => "full, minutes + hours + days",
            Kind::Archive => "full, hours, archive on",
            Kind::Unrated => "full, hours, nothing to rate",
        };
        format!("{what}, {workers} worker{}", if workers == 1 { "" } else { "s" })
    }
}

/// What was counted, and in how much time of this process from the first byte read to the last row.
pub fn run(kind: Kind, workload: &Workload, workers: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let rows = catalog_rows(workload)?;
    let (wall, cpu_s) = (Instant::now(), own_cpu_s()?);
    let (events, mut said) = match kind {
        Kind::Decode => decode(workload, rows)?,
        _ => full(kind, workload, workers, rows)?,
    };
    said["events"] = events.into();
    said["wall_s"] = wall.elapsed().as_secs_f64().into();
    said["cpu_s"] = (own_cpu_s()? - cpu_s).into();
    Ok(said)
}

fn catalog_rows(workload: &Workload) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let names = ["catalog.toml", "subscriptions.ndjson"];
    let texts: Result<Vec<String>, _> =
        names.iter().map(|name| std::fs::read_to_string(workload.catalog_folder().join(name))).collect();
    let texts = texts?;
    let files = names.iter().zip(&texts).map(|(name, text)| CatalogText { name, text });
    let catalog = parse(&files.collect::<Vec<_>>()).map_err(|mistakes| format!("{mistakes:?}"))?;
    Ok(catalog.rows)
}

/// Reads the file in batches that end with a line.
fn batches(workload: &Workload, mut take: impl FnMut(Bytes, u64)) -> std::io::Result<()> {
    let mut file = File::open(workload.events_file())?;
    let (mut rest, mut offset) = (Vec::new(), 0);
    loop {
        let mut bytes = Vec::with_capacity(BATCH_BYTES + rest.len());
        bytes.append(&mut rest);
        let read = file.by_ref().take(BATCH_BYTES as u64).read_to_end(&mut bytes)?;
        let end = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) if read > 0 => last + 1,
            _ => bytes.len(),
        };
        rest = bytes.split_off(end);
        if !bytes.is_empty() {
            let length = bytes.len() as u64;
            take(Bytes::from(bytes), offset);
            offset += length;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn decode(workload: &Workload, rows: Vec<Row>) -> Result<(u64, Value), Box<dyn std::error::Error>> {
    let meters = rows.into_iter().filter_map(|row| match row {
        Row::Meters(meter) => Some(meter),
        _ => None,
    });
    let book = MeterBook::of(meters)?;
    let mut decoder = Decoder::new(Arc::new(Names::new()), DecodeSettings::default());
    let mut events = 0;
    batches(workload, |bytes, offset| {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match black_box(decoder.decode(line, Place { partition: 0, offset }, None, &book)) {
                Decoded::Event(_) => events += 1,
                Decoded::Rejected(rejection) => panic!("the workload has only events: {rejection:?}"),
            }
        }
    })?;
    Ok((events, json!({"decoded": events})))
}

/// Nothing is retracted here.
struct Nothing;

impl Recall for Nothing {
    fn recall(&self, _: Place) -> Result<Record, RecallError> {
        Err(RecallError::Gone)
    }
}

/// What a sink would be handed, added up.
#[derive(Default)]
struct Sink {
    received: u64,
    accepted: u64,
    usage_rows: usize,
    period_rows: usize,
    archived: usize,
    periods: HashMap<PeriodKey, (i128, i128)>,
}

impl Sink {
    fn take(&mut self, changes: EpochChanges) {
        self.received += changes.counts.received;
        self.accepted += changes.counts.accepted;
        self.usage_rows += changes.usage.len();
        self.period_rows += changes.periods.len();
        self.archived += changes.archive.len();
        for (key, value) in changes.periods {
            match value {
                Some(PeriodValue::Rated(period)) => {
                    self.periods.insert(key, (period.quantity.0, period.overage.0));
                }
                other => panic!("the workload has amounts only: {other:?}"),
            }
        }
    }
}

fn full(
    kind: Kind,
    workload: &Workload,
    workers: usize,
    rows: Vec<Row>,
) -> Result<(u64, Value), Box<dyn std::error::Error>> {
    let windows = match kind {
        Kind::Minutes => Windows::default(),
        _ => Windows { minute: false, hour: true, day: false },
    };
    let settings = Settings { workers, windows, archive: kind == Kind::Archive, ..Settings::default() };
    let mut engine = Engine::start(settings, Arc::new(Nothing));
    let wanted = |row: &Row| kind != Kind::Unrated || !matches!(row, Row::Subscriptions(_));
    engine.rows(rows.into_iter().filter(wanted).map(TableChange::Upsert).collect());
    let mut sink = Sink::default();
    let (mut in_epoch, mut sealed) = (0, 0);
    batches(workload, |bytes, first_offset| {
        in_epoch += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        engine.records(Batch { partition: 0, records: Records::Lines { bytes, first_offset } });
        if in_epoch >= EVENTS_PER_EPOCH {
            in_epoch = 0;
            sealed = engine.seal().0;
        }
        engine.changes().try_iter().for_each(|changes| sink.take(changes));
    })?;
    sealed = sealed.max(engine.seal().0);
    while let Ok(changes) = engine.changes().recv() {
        let epoch = changes.epoch.0;
        sink.take(changes);
        if epoch == sealed {
            break;
        }
    }
    engine.finish()?;
    let sum = |of: fn(&(i128, i128)) -> i128| sink.periods.values().map(of).sum::<i128>();
    let said = json!({
        "epochs": sealed,
        "accepted": sink.accepted,
        "usage_rows": sink.usage_rows,
        "period_rows": sink.period_rows,
        "archived": sink.archived,
        // In units; the workload has no fractions of them.
        "units": (sum(|(quantity, _)| *quantity) / 1_000_000_000).to_string(),
        "overage": (sum(|(_, overage)| *overage) / 1_000_000_000).to_string(),
    });
    Ok((sink.received, said))
}
