//! `highwater migrate`: brings ClickHouse's tables and views to this version.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Args;

/// Bring ClickHouse's tables and views to this version; doing it again changes nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater migrate
  highwater migrate --dry-run --json")]
pub struct MigrateArguments {
    /// List what would be run; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the migrations as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, _arguments: &MigrateArguments) -> Result<Exit, CommandError> {
    global.settings_with_secrets(Vec::new())?;
    Err(CommandError::unavailable("`migrate` is not in this build"))
}
