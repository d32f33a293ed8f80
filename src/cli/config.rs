//! `highwater config show`: what holds, and who said so.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::output;
use crate::config::{self, Shown};
use clap::{Args, Subcommand};

/// Look at the settings
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    Show(ShowArguments),
}

/// Print the effective settings; secrets are printed as ***
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater config show
  highwater config show --origin --config highwater.toml
  highwater config show --schema > highwater.schema.json")]
pub struct ShowArguments {
    /// Say where each value was set: file:line:column, variable or flag
    #[arg(long)]
    pub origin: bool,
    /// Print the JSON Schema of a settings file instead
    #[arg(long, conflicts_with = "origin")]
    pub schema: bool,
    /// Print JSON: a list of setting, value and origin
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, command: &ConfigCommand) -> Result<Exit, CommandError> {
    let ConfigCommand::Show(arguments) = command;
    if arguments.schema {
        output::json(&config::schema())?;
        return Ok(Exit::Done);
    }
    let shown = global.settings(Vec::new())?.shown();
    if arguments.json {
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    for setting in &shown {
        output::line(&line(setting, arguments.origin))?;
    }
    Ok(Exit::Done)
}

/// TOML that reads back as the same setting, but for secrets.
fn line(shown: &Shown, with_origin: bool) -> String {
    let line = match &shown.value {
        serde_json::Value::Null => format!("# {} is not set", shown.setting),
        value => format!("{} = {value}", shown.setting),
    };
    if with_origin { format!("{line:<60} # {}", shown.origin) } else { line }
}
