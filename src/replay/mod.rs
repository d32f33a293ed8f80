//! `highwater replay`: the same graph over files, as fast as it can, to final tables as NDJSON.
//!
//! Owns the files it writes (their shapes are in `schemas/replay`), and taking files through the graph, which
//! `simulate` does twice. Does not own rating, nor the reading of files.

mod credit_files;
mod final_files;
mod order;
mod outcome_file;
mod rated_files;
mod recurring_file;
mod tables;
mod trend_files;
mod usage_file;

use crate::catalog::{CatalogError, read_catalog};
use crate::source::file::FileSource;
use crate::source::{Source, SourceError, Start, Stop};
use highwater_dataflows::RefusedRow;
use highwater_dataflows::changes::{Epoch, EpochCounts};
use highwater_dataflows::engine::{Engine, Settings, Windows, WorkerPanic};
use highwater_dataflows::event::DimensionsKey;
use highwater_dataflows::feed::{Records, TableChange};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use highwater_rating::tables::Row;
use highwater_rating::time::EventTime;
use indicatif::{ProgressBar, ProgressStyle};
use order::Ranks;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tables::FinalTables;
use usage_file::UsageRows;

/// A file is there or it is not: nothing arrives later.
const LOOK: Duration = Duration::from_millis(1);
/// To count events of an epoch by bytes, before they are decoded.
const TYPICAL_EVENT_BYTES: u64 = 200;

pub struct Replay<'a> {
    pub catalog: &'a Path,
    pub events: &'a [PathBuf],
    pub out: &'a Path,
    pub workers: usize,
    /// Absent: all input is one epoch.
    pub epoch_events: Option<u64>,
    /// Periods that ended a grace before this instant are final, and forecasts are of its day; absent for the greatest
    /// event time.
    pub watermark: Option<EventTime>,
    pub show_progress: bool,
}

/// What was done, and how fast.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub events: u64,
    pub accepted: u64,
    pub duplicate: u64,
    pub conflicting: u64,
    pub late: u64,
    pub rejected: u64,
    pub unattributed: u64,
    pub bytes: u64,
    pub usage_hour_rows: usize,
    pub period_usage_rows: usize,
    pub rated_line_rows: usize,
    pub recurring_line_rows: usize,
    pub credit_line_rows: usize,
    pub credit_ledger_rows: usize,
    pub credit_balance_rows: usize,
    pub recharge_request_rows: usize,
    pub rejected_event_rows: usize,
    pub close_record_rows: usize,
    pub final_line_rows: usize,
    pub trend_rows: usize,
    pub anomaly_rows: usize,
    pub bill_forecast_rows: usize,
    pub elapsed_ms: u64,
    pub events_per_second: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("{0}")]
    Events(#[from] Stop),
    #[error("{path}: {source}")]
    Out { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Worker(#[from] WorkerPanic),
    #[error("{} `{}`: {}", .0.key.table.name(), .0.key.key, .0.reason)]
    Refused(RefusedRow),
    #[error("the thread that takes up the results has stopped")]
    Collector,
}

pub fn run(replay: &Replay<'_>) -> Result<Summary, ReplayError> {
    let started = Instant::now();
    let catalog = read_catalog(replay.catalog)?;
    std::fs::create_dir_all(replay.out).map_err(|source| ReplayError::Out { path: replay.out.into(), source })?;
    let bytes = replay.events.iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum();
    let progress = progress(replay.show_progress, bytes);
    let pace = Pace { workers: replay.workers, epoch_events: replay.epoch_events, watermark: replay.watermark };
    let mut rated = rate(catalog.rows, replay.events, pace, &progress)?;
    progress.set_message("writing");
    let usage_hour = rated.tables.settle();
    let summary = write(replay, &rated, &usage_hour, bytes, started)?;
    // The process ends soon: giving the memory back row by row would only take time.
    std::mem::forget((usage_hour, rated.tables));
    progress.finish_and_clear();
    Ok(summary)
}

/// How the graph is fed; nothing in the results depends on it but what the watermark makes final.
pub struct Pace {
    pub workers: usize,
    pub epoch_events: Option<u64>,
    pub watermark: Option<EventTime>,
}

/// What the graph made of files of events under some rows.
pub struct Rated {
    pub names: Arc<Names>,
    pub meters: Arc<MeterBook>,
    pub tables: FinalTables,
}

/// Takes the files through the graph.
pub fn rate(rows: Vec<Row>, events: &[PathBuf], pace: Pace, progress: &ProgressBar) -> Result<Rated, ReplayError> {
    let mut source = FileSource::open(events, &Start::first()).map_err(definite)?;
    let settings = Settings {
        workers: pace.workers,
        windows: Windows { minute: false, hour: true, day: false },
        // The files are the archive.
        archive: false,
        // A file says nothing about when its events were received, so nothing in it is late or in the future.
        horizon_us: None,
        ..Settings::default()
    };
    let mut engine = Engine::start(settings, source.recall());
    let names = engine.names().clone();
    // Taken up beside the graph, so that it never waits for the tables.
    let changes = engine.changes().clone();
    let (absorbed, reached) = crossbeam_channel::unbounded();
    let collector = std::thread::spawn(move || {
        let mut tables = FinalTables::default();
        for epoch in changes.iter() {
            let number = epoch.epoch;
            tables.absorb(epoch);
            // Nobody waits for it any more when the end was told.
            let _ = absorbed.send((number, tables.counts.event_time_max));
        }
        tables
    });
    let refused = engine.rows(rows.into_iter().map(TableChange::Upsert).collect());
    if let Some(refused) = refused.into_iter().next() {
        return Err(ReplayError::Refused(refused));
    }
    let meters = engine.meters();
    let last = feed(&mut engine, &mut source, pace.epoch_events, progress)?;
    // Time is known once everything is counted. One watermark at the end: what is frozen does not depend on epochs.
    let event_time_max = reached.iter().find(|(epoch, _)| *epoch == last).and_then(|(_, latest)| latest);
    if let Some(watermark) = pace.watermark.or(event_time_max) {
        engine.watermark(watermark);
        engine.seal();
    }
    engine.finish()?;
    let tables = collector.join().map_err(|_| ReplayError::Collector)?;
    Ok(Rated { names, meters, tables })
}

/// Feeds and seals everything that the files hold.
fn feed(
    engine: &mut Engine,
    source: &mut FileSource,
    epoch_events: Option<u64>,
    progress: &ProgressBar,
) -> Result<Epoch, Stop> {
    let mut open_events = 0;
    while !source.finished() {
        let Some(batch) = source.poll(LOOK).map_err(definite)? else { continue };
        let length = match &batch.records {
            Records::Lines { bytes, .. } => bytes.len() as u64,
            Records::Framed(records) => records.len() as u64 * TYPICAL_EVENT_BYTES,
        };
        progress.inc(length);
        open_events += length / TYPICAL_EVENT_BYTES;
        engine.records(batch);
        if epoch_events.is_some_and(|bound| open_events >= bound) {
            engine.seal();
            open_events = 0;
        }
    }
    Ok(engine.seal())
}

fn definite(error: SourceError) -> Stop {
    match error {
        SourceError::Definite(stop) => stop,
        SourceError::Temporary(outage) => Stop::Unreadable { what: outage.what, detail: outage.detail },
    }
}

/// Of so many bytes of events, where somebody looks.
pub fn progress(show: bool, bytes: u64) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let template = "{bar:40} {bytes:>10}/{total_bytes} {bytes_per_sec:>12} {eta:>4} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn write(
    replay: &Replay<'_>,
    rated: &Rated,
    usage_hour: &UsageRows,
    bytes: u64,
    started: Instant,
) -> Result<Summary, ReplayError> {
    let failed = |source| ReplayError::Out { path: replay.out.into(), source };
    let Rated { names, meters, tables } = rated;
    let windows = usage_hour.iter().map(|(key, _)| (key.organization, key.meter, key.dimensions));
    let periods = tables.periods.keys().map(|key| (key.organization, key.meter, DimensionsKey(0)));
    let ranks = Ranks::of(windows.chain(periods), names, meters);
    let usage_path = replay.out.join("usage_hour.ndjson");
    usage_file::write(&usage_path, usage_hour, &ranks, meters, replay.workers).map_err(failed)?;
    let (period_usage_rows, rated_line_rows) =
        rated_files::write(replay.out, tables, &ranks, meters).map_err(failed)?;
    let recurring_line_rows = recurring_file::write(replay.out, tables.recurring.iter(), names).map_err(failed)?;
    let credits = credit_files::write(replay.out, &tables.credits, names).map_err(failed)?;
    let rejected_event_rows = outcome_file::write(replay.out, &tables.outcomes, replay.events).map_err(failed)?;
    let (close_record_rows, final_line_rows) = final_files::write(replay.out, &tables.closed).map_err(failed)?;
    let (trend_rows, anomaly_rows) = trend_files::write(replay.out, tables, names, meters).map_err(failed)?;
    let bill_forecast_rows = trend_files::write_bills(replay.out, tables, names).map_err(failed)?;
    let EpochCounts { received, accepted, duplicate, conflicting, late, rejected, unattributed, .. } = tables.counts;
    let elapsed = started.elapsed();
    Ok(Summary {
        events: received,
        accepted,
        duplicate,
        conflicting,
        late,
        rejected,
        unattributed,
        bytes,
        usage_hour_rows: usage_hour.len(),
        period_usage_rows,
        rated_line_rows,
        recurring_line_rows,
        credit_line_rows: credits.lines,
        credit_ledger_rows: credits.entries,
        credit_balance_rows: credits.balances,
        recharge_request_rows: credits.requests,
        rejected_event_rows,
        close_record_rows,
        final_line_rows,
        trend_rows,
        anomaly_rows,
        bill_forecast_rows,
        elapsed_ms: elapsed.as_millis() as u64,
        events_per_second: (u128::from(received) * 1_000_000 / elapsed.as_micros().max(1)) as u64,
    })
}
