//! The past from ClickHouse: the archive's events, written as the NDJSON that they came as.
//!
//! The archive keeps metadata as text. Numbers, `true` and `false` become such again, unless a meter compares the key
//! with a text.

use super::super::block_on;
use super::super::connection::Connection;
use super::super::exit::CommandError;
use crate::config::Config;
use highwater_rating::tables::{Row, Scalar};
use highwater_rating::time::EventTime;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use tempfile::NamedTempFile;

const EVENTS: &str = "SELECT organization_id, source, id, toString(toUnixTimestamp64Micro(event_time)) AS event_time_us, feature, endpoint,
        toString(quantity) AS quantity, toString(cost) AS cost, CAST(metadata, 'Map(String, String)') AS metadata
    FROM highwater.usage_events WHERE NOT retracted ORDER BY event_time, organization_id, source, id";

#[derive(Deserialize)]
struct Archived {
    organization_id: String,
    source: String,
    id: String,
    event_time_us: String,
    feature: String,
    endpoint: String,
    quantity: String,
    cost: String,
    metadata: BTreeMap<String, String>,
}

/// A file that goes when it is dropped.
pub fn take<'a>(config: &Config, rows: impl Iterator<Item = &'a Row>) -> Result<NamedTempFile, CommandError> {
    let texts = compared_with_texts(rows);
    let file = NamedTempFile::with_suffix(".ndjson").map_err(CommandError::internal)?;
    let mut out = BufWriter::new(&file);
    block_on(async {
        let connection = Connection::open(config).await?;
        let taken = connection.each_row(EVENTS, |line| write(&mut out, line, &texts)).await;
        connection.close().await;
        taken
    })??;
    out.flush().map_err(CommandError::internal)?;
    drop(out);
    Ok(file)
}

fn write(out: &mut impl Write, line: &[u8], texts: &BTreeSet<String>) -> Result<(), CommandError> {
    let archived: Archived = serde_json::from_slice(line).map_err(CommandError::internal)?;
    let event = event(archived, texts)?;
    serde_json::to_writer(&mut *out, &event).map_err(CommandError::internal)?;
    out.write_all(b"\n").map_err(CommandError::internal)
}

fn event(archived: Archived, texts: &BTreeSet<String>) -> Result<Value, CommandError> {
    let time: i64 = archived.event_time_us.parse().map_err(CommandError::internal)?;
    let metadata: Map<String, Value> = archived
        .metadata
        .into_iter()
        .map(|(key, text)| {
            let value = if texts.contains(&key) { Value::String(text) } else { scalar(text) };
            (key, value)
        })
        .collect();
    Ok(json!({
        "organizationId": archived.organization_id,
        "source": archived.source,
        "id": archived.id,
        "timestamp": EventTime(time),
        "feature": archived.feature,
        "endpoint": archived.endpoint,
        "quantity": archived.quantity,
        "cost": archived.cost,
        "metadata": metadata,
    }))
}

/// A number token as it was written, a flag, or the text.
fn scalar(text: String) -> Value {
    let is_scalar = matches!(text.as_str(), "true" | "false")
        || (text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            && text.ends_with(|last: char| last.is_ascii_digit())
            && serde_json::from_str::<&RawValue>(&text).is_ok());
    if is_scalar { serde_json::from_str(&text).unwrap_or(Value::String(text)) } else { Value::String(text) }
}

/// The metadata keys that some meter compares with a text.
fn compared_with_texts<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeSet<String> {
    let meters = rows.filter_map(|row| if let Row::Meters(meter) = row { Some(meter) } else { None });
    let conditions = meters.flat_map(|meter| &meter.conditions);
    let with_text = conditions.filter(|condition| condition.one_of.iter().any(|it| matches!(it, Scalar::Text(_))));
    with_text.map(|condition| condition.key.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_flags_become_such_again_digit_for_digit() {
        for (text, json) in [
            ("1.50", "1.50"),
            ("true", "true"),
            ("-0", "-0"),
            // Only an exponent gets its sign.
            ("1e3", "1e+3"),
            ("12345678901234567890.123", "12345678901234567890.123"),
            ("01", "\"01\""),
            ("1 ", "\"1 \""),
            ("null", "\"null\""),
            ("eu", "\"eu\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text.to_owned()).to_string(), json, "{text}");
        }
    }
}
