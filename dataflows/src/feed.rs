//! What the service hands to the graph.

use bytes::Bytes;
use highwater_rating::tables::{Row, RowKey};
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};

/// Where a record stands: the service's number for (source, topic, partition), and the offset in it.
/// For files the offset is that of the line's first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub partition: u32,
    pub offset: u64,
}

/// A run of raw records of one partition, in order of offset.
#[derive(Clone, Debug)]
pub struct Batch {
    pub partition: u32,
    pub records: Records,
}

#[derive(Clone, Debug)]
pub enum Records {
    /// Newline-delimited; `first_offset` is the byte offset of `bytes[0]`. Blank lines are skipped.
    Lines { bytes: Bytes, first_offset: u64 },
    /// One framed record each.
    Framed(Vec<Record>),
}

#[derive(Clone, Debug)]
pub struct Record {
    pub offset: u64,
    /// When the source got it: Kafka's record timestamp, the embedded log's clock at the door.
    pub received_at: Option<EventTime>,
    /// `None` is a null value (a Kafka tombstone): no event.
    pub bytes: Option<Bytes>,
}

/// A table row that came into force or was replaced, or a key that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is a row: a box would be an allocation each")]
pub enum TableChange {
    Upsert(Row),
    Remove(RowKey),
}

/// Reads a record again, for a retract that names only an identity. The one question that the graph asks back.
pub trait Recall: Send + Sync {
    fn recall(&self, place: Place) -> Result<Record, RecallError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecallError {
    /// The source no longer holds it.
    #[error("the original record is no longer held by its source")]
    Gone,
    /// It could not be read now; asking again may help.
    #[error("the original record could not be read: {0}")]
    Unavailable(String),
}
