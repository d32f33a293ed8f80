//! The effective settings as a person or a machine reads them, and their JSON Schema.

use super::layers::Layers;
use super::mistake::Origin;
use super::sections::Config;
use super::tree::{find, leaves};
use figment::value::Value;
use serde::Serialize;

/// One setting with its effective value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Dotted, as TOML writes it: `kafka.properties."sasl.mechanism"`.
    pub setting: String,
    /// Null where it is not set; `"***"` for a secret.
    pub value: serde_json::Value,
    pub origin: Origin,
}

pub fn shown(config: &Config, layers: &Layers) -> Vec<Shown> {
    let Ok(Value::Dict(_, values)) = Value::serialize(config) else { return Vec::new() };
    let mut paths = Vec::new();
    leaves(&values, &mut Vec::new(), &mut paths);
    let shown = paths.into_iter().map(|path| {
        let value = find(&values, &path).and_then(|value| serde_json::to_value(value).ok()).unwrap_or_default();
        Shown { setting: dotted(&path), value, origin: layers.origin_of(&path) }
    });
    shown.collect()
}

fn dotted(path: &[String]) -> String {
    let bare = |key: &String| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let written: Vec<String> =
        path.iter().map(|key| if bare(key) { key.clone() } else { format!("{key:?}") }).collect();
    written.join(".")
}

/// The JSON Schema of a settings file, for editors: `#:schema ./highwater.schema.json` as its first line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
