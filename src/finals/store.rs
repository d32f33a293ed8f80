//! What was closed, in the data folder: on disk before anybody is shown it.
//!
//! fjall carries it: a checksummed journal, all of a batch or nothing. Each record also carries its own checksum, and is
//! held to it when it is read.

use super::{Closed, ClosedPeriod, HeldPeriod};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use highwater_rating::finals::Difference;
use highwater_rating::time::EventTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

const WATERMARK: &str = "watermark";
const WRITTEN: &str = "written";
const CACHE_BYTES: u64 = 4 << 20;
const JOURNAL_BYTES: u64 = 64 << 20;

pub struct ClosedPeriods {
    folder: PathBuf,
    database: Database,
    /// Records by the number of their closing.
    records: Keyspace,
    /// Held periods, by their text as JSON.
    held: Keyspace,
    marks: Keyspace,
    next: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ClosedPeriodsError {
    #[error("{folder}: {detail}")]
    Storage { folder: PathBuf, detail: String },
    #[error(
        "{folder}: record {number} of the closed periods is damaged ({reason}); move the folder away, and they are read back from ClickHouse"
    )]
    Damaged { folder: PathBuf, number: u64, reason: String },
}

impl ClosedPeriods {
    /// Below the claimed data folder.
    pub fn open(data_dir: &Path) -> Result<ClosedPeriods, ClosedPeriodsError> {
        let folder = data_dir.join("finals");
        let failed = |error: fjall::Error| storage(&folder, &error);
        let database = Database::builder(&folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .manual_journal_persist(true)
            .worker_threads(1)
            .open()
            .map_err(failed)?;
        let keyspace = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default).map_err(failed);
        let (records, held, marks) = (keyspace("records")?, keyspace("held")?, keyspace("marks")?);
        let last = records.iter().next_back().map(fjall::Guard::into_inner).transpose().map_err(failed)?;
        let next = last.map_or(0, |(key, _)| number_of(&key) + 1);
        Ok(ClosedPeriods { folder, database, records, held, marks, next })
    }

    /// Durable on return: all of it or, after an error, perhaps all of it and perhaps nothing.
    pub fn keep(
        &mut self,
        watermark: Option<EventTime>,
        closed: &[ClosedPeriod],
        held: &[(HeldPeriod, bool)],
    ) -> Result<(), ClosedPeriodsError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (number, period) in (self.next..).zip(closed) {
            batch.insert(&self.records, number.to_be_bytes(), self.text(number, period)?);
        }
        for (period, is_held) in held {
            let key = self.text(0, period)?;
            if *is_held { batch.insert(&self.held, key, []) } else { batch.remove(&self.held, key) }
        }
        if let Some(watermark) = watermark {
            batch.insert(&self.marks, WATERMARK, self.text(0, &watermark)?);
        }
        batch.commit().map_err(|error| storage(&self.folder, &error))?;
        self.next += closed.len() as u64;
        Ok(())
    }

    /// Records that were kept and may not have been shown: the process ended between the two.
    pub fn unwritten(&self) -> Result<Vec<ClosedPeriod>, ClosedPeriodsError> {
        let failed = |error: fjall::Error| storage(&self.folder, &error);
        let written: u64 = match self.marks.get(WRITTEN).map_err(failed)? {
            Some(value) => self.parsed(0, &value)?,
            None => 0,
        };
        let entries = self.records.range(written.to_be_bytes()..);
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner().map_err(failed)?;
                self.parsed(number_of(&key), &value)
            })
            .collect()
    }

    /// Everything that was kept so far has been shown. Durable on return.
    pub fn written(&self) -> Result<(), ClosedPeriodsError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.marks, WRITTEN, self.text(0, &self.next)?);
        batch.commit().map_err(|error| storage(&self.folder, &error))
    }

    /// Everything that was kept, in the order of closing.
    pub fn read(&self) -> Result<Closed, ClosedPeriodsError> {
        let failed = |error: fjall::Error| storage(&self.folder, &error);
        let mut closed = Closed::default();
        for entry in self.records.iter() {
            let (key, value) = entry.into_inner().map_err(failed)?;
            let number = number_of(&key);
            let period: ClosedPeriod = self.parsed(number, &value)?;
            let differs = |difference: Difference| self.damaged(number, &difference);
            period.period.verify().map_err(differs)?;
            closed.periods.push(period);
        }
        for entry in self.held.iter() {
            let (key, _) = entry.into_inner().map_err(failed)?;
            closed.held.push(self.parsed(0, &key)?);
        }
        let watermark = self.marks.get(WATERMARK).map_err(failed)?;
        closed.watermark = watermark.map(|value| self.parsed(0, &value)).transpose()?;
        Ok(closed)
    }

    fn text(&self, number: u64, value: &impl Serialize) -> Result<Vec<u8>, ClosedPeriodsError> {
        serde_json::to_vec(value).map_err(|error| self.damaged(number, &error))
    }

    fn parsed<T: DeserializeOwned>(&self, number: u64, text: &[u8]) -> Result<T, ClosedPeriodsError> {
        serde_json::from_slice(text).map_err(|error| self.damaged(number, &error))
    }

    fn damaged(&self, number: u64, reason: &dyn std::fmt::Display) -> ClosedPeriodsError {
        ClosedPeriodsError::Damaged { folder: self.folder.clone(), number, reason: reason.to_string() }
    }
}

fn storage(folder: &Path, error: &fjall::Error) -> ClosedPeriodsError {
    ClosedPeriodsError::Storage { folder: folder.into(), detail: error.to_string() }
}

/// Keys are eight bytes, big-endian.
fn number_of(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finals::ReadTo;
    use highwater_rating::finals::freeze;
    use highwater_rating::time::Period;

    fn closed(start: i64) -> ClosedPeriod {
        let line = serde_json::from_value(serde_json::json!({
            "id": "0123456789abcdef0123456789abcdef", "kind": "usage", "name": "calls",
            "span_start": "2026-11-01T00:00:00Z", "span_end": "2026-12-01T00:00:00Z", "events": 1, "quantity": "2",
            "included": "0", "overage": "2", "currency": "EUR", "amount_unrounded": "1", "amount_minor_units": "100", "tiers": [],
            "terms": "{}", "corrects": null
        }))
        .unwrap();
        let period = Period { start: EventTime(start), end: EventTime(start + 10) };
        let mut records = freeze(&"org_1".into(), period, 1, EventTime(start + 20), [line]).unwrap();
        let read_to = vec![ReadTo { topic: "events".into(), partition: 3, next_offset: 9 }];
        ClosedPeriod { period: records.remove(0).into(), read_to }
    }

    #[test]
    fn what_was_kept_is_read_back_in_order_also_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let held = HeldPeriod { organization_id: "org_2".into(), period_start: EventTime(5) };
        let mut store = ClosedPeriods::open(folder.path()).unwrap();
        assert!(store.read().unwrap().is_empty());
        store.keep(Some(EventTime(20)), &[closed(0)], &[(held.clone(), true)]).unwrap();
        drop(store);
        let mut store = ClosedPeriods::open(folder.path()).unwrap();
        assert_eq!(store.read().unwrap().held, std::slice::from_ref(&held));
        store.keep(Some(EventTime(50)), &[closed(30), closed(40)], &[(held, false)]).unwrap();
        drop(store);
        let read = ClosedPeriods::open(folder.path()).unwrap().read().unwrap();
        let periods = vec![closed(0), closed(30), closed(40)];
        assert_eq!(read, Closed { watermark: Some(EventTime(50)), periods, held: Vec::new() });
    }

    #[test]
    fn what_was_kept_and_not_shown_is_shown_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ClosedPeriods::open(folder.path()).unwrap();
        store.keep(None, &[closed(0)], &[]).unwrap();
        store.written().unwrap();
        assert_eq!(store.unwritten().unwrap(), []);
        store.keep(None, &[closed(30)], &[]).unwrap();
        drop(store);
        let store = ClosedPeriods::open(folder.path()).unwrap();
        assert_eq!(store.unwritten().unwrap(), [closed(30)]);
        store.written().unwrap();
        assert_eq!(ClosedPeriods::open(folder.path()).map(|_| ()).map_err(|_| ()), Err(()), "one process at a time");
        assert_eq!(store.unwritten().unwrap(), []);
    }

    #[test]
    fn a_record_that_is_not_what_it_says_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ClosedPeriods::open(folder.path()).unwrap();
        let mut wrong = closed(0);
        std::sync::Arc::make_mut(&mut wrong.period).total_minor_units += 1;
        store.keep(None, &[closed(0), wrong], &[]).unwrap();
        let error = store.read().unwrap_err().to_string();
        assert!(error.contains("record 1") && error.contains("do not add up"), "{error}");
    }
}
