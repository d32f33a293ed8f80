//! `highwater dead-letters list|show|replay`: where the bad ones went, why, and putting them back.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Find records that were no event, see why, put them back
#[derive(Clone, Debug, Subcommand)]
pub enum DeadLettersCommand {
    List(ListArguments),
    Show(ShowArguments),
    Replay(ReplayArguments),
}

/// List rejected records, newest first
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters list
  highwater dead-letters list --code invalid_quantity --organization acme --json")]
pub struct ListArguments {
    #[command(flatten)]
    pub filter: Filter,
    /// Print NDJSON
    #[arg(long)]
    pub json: bool,
}

/// Print one rejected record with its bytes
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters show events/0/42
  highwater dead-letters show events/0/42 --raw > record.json")]
pub struct ShowArguments {
    /// Where it stands, as `list` prints it: SOURCE/PARTITION/OFFSET
    pub place: String,
    /// Print the record's bytes and nothing else
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Send rejected records again, as they are or mended
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater dead-letters replay --code unknown_dimension --dry-run
  highwater dead-letters replay --place events/0/42 --mended record.json")]
pub struct ReplayArguments {
    #[command(flatten)]
    pub filter: Filter,
    /// Only the record at this place
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Send this file's bytes in the place of the record's
    #[arg(long, value_name = "FILE", requires = "place")]
    pub mended: Option<PathBuf>,
    /// Say what would be sent; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print a line of JSON a record
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct Filter {
    /// Only with this code
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Only of this organization
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
}

pub fn run(global: &GlobalArguments, command: &DeadLettersCommand) -> Result<Exit, CommandError> {
    global.settings_with_secrets(Vec::new())?;
    let name = match command {
        DeadLettersCommand::List(_) => "list",
        DeadLettersCommand::Show(_) => "show",
        DeadLettersCommand::Replay(_) => "replay",
    };
    Err(CommandError::unavailable(format_args!("`dead-letters {name}` is not in this build")))
}
