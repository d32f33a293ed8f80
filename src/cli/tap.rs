//! `highwater tap`: watch records pass.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::{Args, ValueEnum};

/// Watch records pass, as NDJSON, until Ctrl-C
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater tap --stage accepted --organization acme
  highwater tap --stage rated --limit 10")]
pub struct TapArguments {
    /// Where to look
    #[arg(long, value_enum, default_value_t = Stage::Received)]
    pub stage: Stage,
    /// Only this organization's
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// End after so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Every outcome: accepted, duplicate, conflicting, late and rejected
    Received,
    /// Accepted events; needs the archive
    Accepted,
    /// Rated lines
    Rated,
}

pub fn run(global: &GlobalArguments, _arguments: &TapArguments) -> Result<Exit, CommandError> {
    global.settings_with_secrets(Vec::new())?;
    Err(CommandError::unavailable("`tap` is not in this build"))
}
