//! `highwater run`: the service.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use crate::config::Flag;
use clap::Args;

/// Run the service: read events and tables, keep usage and rated overage up to date in ClickHouse
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater run
  highwater run --config /etc/highwater --workers 4
  HIGHWATER_KAFKA__BROKERS=broker-1:9092 highwater run --set source.kind=kafka")]
pub struct RunArguments {
    /// service.workers: worker threads of the dataflow
    #[arg(long, value_name = "N")]
    pub workers: Option<String>,
    /// service.listen_http: where the HTTP API listens
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

impl RunArguments {
    pub fn flags(&self) -> Vec<Flag> {
        let flags =
            [("--workers", "service.workers", &self.workers), ("--listen", "service.listen_http", &self.listen)];
        let set = flags.into_iter().filter_map(|(name, setting, value)| {
            value.as_ref().map(|value| Flag { name, setting, value: value.clone() })
        });
        set.collect()
    }
}

pub fn run(global: &GlobalArguments, arguments: &RunArguments) -> Result<Exit, CommandError> {
    let _settings = global.settings_with_secrets(arguments.flags())?;
    Err(CommandError::unavailable("`run` is not in this build"))
}
