//! `highwater catalog apply`: publishes the rows of a plan, and nothing else.

use super::in_force::TableStreams;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::output;
use clap::Args;
use highwater_rating::catalog::{CatalogPlan, PlanError};
use highwater_rating::time::EventTime;
use serde_json::json;
use std::path::PathBuf;

/// Publish exactly the rows of a plan; refused when what is in force has changed since
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog plan --catalog catalog --out plan.json && highwater catalog apply plan.json

Ends with 65 when the file is no plan or was edited, with 1 when something overtook it.")]
pub struct ApplyArguments {
    /// A file that `catalog plan --out` wrote
    pub plan: PathBuf,
    /// Print what was published as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &ApplyArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let text = std::fs::read_to_string(&arguments.plan);
    let text = text.map_err(|error| CommandError::input(format_args!("{}: {error}", arguments.plan.display())))?;
    let plan = CatalogPlan::from_json(&text).map_err(refused)?;
    let mut streams = TableStreams::open(&settings.config)?;
    let now = EventTime(jiff::Timestamp::now().as_microsecond());
    plan.verify(&streams.rows()?, now).map_err(refused)?;
    let changes = plan.changes();
    if !changes.is_empty() {
        streams.publish(&changes)?;
    }
    if arguments.json {
        output::json(&json!({ "published": changes.len(), "unchanged": plan.unchanged, "plan": plan.hash }))?;
    } else {
        output::line(&format!("{} published", output::counted(changes.len(), "row", "rows")))?;
    }
    Ok(Exit::Done)
}

fn refused(error: PlanError) -> CommandError {
    match error {
        PlanError::NotAPlan(_) | PlanError::UnknownFormat(_) | PlanError::Edited => CommandError::input(error),
        PlanError::Overtaken | PlanError::Late(_) | PlanError::Refused(_) => CommandError::new(Exit::Negative, error),
    }
}
