//! `highwater catalog plan`: the difference between files and what is in force.

use super::in_force::TableStreams;
use crate::catalog::{CatalogError, read_catalog};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::output;
use clap::Args;
use highwater_rating::catalog::{Action, CatalogPlan, PlanEntry, difference};
use highwater_rating::tables::Row;
use highwater_rating::time::EventTime;
use std::path::PathBuf;

/// Print the difference between catalog files and what is in force; change nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog plan --catalog catalog
  highwater catalog plan --catalog catalog --out plan.json --detailed-exitcode

Tables that no file speaks of are left alone. Ends with 78 when the catalog is invalid, with 1 when
the difference must not be applied, such as a meter that changes its meaning. A meter that is added
beside others counts from a few minutes ahead, or from its effective_from, which must lie ahead.")]
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

pub fn run(global: &GlobalArguments, arguments: &PlanArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let directory = arguments.catalog.as_ref().or(settings.config.catalog.directory.as_ref());
    let directory = directory.ok_or_else(|| {
        CommandError::usage("no catalog is named").help("give --catalog DIR, or set catalog.directory")
    })?;
    let wanted = read_catalog(directory).map_err(invalid)?;
    let in_force = TableStreams::open(&settings.config)?.rows()?;
    let now = EventTime(jiff::Timestamp::now().as_microsecond());
    let plan = match difference(&in_force, &wanted, now) {
        Ok(plan) => plan,
        Err(refusals) => {
            for refusal in &refusals {
                eprintln!("{refusal}");
            }
            let count = output::counted(refusals.len(), "change", "changes");
            return Err(CommandError::new(Exit::Negative, format_args!("{count} must not be applied")));
        }
    };
    if let Some(path) = &arguments.out {
        let text = plan.to_json().map_err(CommandError::internal)?;
        std::fs::write(path, text).map_err(|error| CommandError::input(format_args!("{}: {error}", path.display())))?;
    }
    if arguments.json {
        output::json(&plan)?
    } else {
        show(&plan)?
    }
    Ok(if arguments.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

fn invalid(error: CatalogError) -> CommandError {
    match error {
        CatalogError::Mistakes(mistakes) => {
            for mistake in &mistakes {
                eprintln!("{mistake}");
            }
            CommandError::configuration(output::counted(
                mistakes.len(),
                "mistake in the catalog",
                "mistakes in the catalog",
            ))
        }
        other => CommandError::configuration(other),
    }
}

fn show(plan: &CatalogPlan) -> Result<(), CommandError> {
    for entry in &plan.entries {
        output::line(&line(entry))?;
        for field in &entry.fields {
            let value = |value: &Option<serde_json::Value>| match value {
                Some(value) => value.to_string(),
                None => "nothing".into(),
            };
            output::line(&format!("    {}: {} -> {}", field.path, value(&field.before), value(&field.after)))?;
        }
    }
    let count = |action: Action| plan.entries.iter().filter(|entry| entry.action == action).count();
    let [added, changed, removed] = [Action::Added, Action::Changed, Action::Removed].map(count);
    output::line(&format!("{added} added, {changed} changed, {removed} removed, {} unchanged", plan.unchanged))
}

fn line(entry: &PlanEntry) -> String {
    let sign = match entry.action {
        Action::Added => "+",
        Action::Changed => "~",
        Action::Removed => "-",
    };
    let since = match &entry.row {
        _ if entry.retroactive => "  (holds for what was used already)".to_owned(),
        // The file may leave it out: then this is where the beginning was chosen.
        Some(Row::Meters(meter)) if entry.action == Action::Added => {
            meter.effective_from.map_or(String::new(), |from| format!("  (counts from {from})"))
        }
        _ => String::new(),
    };
    format!("{sign} {} {}{since}", entry.table, entry.key)
}
