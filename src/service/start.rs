//! Opening the parts in the order in which they need each other, and ending them in the reverse order.

use super::checkpoints::Checkpoints;
use super::committer::{CommitError, Committer};
use super::event_clock::EventClock;
use super::feeder::{CheckpointPace, FeedError, Feeder, Sealed};
use super::inquiry::{MeterBooks, inquiries};
use super::manifest::{DataFolder, ManifestError};
use super::parts;
use super::status::{PartState, Phase, Status};
use super::stop::{Ended, Signals};
use super::tables::TableReader;
use crate::clickhouse::embedded;
use crate::config::{Config, MissingTimestamp};
use crate::finals::Watermark;
use crate::source::{PartitionPosition, Positions, Start};
use crate::state::{Cut, StateError};
use highwater_dataflows::engine::{Engine, Settings, Windows, WorkerPanic};
use highwater_dataflows::event::DecodeSettings;
use highwater_dataflows::snapshot::Unreadable;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Sealed epochs that may wait for ClickHouse. More stop the reading, and records wait where they are durable.
const SEALED_WAITING_MAX: usize = 4;
/// How long an orderly end may take before the process ends anyway: nothing is lost, as everything that was
/// acknowledged is read again.
const DRAIN_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the newest checkpoint: {0}")]
    Checkpoint(#[from] Unreadable),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Settings that name something that cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// Something that must be there at start is not.
    #[error("{0}")]
    Unavailable(String),
    #[error(transparent)]
    Worker(#[from] WorkerPanic),
    #[error("the {0} has stopped by a fault of its own")]
    Thread(String),
}

/// How a run rates, taken from the settings.
pub fn engine_settings(config: &Config) -> Settings {
    let microseconds = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Settings {
        workers: config.service.workers,
        // Terms may change at any minute, and what was counted must follow.
        windows: Windows { minute: true, hour: true, day: true },
        archive: config.events.archive,
        horizon_us: Some(microseconds(config.events.horizon)),
        snapshots: true,
        decode: decode_settings(config),
        ..Settings::default()
    }
}

pub fn decode_settings(config: &Config) -> DecodeSettings {
    DecodeSettings {
        archive: config.events.archive,
        future_tolerance_us: i64::try_from(config.events.future_tolerance.as_micros()).unwrap_or(i64::MAX),
        missing_timestamp: match config.events.missing_timestamp {
            MissingTimestamp::Reject => highwater_dataflows::event::MissingTimestamp::Reject,
            MissingTimestamp::Receipt => highwater_dataflows::event::MissingTimestamp::ReceivedAt,
        },
        record_bytes: config.events.max_event_bytes,
    }
}

/// From where the source reads: on from the checkpoint, or everything once more, as the state is a function of it.
fn start_of(cut: Option<&Cut>, released: Positions) -> Start {
    match cut {
        Some(cut) => {
            // A partition that was met after the checkpoint keeps its number, and is read from where it begins.
            let from_its_beginning =
                |position: PartitionPosition| PartitionPosition { next_offset: position.first_offset, ..position };
            let met_later = released.into_iter().map(|(number, position)| (number, from_its_beginning(position)));
            Start::resume(met_later.chain(cut.positions.clone()).collect())
        }
        None if released.is_empty() => Start::first(),
        None => Start::replay(released),
    }
}

/// A service whose threads run.
pub struct Service {
    status: Arc<Status>,
    feeder: std::thread::JoinHandle<(Engine, Result<(), FeedError>)>,
    committer: std::thread::JoinHandle<Result<DataFolder, CommitError>>,
    /// Held until the end: dropping it closes the engine.
    _clickhouse: Option<embedded::Running>,
    pub http_address: SocketAddr,
    /// Where ClickHouse answers.
    pub clickhouse_url: String,
}

impl Service {
    /// Opens every part; on return the service reads and writes.
    pub fn start(config: &Config, signals: &Signals) -> Result<Service, ServiceError> {
        let status = Arc::new(Status::default());
        // Not ready before its tables are there, however soon the first events are read.
        status.part("clickhouse", PartState::Delayed { reason: "its tables are being looked at".into() });
        let data = DataFolder::claim(&config.service.data_dir)?;
        let (clickhouse, store) = parts::clickhouse(config, signals.runtime())?;
        let manifest = data.read()?;
        let (checkpoints, checkpoint) = Checkpoints::open(&config.service.data_dir)?;
        let cut = checkpoint.as_ref().and_then(|checkpoint| checkpoint.manifest.cut.as_ref());
        let opened = parts::source(config, start_of(cut, manifest.released.clone()))?;
        let engine = match &checkpoint {
            Some(checkpoint) => Engine::resume(engine_settings(config), opened.source.recall(), &checkpoint.sections)?,
            None => Engine::start(engine_settings(config), opened.source.recall()),
        };
        tracing::info!(checkpoint = checkpoint.map(|checkpoint| checkpoint.manifest.number), "state");
        let (inquirer, inquiries) = inquiries();
        let meters = MeterBooks::default();
        meters.replace(engine.meters());
        let writer = parts::writer(config, &store, &engine, meters.clone(), status.clone(), signals.runtime())?;
        let shared = parts::shared(config, &opened, &engine, inquirer, meters.clone(), &store, status.clone());
        let http_address = parts::serve(config, shared, signals)?;
        let (sealed_sender, sealed) = crossbeam_channel::bounded::<Sealed>(SEALED_WAITING_MAX);
        let (written_sender, written) = crossbeam_channel::bounded::<Positions>(SEALED_WAITING_MAX);
        let watermark = Arc::new(Watermark::default());
        let (restored_sender, restored) = crossbeam_channel::bounded(1);
        let committer = Committer {
            watermark: watermark.clone(),
            names: engine.names().clone(),
            kept: None,
            restored: restored_sender,
            sealed,
            changes: engine.changes().clone(),
            data,
            manifest: manifest.clone(),
            writer,
            written: written_sender,
            status: status.clone(),
            checkpoints,
        };
        let feeder = Feeder {
            engine,
            source: opened.source,
            tables: TableReader::default(),
            interval: config.service.epoch_interval,
            checkpoints: CheckpointPace::every(config.service.checkpoint_interval),
            released: manifest.released,
            sealed: sealed_sender,
            written,
            stop: signals.asked(),
            status: status.clone(),
            meters,
            inquiries,
            clock: EventClock::new(watermark, restored, config.events.idle_after),
        };
        let feeder = std::thread::Builder::new().name("feeder".into()).spawn(move || feeder.run())?;
        let committer = std::thread::Builder::new().name("committer".into()).spawn(move || committer.run())?;
        let clickhouse_url = store.url().to_owned();
        Ok(Service { status, feeder, committer, _clickhouse: clickhouse, http_address, clickhouse_url })
    }

    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Until somebody asks for the end or a thread ends by itself; then drains.
    pub fn until_end(self, signals: &Signals) -> Result<Ended, ServiceError> {
        let asked = signals.asked();
        while !self.feeder.is_finished() && !self.committer.is_finished() && !asked.load(Ordering::Acquire) {
            // Two threads and a flag: looking some times a second is the simplest that cannot be missed.
            std::thread::sleep(Duration::from_millis(50));
        }
        self.drain(signals)
    }

    fn drain(self, signals: &Signals) -> Result<Ended, ServiceError> {
        signals.ask();
        self.status.update(|snapshot| snapshot.phase = Phase::Draining);
        let deadline = Instant::now() + DRAIN_MAX;
        while !(self.feeder.is_finished() && self.committer.is_finished()) {
            if Instant::now() > deadline {
                tracing::warn!("not everything could be written in time; it is written after the next start");
                return Ok(Ended::Cut);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let stopped = |name: &str| ServiceError::Thread(name.to_owned());
        let (engine, fed) = self.feeder.join().map_err(|_| stopped("feeder"))?;
        let committed = self.committer.join().map_err(|_| stopped("committer"))?;
        engine.finish()?;
        match (fed, committed) {
            // The feeder only noticed that the committer had gone.
            (Err(FeedError::CommitterGone), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(error.into()),
            (Ok(()), Err(error)) => Err(error.into()),
            (Ok(()), Ok(_)) => Ok(Ended::Drained),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PartitionName;

    fn at(partition: u32, first_offset: u64, next_offset: u64) -> PartitionPosition {
        let name = PartitionName { source: "kafka".into(), topic: "events".into(), partition };
        PartitionPosition { name, first_offset, next_offset, high_watermark: None }
    }

    #[test]
    fn reading_goes_on_at_the_cut_and_a_partition_that_was_met_later_keeps_its_number() {
        let released = Positions::from([(0, at(0, 0, 90)), (1, at(7, 3, 40))]);
        let cut = Cut { epoch: 5, event_time_max: None, positions: Positions::from([(0, at(0, 0, 60))]) };
        let expected = Positions::from([(0, at(0, 0, 60)), (1, at(7, 3, 3))]);
        assert_eq!(start_of(Some(&cut), released.clone()), Start::resume(expected));
        assert_eq!(start_of(None, released.clone()), Start::replay(released));
        assert_eq!(start_of(None, Positions::new()), Start::first());
    }
}
