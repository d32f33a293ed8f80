//! Where raw records come from: Apache Kafka, the embedded log, or files, behind one trait.
//!
//! Owns how records are addressed (partition, offset), how far reading has come, and the reasons to stop reading.
//! Does not own what a record means (`dataflows::event`) nor which rows a table record holds
//! (`highwater_rating::tables`): it hands out bytes with their place.

mod bounds;
mod error;
mod position;
mod table_record;

pub mod file;
pub mod kafka;
pub mod log;

pub use error::{Outage, SourceError, Stop};
pub use position::{PartitionName, PartitionPosition, Positions, Start};
pub use table_record::{TablePlace, TableRecord, TableWrite};

use highwater_dataflows::feed::{Batch, Recall};
use std::sync::Arc;
use std::time::Duration;

/// A source is read by one thread, which may block. Within a partition records come in the order of their offsets,
/// each once; between partitions there is no order.
pub trait Source: Send {
    /// The next run of raw records of one partition, or `None` when nothing arrived within `wait`.
    ///
    /// After a [`SourceError::Temporary`] the caller keeps polling: nothing was lost and nothing is handed out twice.
    /// A [`SourceError::Definite`] repeats on every later call.
    fn poll(&mut self, wait: Duration) -> Result<Option<Batch>, SourceError>;

    /// How far `poll` has handed out each partition.
    fn positions(&self) -> &Positions;

    /// Tells the broker's consumer group how far rows were released, so that lag tools see it. Reading never starts
    /// from what is stored there. A source without such a group does nothing.
    fn committed(&mut self, _positions: &Positions) -> Result<(), SourceError> {
        Ok(())
    }

    /// The next raw rows of the table streams, empty when nothing arrived within `wait`. Rows of one key come in
    /// the order in which they were written.
    fn poll_tables(&mut self, wait: Duration) -> Result<Vec<TableRecord>, SourceError>;

    /// Whether `poll_tables` has handed out everything that the table streams held when the source was opened.
    /// Until then terms are incomplete, and no event should be rated.
    fn tables_caught_up(&self) -> bool;

    /// Reads single records again. May be used from any thread, and while this source is polled.
    fn recall(&self) -> Arc<dyn Recall>;

    /// Whether the source ends: files do, logs do not.
    fn is_finite(&self) -> bool {
        false
    }

    /// A finite source that has handed out its last record.
    fn finished(&self) -> bool {
        false
    }
}
