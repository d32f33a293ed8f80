//! The embedded log as a source.

use super::EventLog;
use super::shared::{ReadError, Shared};
use super::store::{PARTITION, Stream};
use crate::source::{
    Outage, PartitionName, PartitionPosition, Positions, Source, SourceError, Start, Stop, TablePlace, TableRecord,
};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records};
use std::sync::Arc;
use std::time::Duration;

pub struct LogSource {
    log: EventLog,
    number: u32,
    /// Holds exactly the partition `number`.
    positions: Positions,
    next_row: u64,
    /// The end of the rows when the source was opened.
    rows_goal: u64,
    rows_topic: Arc<str>,
}

impl LogSource {
    pub fn new(log: EventLog, start: &Start) -> Result<LogSource, SourceError> {
        let name = PartitionName { source: "log".into(), topic: "events".into(), partition: PARTITION };
        let (number, known) = start.number(&name, &Positions::new());
        let (first_offset, next_offset) = known.map_or((0, 0), |known| (known.first_offset, known.next_offset));
        let ends = log.shared.ends();
        if ends.events < next_offset {
            return Err(Stop::TopicRecreated { partition: name, expected: next_offset, end: ends.events }.into());
        }
        let position = PartitionPosition { name, first_offset, next_offset, high_watermark: Some(ends.events) };
        let positions = Positions::from([(number, position)]);
        Ok(LogSource { log, number, positions, next_row: 0, rows_goal: ends.rows, rows_topic: "rows".into() })
    }
}

impl From<ReadError> for SourceError {
    fn from(error: ReadError) -> SourceError {
        let what = "the embedded log".to_owned();
        match error {
            ReadError::Closed => SourceError::Temporary(Outage { what, detail: error.to_string() }),
            ReadError::Damaged(detail) => SourceError::Definite(Stop::Unreadable { what, detail }),
        }
    }
}

impl Source for LogSource {
    fn poll(&mut self, wait: Duration) -> Result<Option<Batch>, SourceError> {
        let shared = &self.log.shared;
        let position = self.positions.get_mut(&self.number).expect("the one position there is");
        let end = shared.wait_beyond(Stream::Events, position.next_offset, wait);
        position.high_watermark = Some(end);
        if end <= position.next_offset {
            return Ok(None);
        }
        let stored = shared.read(Stream::Events, position.next_offset, end)?;
        let records: Vec<Record> = stored
            .into_iter()
            .map(|(offset, stored)| Record { offset, received_at: Some(stored.received_at), bytes: stored.value })
            .collect();
        let Some(last) = records.last() else { return Ok(None) };
        position.next_offset = last.offset + 1;
        Ok(Some(Batch { partition: self.number, records: Records::Framed(records) }))
    }

    fn positions(&self) -> &Positions {
        &self.positions
    }

    fn poll_tables(&mut self, wait: Duration) -> Result<Vec<TableRecord>, SourceError> {
        let shared = &self.log.shared;
        let end = shared.wait_beyond(Stream::Rows, self.next_row, wait);
        if end <= self.next_row {
            return Ok(Vec::new());
        }
        let stored = shared.read(Stream::Rows, self.next_row, end)?;
        let mut rows = Vec::with_capacity(stored.len());
        for (offset, row) in stored {
            let place = TablePlace { topic: self.rows_topic.clone(), partition: PARTITION, offset };
            self.next_row = offset + 1;
            // The writer gives every row its table.
            if let Some(table) = row.table {
                rows.push(TableRecord { table, key: Some(row.key), bytes: row.value, place });
            }
        }
        Ok(rows)
    }

    fn tables_caught_up(&self) -> bool {
        self.next_row >= self.rows_goal
    }

    fn recall(&self) -> Arc<dyn Recall> {
        Arc::new(LogRecall { shared: self.log.shared.clone(), number: self.number })
    }
}

struct LogRecall {
    shared: Arc<Shared>,
    number: u32,
}

impl Recall for LogRecall {
    fn recall(&self, place: Place) -> Result<Record, RecallError> {
        if place.partition != self.number || place.offset >= self.shared.end(Stream::Events) {
            return Err(RecallError::Gone);
        }
        let read = self.shared.read_one(Stream::Events, place.offset);
        let read = read.map_err(|error| RecallError::Unavailable(error.to_string()))?;
        let stored = read.ok_or(RecallError::Gone)?;
        Ok(Record { offset: place.offset, received_at: Some(stored.received_at), bytes: stored.value })
    }
}
