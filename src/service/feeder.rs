//! Reads the source, feeds the graph, seals epochs.
//!
//! Owns the clock of the service: an epoch ends when its interval has passed and something was fed. Does not own what
//! becomes of a sealed epoch (`committer`). The channel between the two is short, so a slow ClickHouse stops the
//! reading here and nothing piles up in memory.

use super::event_clock::EventClock;
use super::inquiry::{Inquiries, MeterBooks};
use super::status::{PartState, Phase, Status};
use super::tables::{self, TableReader};
use crate::source::{PartitionName, Positions, Source, SourceError, Stop};
use crossbeam_channel::{Receiver, Sender};
use highwater_dataflows::changes::{Epoch, OutcomeRow};
use highwater_dataflows::engine::Engine;
use highwater_dataflows::feed::{Batch, Records, TableChange};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one look for records may last: bounds how late a stop or a seal is noticed.
const LOOK: Duration = Duration::from_millis(20);
/// How long to look for table rows while nothing else may go on.
const LOOK_FOR_TABLES: Duration = Duration::from_millis(200);
/// Records of one epoch at the most, however long its interval: bounds the memory in which an epoch waits.
const EPOCH_RECORDS_MAX: u64 = 1_000_000;

/// An epoch that was sealed, and what its release needs to know.
#[derive(Debug)]
pub struct Sealed {
    pub epoch: Epoch,
    /// How far the source was read when it was sealed.
    pub positions: Positions,
    pub sealed_at: Instant,
    /// An earlier run has shown more than this epoch knows: its rows wait for a later one.
    pub behind_released: bool,
    /// The table rows that came into force with it.
    pub tables: Vec<TableChange>,
    /// Table records that were no row.
    pub rejected_tables: Vec<OutcomeRow>,
    /// What the partition numbers of those mean.
    pub table_streams: BTreeMap<u32, PartitionName>,
}

pub struct Feeder {
    pub engine: Engine,
    pub source: Box<dyn Source>,
    pub tables: TableReader,
    pub interval: Duration,
    pub checkpoints: CheckpointPace,
    /// What an earlier run may have shown.
    pub released: Positions,
    pub sealed: Sender<Sealed>,
    /// Positions whose rows are written, to be told to the broker.
    pub written: Receiver<Positions>,
    pub stop: Arc<AtomicBool>,
    pub status: Arc<Status>,
    pub meters: MeterBooks,
    pub inquiries: Inquiries,
    pub clock: EventClock,
}

/// When state is to be kept.
#[derive(Debug)]
pub struct CheckpointPace {
    interval: Duration,
    last: Instant,
    /// Whether epochs were sealed since.
    behind: bool,
}

impl CheckpointPace {
    pub fn every(interval: Duration) -> CheckpointPace {
        CheckpointPace { interval, last: Instant::now(), behind: false }
    }
}

/// Why reading ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("a worker of the dataflow has stopped")]
    GraphFailed,
    /// The committer is gone; it says why itself.
    #[error("the committer has stopped")]
    CommitterGone,
}

#[derive(Default)]
struct Open {
    records: u64,
    tables: Vec<TableChange>,
    rejected_tables: Vec<OutcomeRow>,
    /// Time has gone on, which may make periods final.
    watermark: bool,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.records == 0 && self.tables.is_empty() && self.rejected_tables.is_empty() && !self.watermark
    }
}

impl Feeder {
    /// Until the stop flag is set, a finite source ends, or reading on would be wrong. Hands the engine back for an
    /// orderly end.
    pub fn run(mut self) -> (Engine, Result<(), FeedError>) {
        let result = self.read();
        (self.engine, result)
    }

    fn read(&mut self) -> Result<(), FeedError> {
        let mut open = Open::default();
        // No event may be rated before the terms that were in force are known.
        while !self.source.tables_caught_up() && !self.stopping() {
            self.take_tables(&mut open, LOOK_FOR_TABLES)?;
        }
        let mut last_seal = Instant::now();
        let mut catching_up = self.is_behind();
        let phase = if catching_up { Phase::CatchingUp } else { Phase::Running };
        self.status.update(|snapshot| snapshot.phase = phase);
        loop {
            if self.stopping() || (self.source.is_finite() && self.source.finished()) {
                // The state at the end is kept, so that the next start has nothing to read again.
                return if open.is_empty() && !self.checkpoints.behind { Ok(()) } else { self.seal(&mut open) };
            }
            let engine = &self.engine;
            self.inquiries.answer(|event| engine.identity(&event.organization_id, &event.source, &event.id));
            if engine.has_failed() {
                // Its panic has said why, and ends the process.
                return Err(FeedError::GraphFailed);
            }
            // Only an epoch that has something in it can be late: without, looking again at once would spin.
            let sealing = !open.is_empty() && !catching_up;
            let until_seal = if sealing { self.interval.saturating_sub(last_seal.elapsed()) } else { LOOK };
            let batch = self.look(until_seal.min(LOOK))?;
            // After the look: a row that was durable before an event was sent holds when the event is counted.
            self.take_tables(&mut open, Duration::ZERO)?;
            if let Some(batch) = batch {
                self.feed(batch, &mut open);
            }
            let was_catching_up = std::mem::replace(&mut catching_up, self.is_behind());
            let caught_up_now = was_catching_up && !catching_up;
            // Also in the epoch that is shown first: what hangs on the watermark would else be gone for an epoch.
            if !catching_up {
                let positions = self.source.positions();
                open.watermark |= self.clock.tell(positions, &mut self.engine);
            }
            let full = open.records >= EPOCH_RECORDS_MAX;
            if caught_up_now || full || (last_seal.elapsed() >= self.interval && !open.is_empty() && !catching_up) {
                self.seal(&mut open)?;
                last_seal = Instant::now();
            }
            while let Ok(positions) = self.written.try_recv() {
                if let Err(error) = self.source.committed(&positions) {
                    // For lag monitors only: the manifest is what counts.
                    tracing::debug!(%error, "offsets were not told to the broker");
                }
            }
        }
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether an earlier run has shown rows of events that were not read yet.
    fn is_behind(&self) -> bool {
        let positions = self.source.positions();
        self.released.iter().any(|(partition, released)| {
            positions.get(partition).map_or(0, |position| position.next_offset) < released.next_offset
        })
    }

    fn take_tables(&mut self, open: &mut Open, wait: Duration) -> Result<(), FeedError> {
        let records = match self.source.poll_tables(wait) {
            Ok(records) => records,
            Err(error) => return self.source_failed(error, wait),
        };
        if records.is_empty() {
            return Ok(());
        }
        let read = self.tables.read(records);
        if !read.changes.is_empty() {
            let refused = self.engine.rows(read.changes.clone());
            open.rejected_tables.extend(refused.into_iter().map(tables::refused));
            self.meters.replace(self.engine.meters());
        }
        open.tables.extend(read.changes);
        open.rejected_tables.extend(read.rejected);
        Ok(())
    }

    fn look(&mut self, wait: Duration) -> Result<Option<Batch>, FeedError> {
        match self.source.poll(wait) {
            Ok(Some(batch)) => {
                self.status.part("source", PartState::Ok);
                Ok(Some(batch))
            }
            Ok(None) => Ok(None),
            Err(error) => self.source_failed(error, wait).map(|()| None),
        }
    }

    fn feed(&mut self, batch: Batch, open: &mut Open) {
        open.records += match &batch.records {
            Records::Framed(records) => records.len() as u64,
            // Lines are counted when they are decoded; a typical event guides the bound.
            Records::Lines { bytes, .. } => bytes.len() as u64 / 200 + 1,
        };
        self.engine.records(batch);
    }

    fn source_failed(&mut self, error: SourceError, wait: Duration) -> Result<(), FeedError> {
        match error {
            SourceError::Definite(stop) => Err(stop.into()),
            SourceError::Temporary(outage) => {
                self.status.part("source", PartState::Delayed { reason: outage.to_string() });
                // The next look may come at once: do not spin on an unreachable broker.
                std::thread::sleep(wait.max(LOOK));
                Ok(())
            }
        }
    }

    fn seal(&mut self, open: &mut Open) -> Result<(), FeedError> {
        let open = std::mem::take(open);
        let behind_released = self.is_behind();
        let due = self.stopping() || self.checkpoints.last.elapsed() >= self.checkpoints.interval;
        // Before everything shown was read again nothing is written, and so nothing kept.
        let keep = due && !behind_released;
        let epoch = if keep { self.engine.seal_with_snapshot() } else { self.engine.seal() };
        self.checkpoints.behind = !keep;
        if keep {
            self.checkpoints.last = Instant::now();
        }
        self.status.update(|snapshot| snapshot.epoch_sealed = epoch.0);
        let sealed = Sealed {
            epoch,
            positions: self.source.positions().clone(),
            sealed_at: Instant::now(),
            behind_released,
            tables: open.tables,
            rejected_tables: open.rejected_tables,
            table_streams: self.tables.streams(),
        };
        self.sealed.send(sealed).map_err(|_| FeedError::CommitterGone)
    }
}
