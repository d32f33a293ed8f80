//! `highwater doctor`: one row a dependency.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Args;

/// Try everything that Highwater needs: one row each, with what to do
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater doctor
  highwater doctor --json --config highwater.toml")]
pub struct DoctorArguments {
    /// Print the rows as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, _arguments: &DoctorArguments) -> Result<Exit, CommandError> {
    global.settings(Vec::new())?;
    Err(CommandError::unavailable("`doctor` is not in this build"))
}
