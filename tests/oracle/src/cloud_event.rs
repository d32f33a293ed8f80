//! A CloudEvent in structured mode as the plain event that it stands for.

use crate::event::Code;
use serde_json::{Map, Value};

/// Attributes of the specification with the field that each of them is.
const ATTRIBUTES: [(&str, &str); 5] =
    [("id", "id"), ("source", "source"), ("type", "feature"), ("subject", "organizationId"), ("time", "timestamp")];
const IN_DATA: [&str; 7] = ["organizationId", "feature", "endpoint", "cost", "quantity", "metadata", "retract"];

pub fn as_plain(mut attributes: Map<String, Value>) -> Result<Map<String, Value>, Code> {
    if attributes.remove("specversion") != Some("1.0".into()) {
        return Err("invalid_field");
    }
    let source = attributes.get("source").ok_or("missing_field")?;
    if source == "" {
        return Err("invalid_field");
    }
    let mut plain = Map::new();
    for (attribute, field) in ATTRIBUTES {
        if let Some(value) = attributes.remove(attribute) {
            plain.insert(field.to_owned(), value);
        }
    }
    match attributes.remove("data") {
        None => {}
        Some(Value::Object(data)) if data.keys().all(|field| IN_DATA.contains(&field.as_str())) => plain.extend(data),
        Some(Value::Object(_)) => return Err("unknown_field"),
        Some(_) => return Err("invalid_field"),
    }
    // What is left are extensions: they say nothing about usage.
    let misplaced = |name: &String| IN_DATA.contains(&name.as_str()) || !name.bytes().all(is_extension_byte);
    if attributes.keys().any(misplaced) { Err("unknown_field") } else { Ok(plain) }
}

fn is_extension_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}
