//! Writes released rows to ClickHouse, and what is no event to the dead-letter topic.
//!
//! Tries until it succeeds; meanwhile the status says that ClickHouse or Kafka is delayed, and nothing is lost.

use super::inquiry::MeterBooks;
use super::status::{PartState, Status};
use super::writer::{Release, Writer};
use crate::clickhouse::{Delay, EpochWrite, MigrateError, Sink, Store};
use crate::finals::{Closed, ReadBackError};
use crate::source::kafka::{DeadLetter, DeadLetters};
use crate::source::{PartitionName, SourceError};
use highwater_dataflows::changes::Outcome;
use highwater_dataflows::names::Names;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Between two tries of what has no schedule of its own.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

pub struct ClickHouseWriter {
    pub sink: Sink,
    pub store: Store,
    pub names: Arc<Names>,
    pub meters: MeterBooks,
    pub status: Arc<Status>,
    pub runtime: Handle,
    /// Present where events come from Kafka.
    pub dead_letters: Option<DeadLetters>,
}

impl ClickHouseWriter {
    fn delayed(status: &Status, delay: &Delay<'_>) {
        if delay.tries == 1 {
            tracing::warn!(error = %delay.error, "ClickHouse takes no rows; they wait, and are tried again");
        }
        status.part("clickhouse", PartState::Delayed { reason: delay.error.to_string() });
    }

    /// Again and again: a record that is not kept aside would be lost to whoever watches the topic.
    fn keep_aside(&self, release: &Release<'_>) -> Result<(), String> {
        let Some(dead_letters) = &self.dead_letters else { return Ok(()) };
        let unknown = PartitionName { source: "unknown".into(), topic: String::new(), partition: 0 };
        let origin = |number: u32| {
            let named = release.positions.get(&number).map(|position| &position.name);
            named.or_else(|| release.table_streams.get(&number)).unwrap_or(&unknown)
        };
        let kept = release.changes.outcomes.iter().chain(release.rejected_tables);
        let letters: Vec<_> = kept
            .filter(|row| row.outcome == Outcome::Rejected)
            .map(|row| DeadLetter { rejection: &row.record, origin: origin(row.record.place.partition) })
            .collect();
        if letters.is_empty() {
            return Ok(());
        }
        loop {
            match dead_letters.send(&letters) {
                Ok(()) => {
                    self.status.part("dead_letters", PartState::Ok);
                    return Ok(());
                }
                Err(SourceError::Definite(stop)) => return Err(stop.to_string()),
                Err(SourceError::Temporary(outage)) => {
                    self.status.part("dead_letters", PartState::Delayed { reason: outage.to_string() });
                    std::thread::sleep(AGAIN_AFTER);
                }
            }
        }
    }
}

impl Writer for ClickHouseWriter {
    fn prepare(&mut self) -> Result<u64, String> {
        loop {
            let prepared = self.runtime.block_on(async {
                self.store.migrate().await?;
                Ok(self.store.greatest_generation().await?)
            });
            match prepared {
                Ok(generation) => {
                    self.status.part("clickhouse", PartState::Ok);
                    return Ok(generation);
                }
                // Whatever the server says, waiting helps: it is started, or a person lets us in.
                Err(MigrateError::Store(error)) => {
                    tracing::warn!(%error, "ClickHouse cannot be used yet; events are taken in meanwhile");
                    self.status.part("clickhouse", PartState::Delayed { reason: error.to_string() });
                    std::thread::sleep(AGAIN_AFTER);
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn closed(&mut self) -> Result<Closed, String> {
        loop {
            match self.runtime.block_on(Closed::read_back(&self.store)) {
                Ok(closed) => return Ok(closed),
                Err(ReadBackError::Store(error)) => {
                    self.status.part("clickhouse", PartState::Delayed { reason: error.to_string() });
                    std::thread::sleep(AGAIN_AFTER);
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn write(&mut self, release: &Release<'_>) -> Result<(), String> {
        self.keep_aside(release)?;
        let meters = self.meters.current();
        let write = EpochWrite {
            generation: release.generation,
            changes: release.changes,
            tables: release.tables,
            rejected_tables: release.rejected_tables,
            closed: release.closed,
            names: &self.names,
            meters: &meters,
            positions: release.positions,
            table_partitions: release.table_streams,
            sealed_at: Some(release.sealed_at),
        };
        let status = &self.status;
        self.runtime.block_on(self.sink.write_until_done(&write, |delay| Self::delayed(status, delay)));
        self.status.part("clickhouse", PartState::Ok);
        Ok(())
    }

    fn sweep(&mut self, generation: u64) -> Result<(), String> {
        let status = &self.status;
        self.runtime.block_on(self.sink.sweep_until_done(generation, |delay| Self::delayed(status, delay)));
        self.status.part("clickhouse", PartState::Ok);
        Ok(())
    }
}
