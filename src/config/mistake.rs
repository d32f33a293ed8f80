//! One mistake in the settings: its place, a code for machines, a sentence for people and what to do about it.

use serde::Serialize;
use serde::de;
use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Line and column count from 1; the column counts characters.
    File {
        path: PathBuf,
        line: usize,
        column: usize,
    },
    /// An environment variable, by its name.
    Variable {
        name: String,
    },
    /// `--set key=…` or another flag, as it is written.
    Flag {
        name: String,
    },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line, column } => write!(formatter, "{}:{line}:{column}", path.display()),
            Origin::Variable { name } | Origin::Flag { name } => formatter.write_str(name),
            Origin::Default => formatter.write_str("default"),
        }
    }
}

/// Ordered by place, so that a list of them reads like the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ConfigMistake {
    pub origin: Origin,
    /// `kafka.brokers`; empty where a file cannot be read at all.
    pub setting: String,
    /// From the closed list of codes in the README.
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.origin, self.code, self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

pub mod code {
    pub const SYNTAX: &str = "invalid_toml";
    pub const UNREADABLE: &str = "unreadable_file";
    pub const UNKNOWN: &str = "unknown_setting";
    pub const TYPE: &str = "wrong_type";
    pub const VALUE: &str = "invalid_value";
    pub const UNIT: &str = "invalid_unit";
    pub const INLINE_SECRET: &str = "inline_secret";
    pub const SECRET: &str = "unreadable_secret";
    pub const RESERVED: &str = "reserved_property";
    pub const PROPERTY: &str = "invalid_property";
    pub const MISSING: &str = "missing_setting";
    pub const OVERLAP: &str = "overlapping_paths";
    pub const ASSIGNMENT: &str = "invalid_assignment";

    // Warnings.
    pub const OPEN_DOOR: &str = "open_door";
    pub const PLAIN_TEXT: &str = "plain_text_password";
    pub const UNUSED: &str = "unused_setting";

    /// The ones that a deserializer may name through [`super::coded`].
    pub(super) const CODED: [&str; 4] = [VALUE, UNIT, INLINE_SECRET, TYPE];
}

const SEPARATOR: char = '\u{1f}';

/// A deserializer's error carries text only; this packs code and help into it, [`decoded`] takes them out.
pub(super) fn coded<E: de::Error>(code: &'static str, message: impl fmt::Display, help: impl fmt::Display) -> E {
    E::custom(format_args!("{code}{SEPARATOR}{message}{SEPARATOR}{help}"))
}

pub(super) fn decoded(text: &str) -> (&'static str, String, Option<String>) {
    let mut parts = text.splitn(3, SEPARATOR);
    if let (Some(name), Some(message), Some(help)) = (parts.next(), parts.next(), parts.next())
        && let Some(code) = code::CODED.into_iter().find(|code| *code == name)
    {
        return (code, message.to_owned(), Some(help.to_owned()).filter(|help| !help.is_empty()));
    }
    (code::VALUE, text.to_owned(), None)
}
