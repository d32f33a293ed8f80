//! `highwater migrate`: brings ClickHouse's tables and views to this version.

use super::connection::Connection;
use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::{block_on, output};
use crate::clickhouse::{MigrateError, Migration, Step};
use clap::Args;

/// Bring ClickHouse's tables and views to this version; doing it again changes nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater migrate
  highwater migrate --dry-run --json

`run` does this at its start. Ends with 1 when the database belongs to a newer version, or was changed
by hand.")]
pub struct MigrateArguments {
    /// List what would be run; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the migrations as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &MigrateArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let migrations = block_on(async {
        let connection = Connection::open(&settings.config).await?;
        let done = match arguments.dry_run {
            true => connection.store.pending_migrations().await,
            false => connection.store.migrate().await,
        };
        connection.close().await;
        done.map_err(refused)
    })??;
    if arguments.json {
        output::json(&migrations)?;
        return Ok(Exit::Done);
    }
    for Migration { name, step } in &migrations {
        let word = match (step, arguments.dry_run) {
            (Step::Apply, true) => "to apply",
            (Step::Apply, false) => "applied",
            (Step::Replace, true) => "to replace",
            (Step::Replace, false) => "replaced",
            (Step::Keep, _) => "kept",
        };
        output::line(&format!("{word:<10} {name}"))?;
    }
    Ok(Exit::Done)
}

fn refused(error: MigrateError) -> CommandError {
    match error {
        MigrateError::Store(error) => CommandError::unavailable(error).help("highwater doctor"),
        refused => CommandError::new(Exit::Negative, refused),
    }
}
