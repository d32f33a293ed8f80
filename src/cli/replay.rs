//! `highwater replay`: the same graph over files, as fast as it can.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::output;
use crate::catalog::CatalogError;
use crate::replay::{self, Replay, ReplayError, Summary};
use clap::Args;
use highwater_rating::time::EventTime;
use std::io::{self, IsTerminal};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

/// Rate files of events with a catalog, and write the final tables as NDJSON
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater replay --catalog catalog --events events.ndjson --out results
  highwater replay --catalog catalog --events 10.ndjson 11.ndjson --out results --workers 2
  highwater replay --catalog catalog --events e.ndjson --out final --watermark 2026-11-04T00:00:00Z

Writes usage_hour, period_usage, rated_lines, recurring_lines, rejected_events, close_records, final_lines,
trends, anomalies and bill_forecasts; exit code 65 when a file cannot be read.")]
pub struct ReplayArguments {
    /// The folder of catalog files
    #[arg(long, value_name = "DIR")]
    pub catalog: PathBuf,
    /// NDJSON files of events, read in this order
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub events: Vec<PathBuf>,
    /// The folder that the tables are written to; made if missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Worker threads of the dataflow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// Seal an epoch after so many events; without it the whole input is one
    #[arg(long, value_name = "N")]
    pub epoch_events: Option<NonZeroU64>,
    /// How far event time has come: periods that ended a grace before are final, forecasts are of its day [default: the greatest event time]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub watermark: Option<EventTime>,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &ReplayArguments) -> Result<Exit, CommandError> {
    let _settings = global.settings(Vec::new())?;
    let replay = Replay {
        catalog: &arguments.catalog,
        events: &arguments.events,
        out: &arguments.out,
        workers: usize::from(arguments.workers),
        epoch_events: arguments.epoch_events.map(NonZeroU64::get),
        watermark: arguments.watermark,
        show_progress: io::stderr().is_terminal(),
    };
    let summary = replay::run(&replay).map_err(failed)?;
    if arguments.json {
        output::json(&summary)?;
    } else {
        print!("{}", text(&summary, &arguments.out));
    }
    Ok(Exit::Done)
}

fn instant(text: &str) -> Result<EventTime, String> {
    EventTime::parse(text.as_bytes()).map_err(|error| error.to_string())
}

pub(super) fn failed(error: ReplayError) -> CommandError {
    match error {
        ReplayError::Catalog(error) => wrong_catalog(error),
        ReplayError::Refused(_) => CommandError::configuration(error),
        ReplayError::Events(_) | ReplayError::Out { .. } => CommandError::input(error),
        ReplayError::Worker(_) | ReplayError::Collector => CommandError::internal(error),
    }
}

/// Prints every mistake.
pub(super) fn wrong_catalog(error: CatalogError) -> CommandError {
    let CatalogError::Mistakes(mistakes) = error else { return CommandError::configuration(error) };
    mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
    CommandError::configuration(output::counted(mistakes.len(), "mistake in the catalog", "mistakes in the catalog"))
}

fn text(summary: &Summary, out: &Path) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let rows: [(&str, u64); 18] = [
        ("events", summary.events),
        ("accepted", summary.accepted),
        ("duplicate", summary.duplicate),
        ("conflicting", summary.conflicting),
        ("rejected", summary.rejected),
        ("unattributed", summary.unattributed),
        ("rows of usage_hour", summary.usage_hour_rows as u64),
        ("rows of period_usage", summary.period_usage_rows as u64),
        ("rows of rated_lines", summary.rated_line_rows as u64),
        ("rows of recurring_lines", summary.recurring_line_rows as u64),
        ("rows of credit_lines", summary.credit_line_rows as u64),
        ("rows of credit_ledger", summary.credit_ledger_rows as u64),
        ("rows of rejected_events", summary.rejected_event_rows as u64),
        ("rows of close_records", summary.close_record_rows as u64),
        ("rows of final_lines", summary.final_line_rows as u64),
        ("rows of trends", summary.trend_rows as u64),
        ("rows of anomalies", summary.anomaly_rows as u64),
        ("rows of bill_forecasts", summary.bill_forecast_rows as u64),
    ];
    for (name, count) in rows {
        let count = comfy_table::Cell::new(count).set_alignment(comfy_table::CellAlignment::Right);
        table.add_row([comfy_table::Cell::new(name), count]);
    }
    let (elapsed_ms, speed) = (summary.elapsed_ms, summary.events_per_second);
    format!("{}\n{elapsed_ms} ms, {speed} events a second, written to {}\n", table.trim_fmt(), out.display())
}
