//! Table records as changes of rows; what is no row is kept like an event that is none.

use crate::source::{PartitionName, TablePlace, TableRecord};
use highwater_dataflows::RefusedRow;
use highwater_dataflows::changes::{Outcome, OutcomeRow};
use highwater_dataflows::event::Rejection;
use highwater_dataflows::feed::{Place, TableChange};
use highwater_rating::tables::RowChange;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads the records of table streams. Those streams have no partition numbers of their own; for the place of what is
/// kept aside they get some from the top of the range, where no source of events comes.
#[derive(Debug, Default)]
pub struct TableReader {
    streams: BTreeMap<(Arc<str>, u32), u32>,
}

#[derive(Debug, Default)]
pub struct TablesRead {
    pub changes: Vec<TableChange>,
    pub rejected: Vec<OutcomeRow>,
}

impl TableReader {
    pub fn read(&mut self, records: Vec<TableRecord>) -> TablesRead {
        let mut read = TablesRead::default();
        for record in records {
            match record.change() {
                Ok(RowChange::Nothing) => {}
                Ok(RowChange::Upsert(row)) => read.changes.push(TableChange::Upsert(row)),
                Ok(RowChange::Remove(key)) => read.changes.push(TableChange::Remove(key)),
                Err(mistake) => {
                    tracing::warn!(place = %record.place, %mistake, "a table record is no row; it was kept aside");
                    metrics::counter!("highwater_table_records_rejected_total").increment(1);
                    let raw = record.bytes.map(|bytes| bytes.to_vec()).unwrap_or_default();
                    let hint = format!("{} ({})", mistake.hint, record.place);
                    let path = mistake.path;
                    let place = self.place(&record.place);
                    read.rejected.push(rejected(mistake.code.as_str(), path, hint, place, raw));
                }
            }
        }
        read
    }

    /// What the numbers stand for.
    pub fn streams(&self) -> BTreeMap<u32, PartitionName> {
        let named = |((topic, partition), number): (&(Arc<str>, u32), &u32)| {
            (*number, PartitionName { source: "tables".into(), topic: topic.to_string(), partition: *partition })
        };
        self.streams.iter().map(named).collect()
    }

    fn place(&mut self, place: &TablePlace) -> Place {
        let next = u32::MAX - 1 - self.streams.len() as u32;
        let partition = *self.streams.entry((place.topic.clone(), place.partition)).or_insert(next);
        Place { partition, offset: place.offset }
    }
}

/// A row that is right by itself and cannot be taken, such as a meter that would mean something else.
pub fn refused(row: RefusedRow) -> OutcomeRow {
    tracing::warn!(table = row.key.table.name(), key = %row.key.key, reason = %row.reason, "a row was refused");
    let raw = format!("{} {}", row.key.table.name(), row.key.key).into_bytes();
    // It stands at its key rather than at an offset: the row is known, its record is not.
    let offset = xxhash_rust::xxh3::xxh3_64(&raw);
    rejected("refused_row", String::new(), row.reason.to_string(), Place { partition: u32::MAX, offset }, raw)
}

fn rejected(code: &str, path: String, hint: String, place: Place, raw: Vec<u8>) -> OutcomeRow {
    OutcomeRow {
        outcome: Outcome::Rejected,
        first_place: None,
        record: Box::new(Rejection {
            code: code.into(),
            path,
            hint,
            place,
            received_at: None,
            organization_id: String::new(),
            source: String::new(),
            id: String::new(),
            raw,
        }),
    }
}
