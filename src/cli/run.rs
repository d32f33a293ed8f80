//! `highwater run`: the service.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use crate::config::Flag;
use crate::service::{self, Ended, ServiceError};
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
    let settings = global.settings_with_secrets(arguments.flags())?;
    service::run(&settings.config).map(exit_of).map_err(failed)
}

/// A drain that was cut short ends like the signal that asked for it.
pub fn exit_of(ended: Ended) -> Exit {
    match ended {
        Ended::Drained => Exit::Done,
        Ended::Cut => Exit::Terminated,
    }
}

pub fn failed(error: ServiceError) -> CommandError {
    match error {
        ServiceError::Configuration(_) => CommandError::configuration(error),
        ServiceError::State(_) | ServiceError::Checkpoint(_) => {
            CommandError::unavailable(error).help("highwater state verify")
        }
        ServiceError::Unavailable(_) | ServiceError::Manifest(_) => {
            CommandError::unavailable(error).help("highwater doctor")
        }
        ServiceError::Feed(_) => CommandError::unavailable(error),
        ServiceError::Commit(_) | ServiceError::Io(_) | ServiceError::Worker(_) | ServiceError::Thread(_) => {
            CommandError::internal(error)
        }
    }
}
