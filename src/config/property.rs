//! librdkafka's properties: any value of any name, secret ones by reference.

use super::document::Document;
use super::mistake::{code, coded};
use super::secret::{Secret, SecretError};
use super::tree::is_reference;
use figment::value::{Dict, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// A librdkafka property's value.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Property {
    Text(String),
    Secret(Secret),
}

impl Property {
    pub fn reveal(&self) -> Result<String, SecretError> {
        match self {
            Property::Text(text) => Ok(text.clone()),
            Property::Secret(secret) => secret.reveal(),
        }
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Property, D::Error> {
        struct Scalar;
        impl<'de> de::Visitor<'de> for Scalar {
            type Value = Property;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, a number, true, false or a secret's reference")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Property, E> {
                Ok(Property::Text(text.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Property, E> {
                Ok(Property::Text(flag.to_string()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Property, E> {
                Ok(Property::Text(number.to_string()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Property, A::Error> {
                Secret::deserialize(de::value::MapAccessDeserializer::new(map)).map(Property::Secret)
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Property, A::Error> {
                Err(coded(code::TYPE, "a property is one value", "join a list with commas"))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// Properties whose value is a secret, so that it is refused in the open.
pub fn is_secret(name: &str) -> bool {
    ["password", "secret", "key.pem", "private.key", "sasl.oauthbearer.config"].iter().any(|word| name.contains(word))
        && !name.ends_with(".location")
        && !name.ends_with(".file")
}

/// `sasl.username = "…"` without quotes is a table in TOML; under `kafka.properties` it means the property of that name.
pub fn join_properties(values: &mut Dict, document: &mut Document) {
    let Some(Value::Dict(_, kafka)) = values.get_mut("kafka") else { return };
    let Some(Value::Dict(_, properties)) = kafka.get_mut("properties") else { return };
    let mut joined = Dict::new();
    let root = ["kafka".to_owned(), "properties".to_owned()];
    let mut open: Vec<(Vec<String>, Value)> =
        std::mem::take(properties).into_iter().map(|(key, value)| (vec![key], value)).collect();
    while let Some((keys, value)) = open.pop() {
        match value {
            Value::Dict(_, inner) if !is_reference(&inner) => {
                open.extend(inner.into_iter().map(|(key, value)| ([keys.clone(), vec![key]].concat(), value)));
            }
            leaf => {
                let name = keys.join(".");
                document.alias(&[&root[..], &keys].concat(), [&root[..], std::slice::from_ref(&name)].concat());
                joined.insert(name, leaf);
            }
        }
    }
    *properties = joined;
}
