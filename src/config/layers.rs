//! Where settings come from, lowest first: built-in defaults, files in the order given (a folder's in name order),
//! `HIGHWATER_*` variables with `__` between levels, `--set key=value`, flags.
//!
//! Owns the order and the origin of each value. Does not own whether a value is right (`collect`, `rules`).

use super::document::Document;
use super::mistake::{ConfigMistake, Origin, code};
use super::property::join_properties;
use super::sections::Config;
use super::tree::{find, find_references, leaves, remove};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::{Path, PathBuf};

const PREFIX: &str = "HIGHWATER_";
/// Variables that are no settings: where settings are, and where `make engine` put what it fetched.
const NOT_SETTINGS: [&str; 3] = ["HIGHWATER_CONFIG", "HIGHWATER_PARTS", "HIGHWATER_CLICKHOUSE_LIBRARY"];
/// What test runs pass around.
const TESTS_PREFIX: &str = "HIGHWATER_TEST_";

/// Everything that settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Files, or folders whose `*.toml` files are read in name order.
    pub paths: Vec<PathBuf>,
    /// The process's variables.
    pub environment: Vec<(String, String)>,
    /// `key=value` of each `--set`.
    pub assignments: Vec<String>,
    pub flags: Vec<Flag>,
}

/// A flag that stands for a setting: `--data-dir` for `service.data_dir`.
#[derive(Clone, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub setting: &'static str,
    pub value: String,
}

#[derive(Debug)]
pub struct Layers {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    values: Dict,
    origin: LayerOrigin,
}

#[derive(Debug)]
enum LayerOrigin {
    Default,
    File(PathBuf, Document),
    /// One variable or flag.
    Named(Origin),
}

impl Layers {
    pub fn read(inputs: &Inputs) -> (Layers, Vec<ConfigMistake>) {
        let mut mistakes = Vec::new();
        let mut layers = Layers { layers: vec![Layer { values: defaults(), origin: LayerOrigin::Default }] };
        for path in &inputs.paths {
            for file in files(path, &mut mistakes) {
                let (mut document, found) = Document::read(&file);
                mistakes.extend(found);
                let mut values = std::mem::take(&mut document.values);
                join_properties(&mut values, &mut document);
                layers.push(values, LayerOrigin::File(file, document));
            }
        }
        let mut variables: Vec<_> = inputs.environment.iter().filter(|(name, _)| is_setting(name)).collect();
        variables.sort();
        for (name, value) in variables {
            let origin = Origin::Variable { name: name.clone() };
            layers.push_one(variable_path(name), value, origin);
        }
        for assignment in &inputs.assignments {
            let (key, value) = assignment.split_once('=').unwrap_or((assignment, ""));
            let origin = Origin::Flag { name: format!("--set {key}") };
            if key.is_empty() || !assignment.contains('=') || key.split('.').any(str::is_empty) {
                mistakes.push(ConfigMistake {
                    origin,
                    setting: key.to_owned(),
                    code: code::ASSIGNMENT,
                    message: "--set takes key=value".into(),
                    help: Some("for example --set kafka.brokers=broker-1:9092".into()),
                });
                continue;
            }
            layers.push_one(setting_path(key), value, origin);
        }
        for flag in &inputs.flags {
            layers.push_one(setting_path(flag.setting), &flag.value, Origin::Flag { name: flag.name.to_owned() });
        }
        (layers, mistakes)
    }

    /// A secret's reference is one value: the higher layer's replaces the lower one's and is not merged into it.
    fn push(&mut self, values: Dict, origin: LayerOrigin) {
        let mut references = Vec::new();
        find_references(&values, &mut Vec::new(), &mut references);
        for path in references {
            for layer in &mut self.layers {
                remove(&mut layer.values, &path);
            }
        }
        self.layers.push(Layer { values, origin });
    }

    fn push_one(&mut self, path: Vec<String>, text: &str, origin: Origin) {
        let mut value = read_text(text);
        for key in path.iter().rev() {
            value = Value::from(Dict::from([(key.clone(), value)]));
        }
        if let Value::Dict(_, values) = value {
            self.push(values, LayerOrigin::Named(origin));
        }
    }

    pub fn merged(&self) -> Figment {
        self.layers.iter().fold(Figment::new(), |figment, layer| figment.merge(layer))
    }

    /// The place of the value that holds for `path`.
    pub fn origin_of<S: AsRef<str>>(&self, path: &[S]) -> Origin {
        self.origin(&path.iter().map(|key| key.as_ref().to_owned()).collect::<Vec<_>>(), false)
    }

    pub fn origin(&self, path: &[String], of_key: bool) -> Origin {
        let Some(layer) = self.layers.iter().rev().find(|layer| find(&layer.values, path).is_some()) else {
            return Origin::Default;
        };
        match &layer.origin {
            LayerOrigin::Default => Origin::Default,
            LayerOrigin::File(file, document) => document.origin(file, path, of_key),
            LayerOrigin::Named(origin) => origin.clone(),
        }
    }

    /// Takes the effective value at `path` out; the layer below shows through. Never touches the defaults.
    pub fn withdraw(&mut self, path: &[String]) -> bool {
        let holds =
            |layer: &&mut Layer| !matches!(layer.origin, LayerOrigin::Default) && find(&layer.values, path).is_some();
        match self.layers.iter_mut().rev().find(holds) {
            Some(layer) => remove(&mut layer.values, path),
            None => false,
        }
    }

    /// Every setting there is, as paths of keys.
    pub fn known() -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        leaves(&defaults(), &mut Vec::new(), &mut paths);
        paths
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named("settings")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn defaults() -> Dict {
    match Value::serialize(Config::default()) {
        Ok(Value::Dict(_, values)) => values,
        other => unreachable!("the built-in defaults are a table, not {other:?}"),
    }
}

fn files(path: &Path, mistakes: &mut Vec<ConfigMistake>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let listed: std::io::Result<Vec<PathBuf>> =
        std::fs::read_dir(path).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    match listed {
        Ok(mut files) => {
            files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
            files.sort();
            files
        }
        Err(error) => {
            mistakes.push(ConfigMistake {
                origin: Origin::File { path: path.to_owned(), line: 1, column: 1 },
                setting: String::new(),
                code: code::UNREADABLE,
                message: format!("the folder cannot be read: {error}"),
                help: None,
            });
            Vec::new()
        }
    }
}

fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) && !NOT_SETTINGS.contains(&name) && !name.starts_with(TESTS_PREFIX)
}

/// `HIGHWATER_KAFKA__PROPERTIES__SASL_USERNAME` is `kafka.properties."sasl.username"`: a variable's name holds no dots.
fn variable_path(name: &str) -> Vec<String> {
    let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
    match path.as_slice() {
        [kafka, properties, rest @ ..] if kafka == "kafka" && properties == "properties" && !rest.is_empty() => {
            vec![kafka.clone(), properties.clone(), rest.join("__").replace('_', ".")]
        }
        _ => path,
    }
}

fn setting_path(key: &str) -> Vec<String> {
    match key.strip_prefix("kafka.properties.") {
        Some(property) => vec!["kafka".into(), "properties".into(), property.to_owned()],
        None => key.split('.').map(str::to_owned).collect(),
    }
}

/// A variable's or flag's text: a list or a table as TOML, anything else as it stands.
fn read_text(text: &str) -> Value {
    if text.starts_with(['{', '['])
        && let Ok(table) = toml::from_str::<Dict>(&format!("value = {text}"))
        && let Some(value) = table.get("value")
    {
        return value.clone();
    }
    Value::from(text)
}
