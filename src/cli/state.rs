//! `highwater state inspect|verify|prune`: the checkpoints in the data folder.

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::output;
use crate::service::{DataFolder, ManifestError};
use crate::state::{self, CheckpointSurvey, Disk, Folder, KEPT_MANIFESTS, Kept, StateError};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::Path;

/// Look at checkpoints, verify them, remove old ones
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    Inspect(InspectArguments),
    Verify(VerifyArguments),
    Prune(PruneArguments),
}

/// Show the checkpoints, and what is in the newest one
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater state inspect
  highwater state inspect --json --data-dir data")]
pub struct InspectArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Read every byte of every checkpoint, and say what is damaged
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater state verify
  highwater state verify --json --data-dir data

Ends with 1 when something is damaged. A start passes over what is, to the newest checkpoint that is sound.")]
pub struct VerifyArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Remove old checkpoints, and files that a crash has left
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater state prune --dry-run
  highwater state prune --keep 1

Needs the data folder for itself: stop the service first.")]
pub struct PruneArguments {
    /// How many sound checkpoints stay
    #[arg(long, value_name = "N", default_value_t = KEPT_MANIFESTS, value_parser = at_least_one)]
    pub keep: usize,
    /// Say what would be removed; remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it is no whole number from 1".to_owned()),
        Ok(keep) => Ok(keep),
    }
}

pub fn run(global: &GlobalArguments, command: &StateCommand) -> Result<Exit, CommandError> {
    let data_dir = global.settings(Vec::new())?.config.service.data_dir;
    match command {
        StateCommand::Inspect(arguments) => inspect(&data_dir, arguments),
        StateCommand::Verify(arguments) => verify(&data_dir, arguments),
        StateCommand::Prune(arguments) => prune(&data_dir, arguments),
    }
}

/// The folder with the checkpoints, where there is one.
fn folder(data_dir: &Path) -> Result<Option<Folder<Disk>>, CommandError> {
    let path = state::folder_in(data_dir);
    match path.is_dir() {
        true => Disk::open(&path).map(|disk| Some(Folder(disk))).map_err(|error| unreadable(&path, &error)),
        false => Ok(None),
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> CommandError {
    CommandError::input(format_args!("{}: {error}", path.display()))
}

fn surveyed(data_dir: &Path) -> Result<Vec<CheckpointSurvey>, CommandError> {
    folder(data_dir)?.map_or(Ok(Vec::new()), |folder| state::survey(&folder).map_err(|error| failed(data_dir, &error)))
}

fn failed(data_dir: &Path, error: &StateError) -> CommandError {
    unreadable(&state::folder_in(data_dir), error)
}

fn none(data_dir: &Path) -> Result<Exit, CommandError> {
    output::line(&format!("no checkpoints in {}", state::folder_in(data_dir).display()))?;
    Ok(Exit::Done)
}

fn inspect(data_dir: &Path, arguments: &InspectArguments) -> Result<Exit, CommandError> {
    let checkpoints = surveyed(data_dir)?;
    if arguments.json {
        output::json(&checkpoints)?;
        return Ok(Exit::Done);
    }
    if checkpoints.is_empty() {
        return none(data_dir);
    }
    output::line(&list(&checkpoints).trim_fmt())?;
    let Some(newest) = checkpoints.iter().find(|checkpoint| checkpoint.problems.is_empty()) else {
        return Ok(Exit::Done);
    };
    if !newest.sections.is_empty() {
        let mut table = output::table(["section", "shards and deltas", "bytes"]);
        for total in &newest.sections {
            table.add_row([total.kind.name(), &total.sections.to_string(), &total.bytes.to_string()]);
        }
        output::line(&format!("\n{}", table.trim_fmt()))?;
    }
    if let Some(cut) = &newest.cut {
        let mut table = output::table(["partition", "read to"]);
        for position in cut.positions.values() {
            table.add_row([position.name.to_string(), position.next_offset.to_string()]);
        }
        output::line(&format!("\n{}", table.trim_fmt()))?;
    }
    Ok(Exit::Done)
}

fn list(checkpoints: &[CheckpointSurvey]) -> comfy_table::Table {
    let mut table = output::table(["checkpoint", "generation", "epoch", "event time", "segments", "bytes", ""]);
    for checkpoint in checkpoints {
        let cut = checkpoint.cut.as_ref();
        table.add_row([
            checkpoint.number.to_string(),
            checkpoint.generation.map_or("–".to_owned(), |generation| generation.to_string()),
            cut.map_or("–".to_owned(), |cut| cut.epoch.to_string()),
            cut.and_then(|cut| cut.event_time_max).map_or("–".to_owned(), |time| time.to_string()),
            checkpoint.segments.to_string(),
            checkpoint.bytes.to_string(),
            if checkpoint.problems.is_empty() { "sound" } else { "damaged" }.to_owned(),
        ]);
    }
    table
}

fn verify(data_dir: &Path, arguments: &VerifyArguments) -> Result<Exit, CommandError> {
    let checkpoints = surveyed(data_dir)?;
    let sound = checkpoints.iter().all(|checkpoint| checkpoint.problems.is_empty());
    let exit = if sound { Exit::Done } else { Exit::Negative };
    if arguments.json {
        output::json(&checkpoints)?;
        return Ok(exit);
    }
    if checkpoints.is_empty() {
        return none(data_dir);
    }
    for checkpoint in &checkpoints {
        match checkpoint.problems.is_empty() {
            true => output::line(&format!("{}: {} bytes are sound", checkpoint.manifest, checkpoint.bytes))?,
            // What is wrong with the manifest itself names it already.
            false if checkpoint.generation.is_none() => output::line(&checkpoint.problems.join("; "))?,
            false => output::line(&format!("{}: {}", checkpoint.manifest, checkpoint.problems.join("; ")))?,
        }
    }
    Ok(exit)
}

fn prune(data_dir: &Path, arguments: &PruneArguments) -> Result<Exit, CommandError> {
    let Some(folder) = folder(data_dir)? else {
        return pruned(&state::Removable::default(), arguments);
    };
    let _claim = DataFolder::claim(data_dir).map_err(|error| match error {
        ManifestError::InUse { .. } => CommandError::unavailable(error),
        other => CommandError::internal(other),
    })?;
    // Alone in the folder: no greater generation is about to list a segment.
    let kept = Kept { manifests: arguments.keep, generation_max: u64::MAX };
    let removable = state::removable(&folder, kept).map_err(|error| failed(data_dir, &error))?;
    if !arguments.dry_run {
        state::remove(&folder, &removable).map_err(|error| failed(data_dir, &error))?;
    }
    pruned(&removable, arguments)
}

fn pruned(removable: &state::Removable, arguments: &PruneArguments) -> Result<Exit, CommandError> {
    if arguments.json {
        output::json(&json!({ "removed": !arguments.dry_run, "files": removable }))?;
        return Ok(Exit::Done);
    }
    let done = if arguments.dry_run { "would remove" } else { "removed" };
    removable.files().try_for_each(|file| output::line(&format!("{done} {file}")))?;
    if removable.files().next().is_none() {
        output::line("nothing to remove")?;
    }
    Ok(Exit::Done)
}
