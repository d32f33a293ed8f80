//! `highwater catalog plan|apply|show`: from catalog files to the rows in force.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// See what a changed catalog would do, then do exactly that
#[derive(Clone, Debug, Subcommand)]
pub enum CatalogCommand {
    Plan(PlanArguments),
    Apply(ApplyArguments),
    Show(ShowArguments),
}

/// Print the difference between catalog files and what is in force; change nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog plan --catalog catalog
  highwater catalog plan --catalog catalog --out plan.json --detailed-exitcode")]
pub struct PlanArguments {
    /// The folder of catalog files; else catalog.directory
    #[arg(long, value_name = "DIR")]
    pub catalog: Option<PathBuf>,
    /// Write the plan to a file that `catalog apply` takes
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// End with 2 when the plan holds changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// Publish exactly the rows of a plan; refused when what is in force has changed since
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog plan --catalog catalog --out plan.json
  highwater catalog apply plan.json")]
pub struct ApplyArguments {
    /// A file that `catalog plan --out` wrote
    pub plan: PathBuf,
    /// Print what was published as JSON
    #[arg(long)]
    pub json: bool,
}

/// Print the rows in force
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog show
  highwater catalog show --table subscriptions --json")]
pub struct ShowArguments {
    /// One table: meters, plans, add_ons, subscriptions, overrides, grants or adjustments
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Print the rows as NDJSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, command: &CatalogCommand) -> Result<Exit, CommandError> {
    global.settings(Vec::new())?;
    let name = match command {
        CatalogCommand::Plan(_) => "plan",
        CatalogCommand::Apply(_) => "apply",
        CatalogCommand::Show(_) => "show",
    };
    Err(CommandError::unavailable(format_args!("`catalog {name}` is not in this build")))
}
