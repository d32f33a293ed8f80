//! From layers to [`Config`], finding every mistake and not only the first.
//!
//! A deserializer stops at its first error. So each error's value is taken out of the layer that set it and the rest
//! is read again, until nothing is wrong: as many rounds as there are mistakes.

use super::layers::Layers;
use super::mistake::{ConfigMistake, Origin, code, decoded};
use super::sections::Config;
use figment::error::{Actual, Kind};

pub fn collect(layers: &mut Layers) -> (Option<Config>, Vec<ConfigMistake>) {
    let mut mistakes = Vec::new();
    loop {
        let error = match layers.merged().extract_lossy::<Config>() {
            Ok(config) => return (Some(config), mistakes),
            Err(error) => error,
        };
        mistakes.push(describe(&error, layers));
        if !layers.withdraw(&error.path) {
            return (None, mistakes);
        }
    }
}

/// Says what is wrong without repeating the value: it may be a secret in the wrong place.
fn describe(error: &figment::Error, layers: &Layers) -> ConfigMistake {
    let setting = error.path.join(".");
    let unknown = matches!(error.kind, Kind::UnknownField(..));
    let origin = layers.origin(&error.path, unknown);
    let (code, message, help) = match &error.kind {
        Kind::UnknownField(..) => {
            let help = nearest_setting(&setting).map(|near| format!("did you mean {}?", spelled(&near, &origin)));
            (code::UNKNOWN, format!("`{setting}` is no setting"), help)
        }
        Kind::UnknownVariant(written, expected) => {
            let near = expected.iter().find(|word| strsim::damerau_levenshtein(written, word) <= 2);
            let help = near.map(|word| format!("did you mean {word:?}?"));
            (code::VALUE, format!("`{setting}` is one of {}", expected.join(", ")), help)
        }
        Kind::InvalidType(found, expected) => {
            (code::TYPE, format!("`{setting}` takes {}, not {}", plain(expected), kind_of(found)), None)
        }
        Kind::InvalidValue(_, expected) => (code::VALUE, format!("`{setting}` takes {}", plain(expected)), None),
        Kind::Message(text) => {
            let (code, message, help) = decoded(text);
            (code, format!("`{setting}`: {message}"), help)
        }
        other => (code::VALUE, format!("`{setting}`: {other}"), None),
    };
    ConfigMistake { origin, setting, code, message, help }
}

/// serde names Rust's types; a reader of settings knows numbers and texts.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "path string" => "a text",
        _ if expected.starts_with("struct ") => "a table",
        "a map" => "a table",
        other => other,
    }
}

fn kind_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a number",
        Actual::Float(_) => "a fraction",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "this",
    }
}

/// The setting, or section, that is written most alike; the same name in another section counts as near.
fn nearest_setting(written: &str) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let candidates = Layers::known().into_iter().flat_map(|path| (1..=path.len()).map(move |n| path[..n].join(".")));
    let distance = |candidate: &str| {
        let whole = strsim::damerau_levenshtein(written, candidate);
        if last(written) == last(candidate) { whole.min(1) } else { whole }
    };
    let bound = (written.len() / 3).clamp(1, 4);
    candidates.map(|near| (distance(&near), near)).filter(|(far, _)| *far <= bound).min().map(|(_, near)| near)
}

/// A setting as it is written at that place: a variable's name, or dotted keys.
fn spelled(setting: &str, origin: &Origin) -> String {
    match origin {
        Origin::Variable { .. } => format!("HIGHWATER_{}", setting.replace('.', "__").to_uppercase()),
        _ => format!("`{setting}`"),
    }
}
