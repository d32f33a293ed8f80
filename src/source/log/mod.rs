//! The embedded durable log: what `append` acknowledged is on disk, in order, under dense offsets.
//!
//! Owns durability, group commit, back-pressure and reading by offset. Does not own what an event or a row means.
//! fjall carries it: its journal is checksummed and synced on demand, a batch is all or nothing, a torn tail is cut
//! off at opening, and a second process is refused.
//!
//! Appends of many callers share one fsync: a writer thread takes everything that arrived while the sync before was
//! under way, commits it as one batch and answers all. Events and table rows are two streams of one store. There is
//! one partition for now, and nothing is ever removed: the log is the record of what was acknowledged, and a restart
//! reads all of it.

mod block;
mod error;
mod shared;
mod source;
mod store;
mod writer;

pub use error::{AppendError, OpenError};
pub use source::LogSource;

use self::block::Stored;
use self::shared::Shared;
use self::store::Stream;
use self::writer::{Append, Writer};
use super::TableWrite;
use super::bounds::{LOG_FREE_SPACE_RESERVE_BYTES, LOG_RECORD_MAX_BYTES};
use bytes::Bytes;
use highwater_rating::time::EventTime;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A handle to the log of one directory; clones share it. The last one to go closes it.
#[derive(Clone)]
pub struct EventLog {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

/// What was done since the log was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCounts {
    pub appends: u64,
    pub records: u64,
    /// Commits; each is one fsync.
    pub fsyncs: u64,
}

/// The answer to an append, once it is durable: the offset of its first record.
#[must_use = "nothing is acknowledged before this was waited for"]
pub struct Acknowledgement(oneshot::Receiver<Result<u64, AppendError>>);

impl Acknowledgement {
    pub async fn acknowledged(self) -> Result<u64, AppendError> {
        self.0.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Blocks the thread, which must not be one of an async runtime.
    pub fn wait(self) -> Result<u64, AppendError> {
        self.0.blocking_recv().unwrap_or(Err(AppendError::Closed))
    }
}

impl EventLog {
    /// Opens the log in `directory`, creating it where there is none.
    pub fn open(directory: &Path) -> Result<EventLog, OpenError> {
        EventLog::open_with_reserve(directory, LOG_FREE_SPACE_RESERVE_BYTES)
    }

    /// As [`EventLog::open`], refusing appends when less than `reserve_bytes` are free on the disk.
    pub fn open_with_reserve(directory: &Path, reserve_bytes: u64) -> Result<EventLog, OpenError> {
        let shared = Arc::new(Shared::open(directory, reserve_bytes)?);
        let writer = Arc::new(Writer::start(shared.clone())?);
        Ok(EventLog { shared, writer })
    }

    /// Hands records over to be written; their offsets follow each other. Refuses at once when too much is waiting.
    pub fn append(&self, records: Vec<Bytes>, received_at: EventTime) -> Result<Acknowledgement, AppendError> {
        let records = records
            .into_iter()
            .map(|value| Stored { received_at, table: None, key: Bytes::new(), value: Some(value) })
            .collect();
        self.submit(Stream::Events, records)
    }

    /// Hands table rows over to be written, in order and all or none of them visible.
    pub fn append_rows(&self, rows: Vec<TableWrite>, written_at: EventTime) -> Result<Acknowledgement, AppendError> {
        let records = rows
            .into_iter()
            .map(|TableWrite { key, row }| Stored {
                received_at: written_at,
                table: Some(key.table),
                key: Bytes::copy_from_slice(key.key.as_bytes()),
                value: row,
            })
            .collect();
        self.submit(Stream::Rows, records)
    }

    /// The offset that the next event will get; everything below is durable.
    pub fn end(&self) -> u64 {
        self.shared.end(Stream::Events)
    }

    pub fn counts(&self) -> LogCounts {
        self.shared.counts()
    }

    fn submit(&self, stream: Stream, records: Vec<Stored>) -> Result<Acknowledgement, AppendError> {
        let mut bytes = 0;
        for record in &records {
            let value = record.value.as_ref().map_or(0, Bytes::len);
            if value > LOG_RECORD_MAX_BYTES || record.key.len() > usize::from(u16::MAX) {
                let (bytes, limit_bytes) = match value > LOG_RECORD_MAX_BYTES {
                    true => (value as u64, LOG_RECORD_MAX_BYTES as u64),
                    false => (record.key.len() as u64, u64::from(u16::MAX)),
                };
                return Err(AppendError::TooLarge { bytes, limit_bytes });
            }
            bytes += value + record.key.len();
        }
        let (answer, receiver) = oneshot::channel();
        self.writer.submit(Append { stream, records, bytes, answer })?;
        Ok(Acknowledgement(receiver))
    }
}
