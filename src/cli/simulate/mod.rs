//! `highwater simulate`: arguments, where the rows and events come from, and the answer in the form that was asked for.
//!
//! Does not own the comparison (`crate::simulate`).

mod archive;
mod show;

use super::catalog::TableStreams;
use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::{output, replay};
use crate::catalog::read_catalog;
use crate::replay::progress;
use crate::simulate::{self, Months, Simulation};
use clap::{ArgGroup, Args};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Rate the past under other terms, customer by customer, today beside tomorrow
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("past").required(true))]
#[command(after_help = "Examples:
  highwater simulate --catalog new --today catalog --events october.ndjson --period 2026-10
  highwater simulate --catalog new --events 10.ndjson 11.ndjson --backdate --json
  highwater simulate --catalog new --from-clickhouse --period 2026-10..2026-12 --plot autumn.svg

Both sides go through the graph that bills are made with. Of the tables that NEW speaks of its rows alone stand
tomorrow, of the others today's do, as `catalog apply` would have it. Nothing is changed anywhere.
--json prints a line a customer (schemas/simulate); amounts are minor units.")]
pub struct SimulateArguments {
    /// The catalog of tomorrow: a folder of files, or one file
    #[arg(long, value_name = "NEW")]
    pub catalog: PathBuf,
    /// The catalog of today [default: the rows in force]
    #[arg(long, value_name = "DIR")]
    pub today: Option<PathBuf>,
    /// NDJSON files of events, read in this order
    #[arg(long, value_name = "FILE", num_args = 1.., group = "past")]
    pub events: Vec<PathBuf>,
    /// Take the events from ClickHouse's archive, without those that were retracted
    #[arg(long, group = "past")]
    pub from_clickhouse: bool,
    /// Compare the billing periods whose middle lies in these months: 2026-10, 2026, 2026-10..2026-12 [default: all]
    #[arg(long, value_name = "MONTHS", value_parser = Months::parse)]
    pub period: Option<Months>,
    /// Let the newest version of each plan and add-on of NEW hold from the beginning
    #[arg(long)]
    pub backdate: bool,
    /// Also draw the customers with the greatest differences, as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Worker threads of the dataflow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// Print NDJSON, a line a customer
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &SimulateArguments) -> Result<Exit, CommandError> {
    let settings = global.settings(Vec::new())?;
    let mut new = read_catalog(&arguments.catalog).map_err(replay::wrong_catalog)?;
    let today = match &arguments.today {
        Some(path) => read_catalog(path).map_err(replay::wrong_catalog)?.rows,
        None => TableStreams::open(&settings.config)?.rows()?,
    };
    if arguments.backdate {
        new.rows = simulate::backdate(new.rows);
    }
    let tomorrow = simulate::tomorrow(&today, new);
    // Kept until both sides have read it.
    let archive = match arguments.from_clickhouse {
        true => Some(archive::take(&settings.config, today.iter().chain(&tomorrow))?),
        false => None,
    };
    let events = archive.as_ref().map_or_else(|| arguments.events.clone(), |file| vec![file.path().to_owned()]);
    let bytes = events.iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum();
    let workers = usize::from(arguments.workers);
    let simulation = Simulation { today, tomorrow, events, months: arguments.period, workers };
    let progress = progress(io::stderr().is_terminal(), bytes);
    let customers = simulate::run(simulation, &progress).map_err(replay::failed)?;
    if arguments.json {
        show::lines(&customers)?;
    } else {
        output::line(show::text(&customers).trim_end())?;
    }
    if let Some(path) = &arguments.plot {
        let svg = simulate::plot(&customers).map_err(CommandError::internal)?;
        std::fs::write(path, svg).map_err(|error| CommandError::input(format_args!("{}: {error}", path.display())))?;
    }
    Ok(Exit::Done)
}
