//! A case through the engine, cut into batches and epochs in one of the many ways that must not matter.

use super::rows::Rows;
use super::shown::Shown;
use bytes::Bytes;
use highwater_dataflows::changes::Epoch;
use highwater_dataflows::engine::{Engine, Settings};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_dataflows::snapshot::{Form, Section};
use highwater_rating::tables::{Row, RowKey};
use highwater_rating::time::EventTime;
use oracle::generate::Dice;
use oracle::{RawRecord, Step};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than any epoch of a test takes on a loaded machine; only a hang reaches it.
const EPOCH_DEADLINE: Duration = Duration::from_secs(60);

/// How a case is fed. The seed decides where batches and epochs end.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub workers: usize,
    pub partitions: i64,
    /// 1: every record alone.
    pub records_per_batch: i64,
    /// Chance that an epoch ends after a batch, in percent.
    pub seal_percent: i64,
    /// Chance that a snapshot is taken where an epoch ends, and that the engine is then ended and taken up from all
    /// snapshots by another number of workers; in percent.
    pub snapshot_percent: i64,
    pub restart_percent: i64,
    /// As lines of a file rather than as framed records; only for records without a time of receipt.
    pub lines: bool,
    pub seed: u64,
}

impl Cut {
    pub fn of_seed(workers: usize, seed: u64) -> Cut {
        let mut dice = Dice::of_seed(seed ^ (workers as u64) << 56);
        Cut {
            workers,
            partitions: dice.between(1, 3),
            records_per_batch: *dice.pick(&[1, 3, 20, 1000]),
            seal_percent: *dice.pick(&[0, 5, 30, 100]),
            lines: dice.percent(50),
            snapshot_percent: *dice.pick(&[0, 20, 100]),
            restart_percent: *dice.pick(&[0, 10, 40]),
            seed,
        }
    }
}

/// Every record that was fed, under its place: what a source that forgets nothing would answer.
#[derive(Default)]
struct Everything(Mutex<HashMap<Place, Record>>);

impl Recall for Everything {
    fn recall(&self, place: Place) -> Result<Record, RecallError> {
        let records = self.0.lock().map_err(|_| RecallError::Unavailable("poisoned".into()))?;
        records.get(&place).cloned().ok_or(RecallError::Gone)
    }
}

/// Feeds the case and returns the rows that stand in the end.
pub fn run(steps: &[Step], cut: Cut) -> Rows {
    let source = Arc::new(Everything::default());
    let mut feeder = Feeder {
        engine: Engine::start(settings(cut.workers), source.clone()),
        source,
        cut,
        dice: Dice::of_seed(cut.seed),
        offsets: HashMap::new(),
        places: HashMap::new(),
        waiting: Vec::new(),
        shown: Shown::default(),
        rows: Vec::new(),
        kept: Vec::new(),
    };
    for step in steps {
        match step {
            Step::Tables(changes) => feeder.tables(changes),
            Step::Record(record) => feeder.record(record.clone()),
        }
    }
    feeder.end()
}

fn settings(workers: usize) -> Settings {
    Settings { workers, archive: true, snapshots: true, ..Settings::default() }
}

struct Feeder {
    engine: Engine,
    source: Arc<Everything>,
    cut: Cut,
    dice: Dice,
    offsets: HashMap<u32, u64>,
    /// The number of the record at each place.
    places: HashMap<Place, usize>,
    waiting: Vec<RawRecord>,
    shown: Shown,
    /// The rows in force, as a compacted topic has them.
    rows: Vec<(RowKey, Row)>,
    /// The state, as checkpoints have it.
    kept: Vec<Section>,
}

impl Feeder {
    fn tables(&mut self, changes: &[oracle::TableChange]) {
        self.batch();
        let row = |envelope: &serde_json::Value| row(envelope);
        let changes = changes.iter().map(|change| match change {
            oracle::TableChange::Upsert(envelope) => TableChange::Upsert(row(envelope)),
            oracle::TableChange::Remove(envelope) => TableChange::Remove(row(envelope).key()),
        });
        let changes: Vec<TableChange> = changes.collect();
        for change in &changes {
            let (key, row) = match change {
                TableChange::Upsert(row) => (row.key(), Some(row)),
                TableChange::Remove(key) => (key.clone(), None),
            };
            self.rows.retain(|(known, _)| *known != key);
            self.rows.extend(row.map(|row| (key, row.clone())));
        }
        let refused = self.engine.rows(changes);
        assert!(refused.is_empty(), "{refused:?}");
        self.maybe_seal();
    }

    fn record(&mut self, record: RawRecord) {
        self.waiting.push(record);
        if self.waiting.len() as i64 >= self.dice.between(1, self.cut.records_per_batch) {
            self.batch();
            self.maybe_seal();
        }
    }

    fn batch(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return;
        }
        let partition = self.dice.between(0, self.cut.partitions - 1) as u32;
        let as_lines = self.cut.lines && waiting.iter().all(|record| record.received_at.is_none());
        let next = self.offsets.entry(partition).or_default();
        let first_offset = *next;
        let mut bytes = Vec::new();
        let mut records = Vec::new();
        for raw in waiting {
            let place = Place { partition, offset: *next };
            let record = Record {
                offset: *next,
                received_at: raw.received_at.map(EventTime),
                bytes: Some(Bytes::from(raw.bytes.clone())),
            };
            self.places.insert(place, self.places.len());
            self.source.0.lock().expect("no panic while held").insert(place, record.clone());
            records.push(record);
            bytes.extend_from_slice(&raw.bytes);
            bytes.extend_from_slice(if self.dice.percent(10) { b"\n\n" } else { b"\n" });
            *next = if as_lines { first_offset + bytes.len() as u64 } else { *next + 1 };
        }
        let records = match as_lines {
            true => Records::Lines { bytes: bytes.into(), first_offset },
            false => Records::Framed(records),
        };
        self.engine.records(Batch { partition, records });
    }

    fn maybe_seal(&mut self) {
        if self.dice.percent(self.cut.seal_percent) {
            self.seal();
        }
    }

    /// Ends an epoch, mostly without waiting for its changes: several are then under way at once.
    fn seal(&mut self) {
        if self.dice.percent(self.cut.snapshot_percent) {
            let last = self.engine.seal_with_snapshot();
            if self.dice.percent(self.cut.restart_percent) {
                self.take_until(last);
                self.restart();
            }
            return;
        }
        self.engine.seal();
        if self.dice.percent(30) {
            self.take();
        }
    }

    fn take(&mut self) {
        let mut changes = self.engine.changes().recv_timeout(EPOCH_DEADLINE).expect("the epoch's changes");
        for section in std::mem::take(&mut changes.snapshot) {
            let key = |section: &Section| (section.kind, section.shard);
            if section.form == Form::Whole {
                self.kept.retain(|known| key(known) != key(&section));
            }
            self.kept.push(section);
        }
        self.shown.apply(changes);
    }

    fn take_until(&mut self, last: Epoch) {
        while self.shown.epoch < last {
            self.take();
        }
    }

    fn restart(&mut self) {
        let workers = *self.dice.pick(&[1, 2, 3, 4]);
        let engine =
            Engine::resume(settings(workers), self.source.clone(), &self.kept).expect("what was written is read");
        let before = std::mem::replace(&mut self.engine, engine);
        before.finish().expect("no worker panicked");
        let rows = self.rows.iter().map(|(_, row)| TableChange::Upsert(row.clone()));
        assert!(self.engine.rows(rows.collect()).is_empty(), "rows that were taken before");
        self.shown.restart();
    }

    fn end(mut self) -> Rows {
        self.batch();
        let last = self.engine.seal();
        self.take_until(last);
        let rows = self.shown.rows(self.engine.names(), &self.engine.meters(), &self.places);
        self.engine.finish().expect("no worker panicked");
        rows
    }
}

fn row(envelope: &serde_json::Value) -> Row {
    serde_json::from_str(&envelope.to_string()).unwrap_or_else(|error| panic!("{error}: {envelope}"))
}
