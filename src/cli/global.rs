//! Arguments that every command takes, and the settings they lead to.

use super::exit::{CommandError, Exit};
use super::{logging, output};
use crate::config::{ConfigMistake, Flag, Inputs, Settings};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// The options of [`GlobalArguments`]; each takes a value.
const OPTIONS: [&str; 5] = ["--config", "--set", "--data-dir", "--log-format", "--log-level"];

/// Puts the options that every command takes behind the command, in their order. They may stand before it too, and
/// `clap` forgets those where both have some: a setting would be dropped without a word.
pub fn gathered(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let (mut kept, mut gathered) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            gathered.push(argument);
            break;
        }
        let text = argument.to_string_lossy();
        let option = text.split_once('=').map_or(&*text, |(option, _)| option);
        if !OPTIONS.contains(&option) {
            kept.push(argument);
        } else if option.len() == text.len() {
            gathered.push(argument);
            gathered.extend(arguments.next());
        } else {
            gathered.push(argument);
        }
    }
    kept.into_iter().chain(gathered).chain(arguments).collect()
}

#[derive(Args, Clone, Debug, Default)]
pub struct GlobalArguments {
    /// A settings file, or a folder of them read in name order; may be repeated
    #[arg(long, global = true, value_name = "PATH", env = "HIGHWATER_CONFIG", help_heading = "Settings")]
    pub config: Vec<PathBuf>,
    /// Set one setting, as in --set kafka.brokers=broker-1:9092; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = "Settings")]
    pub set: Vec<String>,
    /// service.data_dir: where everything that survives a restart is kept
    #[arg(long, global = true, value_name = "DIR", help_heading = "Settings")]
    pub data_dir: Option<String>,
    /// log.format: pretty or json
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Settings")]
    pub log_format: Option<String>,
    /// log.level: error, warn, info, debug, trace, or directives
    #[arg(long, global = true, value_name = "LEVEL", help_heading = "Settings")]
    pub log_level: Option<String>,
}

impl GlobalArguments {
    /// What settings are read from; `own` are the flags of the command itself.
    pub fn inputs(&self, own: Vec<Flag>) -> Inputs {
        let global = [
            ("--data-dir", "service.data_dir", &self.data_dir),
            ("--log-format", "log.format", &self.log_format),
            ("--log-level", "log.level", &self.log_level),
        ];
        let global = global.into_iter().filter_map(|(name, setting, value)| {
            value.as_ref().map(|value| Flag { name, setting, value: value.clone() })
        });
        Inputs {
            paths: self.config.clone(),
            environment: environment(),
            assignments: self.set.clone(),
            flags: global.chain(own).collect(),
        }
    }

    /// Settings of a command that only reads or plans: no secret need be readable. Logs start here.
    pub fn settings(&self, own: Vec<Flag>) -> Result<Settings, CommandError> {
        let settings = Settings::load(&self.inputs(own)).map_err(|mistakes| invalid(&mistakes))?;
        logging::start(&settings.config.log);
        Ok(settings)
    }

    /// Settings of a command that connects: every secret must be readable.
    pub fn settings_with_secrets(&self, own: Vec<Flag>) -> Result<Settings, CommandError> {
        let settings = self.settings(own)?;
        match settings.unreadable_secrets() {
            mistakes if mistakes.is_empty() => Ok(settings),
            mistakes => Err(invalid(&mistakes)),
        }
    }
}

/// Variables that are text; a setting's name always is.
fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(text).collect()
}

fn invalid(mistakes: &[ConfigMistake]) -> CommandError {
    for mistake in mistakes {
        eprintln!("{mistake}");
    }
    CommandError::new(
        Exit::Configuration,
        output::counted(mistakes.len(), "mistake in the settings", "mistakes in the settings"),
    )
}

#[cfg(test)]
mod tests {
    use super::gathered;

    #[test]
    fn settings_count_wherever_they_stand_in_their_order() {
        for (given, read) in [
            ("highwater run", "highwater run"),
            ("highwater --set a=1 run --set b=2", "highwater run --set a=1 --set b=2"),
            ("highwater --set=a=1 config --config f show --json", "highwater config show --json --set=a=1 --config f"),
            ("highwater tap --set a=1 -- --set", "highwater tap --set a=1 -- --set"),
            ("highwater run --set", "highwater run --set"),
        ] {
            let arguments = gathered(given.split(' ').map(Into::into));
            let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
            assert_eq!(arguments.join(" "), read);
        }
    }
}
