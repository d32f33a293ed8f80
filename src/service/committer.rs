//! Releases sealed epochs: manifest first, then the rows.
//!
//! The manifest is durable before the first row of an epoch leaves, so what readers saw is never more than what a
//! restart will reach before it shows anything. Epochs that wait are merged into one write.

use super::feeder::Sealed;
use super::held::Held;
use super::manifest::{DataFolder, Manifest, ManifestError};
use super::status::{Phase, Status};
use super::writer::{Release, Writer};
use crate::source::Positions;
use crossbeam_channel::{Receiver, Sender};
use highwater_dataflows::changes::{EpochChanges, OutcomeRow};
use highwater_dataflows::feed::{Place, TableChange};
use std::sync::Arc;
use std::time::Instant;

/// Rows that are merged into one write at the most; reaching it sends what is there.
const HELD_ROWS_MAX: usize = 2_000_000;

pub struct Committer {
    pub sealed: Receiver<Sealed>,
    pub changes: Receiver<EpochChanges>,
    pub data: DataFolder,
    pub manifest: Manifest,
    pub writer: Box<dyn Writer>,
    pub written: Sender<Positions>,
    pub status: Arc<Status>,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The graph ended while an epoch was open: a worker has panicked and says so itself.
    #[error("the dataflow has stopped")]
    GraphGone,
    #[error("{0}")]
    Writer(String),
}

/// What was taken up since the last release.
#[derive(Default)]
struct Pending {
    held: Held,
    tables: Vec<TableChange>,
    rejected_tables: Vec<OutcomeRow>,
}

impl Committer {
    /// Until the feeder is gone and everything it sealed is written. Hands the claim on the data folder back with the
    /// result: it ends when the process does.
    pub fn run(mut self) -> Result<DataFolder, CommitError> {
        // Places before these are in ClickHouse since an earlier run.
        let written_before = self.manifest.written.clone();
        let already_written = |place: Place| {
            written_before.get(&place.partition).is_some_and(|position| place.offset < position.next_offset)
        };
        let mut pending = Pending::default();
        let mut first_release = true;
        let greatest = self.writer.prepare().map_err(CommitError::Writer)?;
        // Greater than in this folder and in ClickHouse: the folder may be a new one.
        self.manifest.generation = self.manifest.generation.max(greatest) + 1;
        self.data.write(&self.manifest)?;
        let generation = self.manifest.generation;
        self.status.update(|snapshot| snapshot.generation = generation);
        while let Ok(mut sealed) = self.sealed.recv() {
            self.take_up(&mut sealed, &mut pending, &already_written)?;
            while pending.held.rows() < HELD_ROWS_MAX {
                let Ok(next) = self.sealed.try_recv() else { break };
                sealed = next;
                self.take_up(&mut sealed, &mut pending, &already_written)?;
            }
            if sealed.behind_released {
                continue;
            }
            self.release(sealed, std::mem::take(&mut pending), first_release)?;
            first_release = false;
        }
        // Says that the last rows are there, which nothing written before it could.
        self.data.write(&self.manifest)?;
        self.status.update(|snapshot| snapshot.phase = Phase::Stopped);
        Ok(self.data)
    }

    fn take_up(
        &mut self,
        sealed: &mut Sealed,
        pending: &mut Pending,
        already_written: &impl Fn(Place) -> bool,
    ) -> Result<(), CommitError> {
        let changes = self.changes.recv().map_err(|_| CommitError::GraphGone)?;
        assert_eq!(changes.epoch, sealed.epoch, "changes come in the order of their seals");
        self.count(&changes);
        pending.held.absorb(changes, already_written);
        pending.tables.append(&mut sealed.tables);
        pending.rejected_tables.append(&mut sealed.rejected_tables);
        Ok(())
    }

    fn count(&self, changes: &EpochChanges) {
        let counts = changes.counts;
        for (outcome, count) in [
            ("accepted", counts.accepted),
            ("duplicate", counts.duplicate),
            ("conflicting", counts.conflicting),
            ("late", counts.late),
            ("rejected", counts.rejected),
        ] {
            metrics::counter!("highwater_events_received_total", "outcome" => outcome).increment(count);
        }
        metrics::counter!("highwater_events_unattributed_total").increment(counts.unattributed);
        metrics::counter!("highwater_rated_changes_total").increment(changes.periods.len() as u64);
        self.status.update(|snapshot| {
            snapshot.events_received += counts.received;
            snapshot.events_accepted += counts.accepted;
            snapshot.event_time_max = snapshot.event_time_max.max(counts.event_time_max);
        });
    }

    fn release(&mut self, sealed: Sealed, mut pending: Pending, first: bool) -> Result<(), CommitError> {
        self.manifest.released = sealed.positions.clone();
        self.data.write(&self.manifest)?;
        let changes = pending.held.take();
        let started = Instant::now();
        let release = Release {
            generation: self.manifest.generation,
            changes: &changes,
            tables: &pending.tables,
            rejected_tables: &pending.rejected_tables,
            positions: &sealed.positions,
            table_streams: &sealed.table_streams,
            sealed_at: sealed.sealed_at,
        };
        self.writer.write(&release).map_err(CommitError::Writer)?;
        if first {
            // Everything that still holds was written again under this generation; the rest is gone.
            self.writer.sweep(self.manifest.generation).map_err(CommitError::Writer)?;
        }
        metrics::histogram!("highwater_write_duration_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("highwater_seal_to_row_seconds").record(sealed.sealed_at.elapsed().as_secs_f64());
        for position in sealed.positions.values() {
            if let Some(lag) = position.lag() {
                let (topic, partition) = (position.name.topic.clone(), position.name.partition.to_string());
                metrics::gauge!("highwater_consumer_lag_records", "topic" => topic, "partition" => partition)
                    .set(lag as f64);
            }
        }
        self.manifest.written = sealed.positions.clone();
        self.status.update(|snapshot| {
            snapshot.epoch_written = sealed.epoch.0;
            if matches!(snapshot.phase, Phase::Starting | Phase::CatchingUp) {
                snapshot.phase = Phase::Running;
            }
        });
        // The feeder may be gone already.
        let _ = self.written.try_send(sealed.positions);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
