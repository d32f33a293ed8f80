//! `highwater demo`: everything embedded, with plausible live traffic.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::run::{exit_of, failed};
use crate::demo::{self, Demo, DemoError};
use clap::Args;
use std::time::Duration;

/// Start everything embedded with plausible live traffic, and watch who is over what
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater demo
  highwater demo --organizations 50 --rate 2000
  highwater demo --duration 30s --no-table")]
pub struct DemoArguments {
    /// How many organizations send events
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub organizations: usize,
    /// Events a second on average over a day
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub rate: u32,
    /// Stop by itself after this long, as in 30s; without it the demo runs until Ctrl-C
    #[arg(long, value_name = "DURATION", value_parser = crate::config::parse_duration)]
    pub duration: Option<Duration>,
    /// Print no live table
    #[arg(long)]
    pub no_table: bool,
}

pub fn run(global: &GlobalArguments, arguments: &DemoArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let demo = Demo {
        organizations: arguments.organizations,
        rate: arguments.rate,
        duration: arguments.duration,
        show_table: !arguments.no_table,
    };
    demo::run(settings.config, &demo).map(exit_of).map_err(|error| match error {
        DemoError::Service(error) => failed(error),
        DemoError::Traffic(error) => CommandError::unavailable(format_args!("{error:#}")),
    })
}
