//! A secret is a reference to where it is kept; the text itself is read when it is used and held nowhere else.

use super::mistake::{code, coded};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::path::PathBuf;

/// `{ env = "NAME" }` or `{ file = "/run/secrets/name" }`. Shown, logged and serialised as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Reference);

#[derive(Clone, PartialEq, Eq)]
enum Reference {
    Variable(String),
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("the environment variable {0} is not set")]
    Unset(String),
    #[error("the environment variable {0} is not UTF-8 text")]
    NotText(String),
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{0} is empty")]
    Empty(String),
}

const HIDDEN: &str = "***";
pub(super) const HELP: &str = "write { env = \"NAME\" } or { file = \"/run/secrets/name\" }";

impl Secret {
    pub fn from_variable(name: impl Into<String>) -> Secret {
        Secret(Reference::Variable(name.into()))
    }

    pub fn from_file(path: impl Into<PathBuf>) -> Secret {
        Secret(Reference::File(path.into()))
    }

    /// Reads the secret now. A file's last line break is not part of it. The errors name the reference, never the text.
    pub fn reveal(&self) -> Result<String, SecretError> {
        let (place, text) = match &self.0 {
            Reference::Variable(name) => (
                name.clone(),
                match std::env::var(name) {
                    Ok(text) => text,
                    Err(std::env::VarError::NotPresent) => return Err(SecretError::Unset(name.clone())),
                    Err(std::env::VarError::NotUnicode(_)) => return Err(SecretError::NotText(name.clone())),
                },
            ),
            Reference::File(path) => {
                let place = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable {
                    path: place.clone(),
                    reason: error.kind().to_string(),
                })?;
                let length =
                    text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line)).len();
                (place, text[..length].to_owned())
            }
        };
        if text.is_empty() { Err(SecretError::Empty(place)) } else { Ok(text) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        struct Table;
        impl<'de> de::Visitor<'de> for Table {
            type Value = Secret;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("{ env = \"NAME\" } or { file = \"PATH\" }")
            }
            // No arm repeats the value: what was written here by mistake is a secret.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Secret, E> {
                Err(inline())
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
                Err(inline())
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
                Err(inline())
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
                let mut found = None;
                let mut count = 0;
                while let Some(key) = map.next_key::<String>()? {
                    count += 1;
                    found = match key.as_str() {
                        "env" => Some(Secret::from_variable(map.next_value::<String>()?)),
                        "file" => Some(Secret::from_file(map.next_value::<PathBuf>()?)),
                        _ => {
                            return Err(coded(code::VALUE, "a secret's reference is `env` or `file`", HELP));
                        }
                    };
                }
                found
                    .filter(|_| count == 1)
                    .ok_or_else(|| coded(code::VALUE, "a secret has exactly one reference", HELP))
            }
        }
        deserializer.deserialize_any(Table)
    }
}

pub(super) fn inline<E: de::Error>() -> E {
    coded(code::INLINE_SECRET, "a secret stands here in the open", HELP)
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Where a secret is kept; it is never written here itself.",
            "type": "object",
            "properties": { "env": { "type": "string" }, "file": { "type": "string" } },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretError};

    #[test]
    fn a_secret_shows_as_three_stars() {
        let secret = Secret::from_variable("CANARY");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    }

    #[test]
    fn a_secret_file_is_read_without_its_last_line_break() {
        let folder = tempfile::tempdir().unwrap();
        for (content, expected) in [("open\n", "open"), ("open\r\n", "open"), ("open", "open"), (" a b \n", " a b ")] {
            let path = folder.path().join("secret");
            std::fs::write(&path, content).unwrap();
            assert_eq!(Secret::from_file(path).reveal().as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_reference() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(Secret::from_file(path).reveal(), Err(SecretError::Empty(_))));
        assert!(matches!(Secret::from_file(folder.path().join("no")).reveal(), Err(SecretError::Unreadable { .. })));
        assert!(matches!(Secret::from_variable("HIGHWATER_TEST_UNSET").reveal(), Err(SecretError::Unset(_))));
    }
}
