//! One raw record of a table stream.

use bytes::Bytes;
use highwater_rating::tables::{RowChange, RowKey, RowMistake, Table, read_change};
use std::fmt;
use std::sync::Arc;

/// A row as it was written, or the removal of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRecord {
    /// Which table the stream says it belongs to.
    pub table: Table,
    /// The key as the stream carries it: the message key in Kafka, the text of `RowKey::key` in the embedded log.
    pub key: Option<Bytes>,
    /// The row as JSON, bare or in a Debezium envelope. `None` removes the row of `key`.
    pub bytes: Option<Bytes>,
    pub place: TablePlace,
}

impl TableRecord {
    /// What the record does to its table, or what is wrong with it.
    pub fn change(&self) -> Result<RowChange, RowMistake> {
        read_change(self.table, self.key.as_deref(), self.bytes.as_deref())
    }
}

/// A table row to be published, as it will be handed out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWrite {
    pub key: RowKey,
    /// The row as JSON, without an envelope. `None` removes the key.
    pub row: Option<Bytes>,
}

impl TableWrite {
    /// `None` for a change of nothing.
    pub fn new(change: &RowChange) -> Option<TableWrite> {
        let (key, row) = change.to_record()?;
        Some(TableWrite { key, row: row.map(Bytes::from) })
    }
}

/// Where a table record stands. Table streams are read anew from their beginning at every start, so their partitions
/// have no numbers that would have to be kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TablePlace {
    pub topic: Arc<str>,
    pub partition: u32,
    pub offset: u64,
}

impl fmt::Display for TablePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}[{}] offset {}", self.topic, self.partition, self.offset)
    }
}
