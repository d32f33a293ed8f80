//! Settings: what may be set, where each value comes from, and every mistake in them at once.
//!
//! Owns the layers (built-in defaults, files, environment, `--set`, flags), the shapes of the sections, secrets by
//! reference and the words for what is wrong. Does not own what a setting does: the part that reads it does.

mod collect;
mod document;
mod layers;
mod mistake;
mod property;
mod rules;
mod secret;
mod sections;
mod show;
#[cfg(test)]
mod tests;
mod tree;
mod units;
mod warnings;

pub use layers::{Flag, Inputs};
pub use mistake::{ConfigMistake, Origin};
pub use property::Property;
pub use secret::{Secret, SecretError};
pub use sections::{
    Approval, Catalog, ClickHouse, Close, Config, Events, Http, Kafka, Log, LogFormat, MissingTimestamp, Service,
    Source, SourceKind, Stripe, StripeMode, TableTopics,
};
pub use show::{Shown, schema};

use layers::Layers;
use std::time::Duration;

/// Reads `"1s"`, `"100ms"`, `"35d"` as the settings do, for arguments.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    units::duration::parse(text).ok_or_else(|| "write a number and a unit, as in 100ms, 1s, 5m".to_owned())
}

/// The effective settings, and where each of them was set.
#[derive(Debug)]
pub struct Settings {
    pub config: Config,
    layers: Layers,
}

impl Settings {
    /// Reads every layer. On failure the list holds all mistakes of all layers, in the order of their places.
    pub fn load(inputs: &Inputs) -> Result<Settings, Vec<ConfigMistake>> {
        let (mut layers, mut mistakes) = Layers::read(inputs);
        let (config, found) = collect::collect(&mut layers);
        mistakes.extend(found);
        if let Some(config) = &config {
            mistakes.extend(rules::broken(config, &layers));
        }
        mistakes.sort();
        drop_echoes(&mut mistakes);
        match config {
            Some(config) if mistakes.is_empty() => Ok(Settings { config, layers }),
            _ => Err(mistakes),
        }
    }

    /// Every secret that cannot be read now, with the place of its reference. A command that connects asks this
    /// first; `config show` and a plain `check` need no secret.
    pub fn unreadable_secrets(&self) -> Vec<ConfigMistake> {
        rules::unreadable_secrets(&self.config, &self.layers)
    }

    /// What is allowed and probably not meant.
    pub fn warnings(&self) -> Vec<ConfigMistake> {
        warnings::warnings(&self.config, &self.layers)
    }

    /// Where a setting's value stands: `origin_of(&["kafka", "brokers"])`.
    pub fn origin_of(&self, setting: &[&str]) -> Origin {
        self.layers.origin_of(setting)
    }

    /// Every effective value in order of section, secrets as `***`.
    pub fn shown(&self) -> Vec<Shown> {
        show::shown(&self.config, &self.layers)
    }
}

/// What the parser made of a line that is no TOML is no second mistake.
fn drop_echoes(mistakes: &mut Vec<ConfigMistake>) {
    let line = |mistake: &ConfigMistake| match &mistake.origin {
        Origin::File { path, line, .. } => Some((path.clone(), *line)),
        _ => None,
    };
    let broken: Vec<_> = mistakes.iter().filter(|mistake| mistake.code == mistake::code::SYNTAX).map(line).collect();
    mistakes.retain(|mistake| mistake.code == mistake::code::SYNTAX || !broken.contains(&line(mistake)));
    mistakes.dedup();
}

impl Config {
    pub fn load(inputs: &Inputs) -> Result<Config, Vec<ConfigMistake>> {
        Settings::load(inputs).map(|settings| settings.config)
    }
}
