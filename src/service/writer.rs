//! Where released rows go. One implementation writes to ClickHouse and the dead-letter topic; tests have their own.

use crate::finals::{Closed, ClosedPeriod};
use crate::source::{PartitionName, Positions};
use highwater_dataflows::changes::{EpochChanges, OutcomeRow};
use highwater_dataflows::feed::TableChange;
use std::collections::BTreeMap;
use std::time::Instant;

/// One write: everything that changed since the last one.
pub struct Release<'a> {
    pub generation: u64,
    pub changes: &'a EpochChanges,
    pub tables: &'a [TableChange],
    pub rejected_tables: &'a [OutcomeRow],
    /// Periods that became final; they are durable already.
    pub closed: &'a [ClosedPeriod],
    pub sealed_at: Instant,
    /// How far the source is read with these rows.
    pub positions: &'a Positions,
    /// What the partition numbers of rejected table records mean.
    pub table_streams: &'a BTreeMap<u32, PartitionName>,
}

/// Each call returns when the rows are readable, however long that takes; writing the same again changes nothing.
pub trait Writer: Send {
    /// Makes ready to write. Answers with the greatest generation that has written before, 0 for none.
    fn prepare(&mut self) -> Result<u64, String>;

    /// What was closed as far as it is known there: asked where the data folder knows of nothing.
    fn closed(&mut self) -> Result<Closed, String>;

    fn write(&mut self, release: &Release<'_>) -> Result<(), String>;

    /// Removes the state rows that older generations wrote and this one did not.
    fn sweep(&mut self, generation: u64) -> Result<(), String>;
}
