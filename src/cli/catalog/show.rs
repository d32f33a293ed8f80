//! `highwater catalog show`: the rows in force.

use super::in_force::TableStreams;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::output;
use clap::Args;
use highwater_rating::tables::{Row, Table};
use std::path::PathBuf;

/// Print the rows in force, or those that catalog files hold
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater catalog show
  highwater catalog show --table subscriptions --json
  highwater catalog show --catalog catalog")]
pub struct ShowArguments {
    /// One table: meters, plans, add_ons, subscriptions, overrides, grants, credit_policies or adjustments
    #[arg(long, value_name = "TABLE", value_parser = table)]
    pub table: Option<Table>,
    /// The rows of these files instead of those in force
    #[arg(long, value_name = "DIR")]
    pub catalog: Option<PathBuf>,
    /// Print the rows as NDJSON
    #[arg(long)]
    pub json: bool,
}

fn table(name: &str) -> Result<Table, String> {
    Table::from_name(name).ok_or_else(|| format!("the tables are {}", Table::ALL.map(Table::name).join(", ")))
}

pub fn run(global: &GlobalArguments, arguments: &ShowArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let rows = match &arguments.catalog {
        Some(directory) => crate::catalog::read_catalog(directory).map_err(CommandError::configuration)?.rows,
        None => TableStreams::open(&settings.config)?.rows()?,
    };
    let rows = rows.iter().filter(|row| arguments.table.is_none_or(|table| row.table() == table));
    if arguments.json {
        for row in rows {
            output::line(&serde_json::to_string(row).map_err(CommandError::internal)?)?;
        }
        return Ok(Exit::Done);
    }
    let mut shown = output::table(["table", "key", "from", "to"]);
    for row in rows {
        shown.add_row(columns(row));
    }
    output::line(&shown.trim_fmt())?;
    Ok(Exit::Done)
}

fn columns(row: &Row) -> [String; 4] {
    let (from, to) = row.validity();
    let text =
        |instant: Option<highwater_rating::time::EventTime>| instant.map(|at| at.to_string()).unwrap_or_default();
    [row.table().to_string(), row.key().key.to_string(), text(from), text(to)]
}
