//! Bytes to a JSON tree where no two readers can disagree: one value, no key twice, not too deep, not too large.

use crate::event::Code;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

const RECORD_BYTES: usize = 64 * 1024;
const DEPTH: usize = 16;
const TWICE: &str = "the same key twice";

pub fn read(bytes: &[u8]) -> Result<Value, Code> {
    if bytes.len() > RECORD_BYTES {
        return Err("too_large");
    }
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err("byte_order_mark");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "invalid_utf8")?;
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let first = values.next().ok_or("invalid_json")?.map_err(|_| "invalid_json")?;
    if !text[values.byte_offset()..].trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err("trailing_bytes");
    }
    if depth(&first) > DEPTH {
        return Err("too_deep");
    }
    match serde_json::from_str::<WithoutRepetition>(text) {
        Ok(_) => Ok(first),
        Err(error) if error.to_string().starts_with(TWICE) => Err("duplicate_key"),
        Err(_) => Err("invalid_json"),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Reads and forgets a value, failing where an object has a key twice. `serde_json`'s own tree keeps the last.
struct WithoutRepetition;

impl<'de> Deserialize<'de> for WithoutRepetition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WithoutRepetition, D::Error> {
        deserializer.deserialize_any(WithoutRepetition)
    }
}

impl<'de> Visitor<'de> for WithoutRepetition {
    type Value = WithoutRepetition;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<WithoutRepetition>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            entries.next_value::<WithoutRepetition>()?;
            if keys.insert(key, Value::Null).is_some() {
                return Err(Error::custom(TWICE));
            }
        }
        Ok(self)
    }
}
