//! `highwater check`: every mistake in settings and catalog, before anything starts.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Args;
use std::path::PathBuf;

/// Check settings and catalog files; print every mistake with its place
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater check
  highwater check --config highwater.toml --catalog catalog
  highwater check --connect --deny-warnings --json")]
pub struct CheckArguments {
    /// The folder of catalog files; else catalog.directory
    #[arg(long, value_name = "DIR")]
    pub catalog: Option<PathBuf>,
    /// Reach everything that the settings name, too
    #[arg(long)]
    pub connect: bool,
    /// End with 78 on warnings, too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print the mistakes as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, _arguments: &CheckArguments) -> Result<Exit, CommandError> {
    global.settings(Vec::new())?;
    Ok(Exit::Done)
}
