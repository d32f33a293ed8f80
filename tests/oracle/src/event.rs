//! A record to an event, or to the word for why it is none, read from a JSON tree field by field.
//!
//! Owns the event's grammar and what makes two events say the same. Does not own what a meter makes of it (`meter`).

use crate::civil::{self, Micros};
use crate::cloud_event;
use crate::exact::{self, Fraction};
use crate::strict_json;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Bytes with the time at which the source got them, where it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    pub bytes: Vec<u8>,
    pub received_at: Option<Micros>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub organization: String,
    pub source: String,
    pub id: String,
    pub instant: Micros,
    pub received_at: Option<Micros>,
    pub retract: bool,
    pub content: Content,
}

/// Everything that an event says apart from which one it is. Two events are the same when this is equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub given_instant: Option<Micros>,
    pub feature: String,
    pub endpoint: String,
    pub quantity: Fraction,
    pub cost: Fraction,
    pub metadata: BTreeMap<String, Scalar>,
}

/// A metadata value: its JSON type, and its text with numbers cut to the shortest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scalar {
    pub kind: &'static str,
    pub text: String,
}

pub type Code = &'static str;

const MINUTE: Micros = 60_000_000;
const FUTURE_TOLERANCE: Micros = 5 * MINUTE;
const NAME_BYTES: usize = 256;
const ENDPOINT_BYTES: usize = 1_024;
const FIELDS: [&str; 10] =
    ["id", "organizationId", "source", "feature", "endpoint", "timestamp", "quantity", "cost", "metadata", "retract"];

pub fn read(record: &RawRecord) -> Result<Event, Code> {
    let Value::Object(mut fields) = strict_json::read(&record.bytes)? else { return Err("invalid_field") };
    if fields.contains_key("specversion") {
        fields = cloud_event::as_plain(fields)?;
    }
    if fields.keys().any(|key| !FIELDS.contains(&key.as_str())) {
        return Err("unknown_field");
    }
    let retract = match fields.get("retract") {
        None => false,
        Some(Value::Bool(retract)) => *retract,
        Some(_) => return Err("invalid_field"),
    };
    let id = required(name(&fields, "id", NAME_BYTES)?)?;
    let organization = required(name(&fields, "organizationId", NAME_BYTES)?)?;
    let source = name(&fields, "source", NAME_BYTES)?.unwrap_or_default();
    let feature = name(&fields, "feature", NAME_BYTES)?;
    let endpoint = name(&fields, "endpoint", ENDPOINT_BYTES)?.unwrap_or_default();
    let given_instant = timestamp(&fields)?;
    let quantity = number(&fields, "quantity", "invalid_quantity", 1)?;
    let cost = number(&fields, "cost", "invalid_cost", 0)?;
    let metadata = metadata(&fields)?;
    let feature = if retract { feature.unwrap_or_default() } else { required(feature)? };
    let instant = match given_instant {
        None if retract => record.received_at.unwrap_or(0),
        given => required(given)?,
    };
    if given_instant.zip(record.received_at).is_some_and(|(given, received_at)| given > received_at + FUTURE_TOLERANCE)
    {
        return Err("future");
    }
    let content = Content { given_instant, feature, endpoint, quantity, cost, metadata };
    Ok(Event { organization, source, id, instant, received_at: record.received_at, retract, content })
}

fn required<T>(field: Option<T>) -> Result<T, Code> {
    field.ok_or("missing_field")
}

fn name(fields: &Map<String, Value>, field: &str, limit: usize) -> Result<Option<String>, Code> {
    let may_be_empty = matches!(field, "source" | "endpoint");
    match fields.get(field) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() && !may_be_empty => Err("invalid_field"),
        Some(Value::String(text)) if text.len() > limit || text.chars().any(char::is_control) => Err("invalid_field"),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err("invalid_field"),
    }
}

fn timestamp(fields: &Map<String, Value>) -> Result<Option<Micros>, Code> {
    let instant = match fields.get("timestamp") {
        None => return Ok(None),
        // chrono also reads a space for the T, and leap seconds.
        Some(Value::String(text)) if text.contains(' ') || text.get(17..19) == Some("60") => None,
        Some(Value::String(text)) => civil::instant(text),
        Some(Value::Number(number)) => number.to_string().parse::<i64>().ok().map(|milliseconds| milliseconds * 1_000),
        Some(_) => None,
    };
    instant.map(Some).ok_or("invalid_time")
}

fn number(fields: &Map<String, Value>, field: &str, code: Code, default: i64) -> Result<Fraction, Code> {
    match fields.get(field) {
        None => Ok(exact::integer(default)),
        Some(value) => bounded(value).ok_or(code),
    }
}

/// A decimal of at most nine fractional digits and at most 10^18 in magnitude.
pub fn bounded(value: &Value) -> Option<Fraction> {
    let text = exact::number_text(value)?;
    let digits_after_point = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let number = exact::decimal(&text)?;
    let limit = Fraction::from_integer(exact::power_of_ten(18));
    (digits_after_point <= 9 && number <= limit && number >= -limit).then_some(number)
}

fn metadata(fields: &Map<String, Value>) -> Result<BTreeMap<String, Scalar>, Code> {
    let entries = match fields.get("metadata") {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err("invalid_metadata"),
    };
    if entries.len() > 32 {
        return Err("too_many_metadata");
    }
    let scalar = |(key, value): (&String, &Value)| {
        let scalar = scalar(value).ok_or("invalid_metadata")?;
        let fits = !key.is_empty() && key.len() <= 128 && scalar.text.len() <= 256;
        let fits = fits && !key.chars().any(char::is_control) && !scalar.text.contains('\0');
        if fits { Ok((key.clone(), scalar)) } else { Err("invalid_metadata") }
    };
    entries.iter().map(scalar).collect()
}

pub fn scalar(value: &Value) -> Option<Scalar> {
    Some(match value {
        Value::Null => Scalar { kind: "null", text: String::new() },
        Value::Bool(flag) => Scalar { kind: "flag", text: flag.to_string() },
        Value::Number(number) => Scalar { kind: "number", text: shortest(&number.to_string()) },
        Value::String(text) => Scalar { kind: "text", text: text.clone() },
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// `1.50` and `1.5` are the same number; one with an exponent is compared as it is written.
fn shortest(token: &str) -> String {
    if token.contains(['e', 'E']) {
        return token.to_owned();
    }
    let cut = if token.contains('.') { token.trim_end_matches('0').trim_end_matches('.') } else { token };
    if cut == "-0" { "0".to_owned() } else { cut.to_owned() }
}
