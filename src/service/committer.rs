//! Releases sealed epochs: manifest first, then the rows.
//!
//! The manifest is durable before the first row of an epoch leaves, so what readers saw is never more than what a
//! restart will reach before it shows anything. Epochs that wait are merged into one write. State is kept after the
//! rows: a start behind it does not make them again.

use super::checkpoints::Checkpoints;
use super::feeder::Sealed;
use super::held::Held;
use super::manifest::{DataFolder, Manifest, ManifestError};
use super::status::{Phase, Status};
use super::writer::{Release, Writer};
use crate::finals::{Closed, ClosedPeriod, ClosedPeriods, ClosedPeriodsError, HeldPeriod, ReadTo, Watermark};
use crate::source::Positions;
use crate::state::StateError;
use crossbeam_channel::{Receiver, Sender};
use highwater_dataflows::changes::{EpochChanges, OutcomeRow, PeriodValue};
use highwater_dataflows::feed::{Place, TableChange};
use highwater_dataflows::finals::changes::FinalChanges;
use highwater_dataflows::names::Names;
use highwater_rating::time::EventTime;
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
    pub watermark: Arc<Watermark>,
    pub names: Arc<Names>,
    /// The greatest watermark that is durable.
    pub kept: Option<EventTime>,
    /// Hands what was closed before to whoever feeds the graph.
    pub restored: Sender<Closed>,
    pub checkpoints: Checkpoints,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Closed(#[from] ClosedPeriodsError),
    #[error(transparent)]
    State(#[from] StateError),
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
    closed: Vec<ClosedPeriod>,
    /// Closed by an earlier process that may not have shown it.
    kept_before: Vec<ClosedPeriod>,
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
        let mut finals = self.restore()?;
        pending.kept_before = finals.unwritten()?;
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
            self.release(sealed, std::mem::take(&mut pending), first_release, &mut finals)?;
            first_release = false;
            self.checkpoints.keep()?;
        }
        // Says that the last rows are there, which nothing written before it could.
        self.data.write(&self.manifest)?;
        self.status.update(|snapshot| snapshot.phase = Phase::Stopped);
        Ok(self.data)
    }

    /// Opens what was closed before, reads it back from where rows go if the folder is new, and hands it on.
    fn restore(&mut self) -> Result<ClosedPeriods, CommitError> {
        let mut finals = ClosedPeriods::open(self.data.path())?;
        let mut closed = finals.read()?;
        if closed.is_empty() {
            closed = self.writer.closed().map_err(CommitError::Writer)?;
            if !closed.is_empty() {
                tracing::info!(periods = closed.periods.len(), "final periods were read back from ClickHouse");
                let held: Vec<_> = closed.held.iter().map(|period| (period.clone(), true)).collect();
                finals.keep(closed.watermark, &closed.periods, &held)?;
                finals.written()?;
            }
        }
        self.kept = closed.watermark;
        // The feeder may be gone already.
        let _ = self.restored.send(closed);
        Ok(finals)
    }

    fn take_up(
        &mut self,
        sealed: &mut Sealed,
        pending: &mut Pending,
        already_written: &impl Fn(Place) -> bool,
    ) -> Result<(), CommitError> {
        let mut changes = self.changes.recv().map_err(|_| CommitError::GraphGone)?;
        assert_eq!(changes.epoch, sealed.epoch, "changes come in the order of their seals");
        self.checkpoints.take_up(&mut changes, &sealed.positions);
        self.count(&changes);
        self.watermark.accepted(&changes.event_times);
        if !changes.finals.closed.is_empty() {
            let read_to = ReadTo::all(&sealed.positions);
            let closed = std::mem::take(&mut changes.finals.closed).into_iter();
            pending.closed.extend(closed.map(|period| ClosedPeriod { period, read_to: read_to.clone() }));
        }
        if !sealed.tables.is_empty() && !sealed.behind_released {
            Self::say_what_moved(sealed.tables.len(), &changes);
        }
        pending.held.absorb(changes, already_written);
        pending.tables.append(&mut sealed.tables);
        pending.rejected_tables.append(&mut sealed.rejected_tables);
        Ok(())
    }

    /// Rows of terms rate anew what they touch. Whoever published them sees by this how much that was; without events
    /// in the same epoch it is exactly theirs.
    fn say_what_moved(rows: usize, changes: &EpochChanges) {
        let periods = changes.periods.len();
        let lines: usize = changes.periods.iter().map(|(_, value)| value.as_ref().map_or(0, PeriodValue::lines)).sum();
        let (recurring, events) = (changes.recurring.len(), changes.counts.accepted);
        tracing::info!(rows, periods, lines, recurring, events, "rows of tables came into force");
        metrics::counter!("highwater_table_rows_total").increment(rows as u64);
        metrics::counter!("highwater_periods_rated_with_table_rows_total").increment(periods as u64);
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

    fn release(
        &mut self,
        sealed: Sealed,
        mut pending: Pending,
        first: bool,
        finals: &mut ClosedPeriods,
    ) -> Result<(), CommitError> {
        self.manifest.released = sealed.positions.clone();
        self.data.write(&self.manifest)?;
        let changes = pending.held.take();
        // After the manifest, so that what was frozen is read again before anything is shown; before the rows, so that
        // what is shown stays so.
        self.keep(&changes.finals, &pending.closed, finals)?;
        pending.closed.splice(0..0, pending.kept_before);
        let started = Instant::now();
        let release = Release {
            generation: self.manifest.generation,
            changes: &changes,
            tables: &pending.tables,
            rejected_tables: &pending.rejected_tables,
            closed: &pending.closed,
            positions: &sealed.positions,
            table_streams: &sealed.table_streams,
            sealed_at: sealed.sealed_at,
        };
        self.writer.write(&release).map_err(CommitError::Writer)?;
        if !pending.closed.is_empty() {
            finals.written()?;
        }
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

    fn keep(
        &mut self,
        changes: &FinalChanges,
        closed: &[ClosedPeriod],
        finals: &mut ClosedPeriods,
    ) -> Result<(), CommitError> {
        let watermark = changes.watermark.filter(|_| changes.watermark > self.kept);
        if watermark.is_none() && closed.is_empty() && changes.held.is_empty() {
            return Ok(());
        }
        let held = changes.held.iter().filter_map(|(period, reason)| {
            let organization_id = self.names.organization(period.organization)?.to_string();
            Some((HeldPeriod { organization_id, period_start: period.period_start }, reason.is_some()))
        });
        finals.keep(watermark, closed, &held.collect::<Vec<_>>())?;
        self.kept = self.kept.max(watermark);
        metrics::counter!("highwater_periods_closed_total").increment(closed.len() as u64);
        if let Some(watermark) = changes.watermark {
            metrics::gauge!("highwater_watermark_seconds").set(watermark.0 as f64 / 1e6);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
