//! `highwater replay`: the same graph over files, as fast as it can.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Args;
use std::num::NonZeroU64;
use std::path::PathBuf;

/// Rate files of events with a catalog, and write the final tables as NDJSON
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater replay --catalog catalog --events events.ndjson --out results
  highwater replay --catalog catalog --events 10.ndjson 11.ndjson --out results --workers 2

Writes usage_hour, period_usage, rated_lines and rejected_events; exit code 65 when a file cannot be read.")]
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
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, _arguments: &ReplayArguments) -> Result<Exit, CommandError> {
    let _settings = global.settings(Vec::new())?;
    Err(CommandError::unavailable("`replay` is not in this build"))
}
