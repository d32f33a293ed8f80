//! One event, many spellings that mean the same; and damage that makes an event unreadable.

use super::dice::Dice;
use crate::civil::{self, Micros};
use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value};

/// The bytes of an event: plain or as a CloudEvent, fields in any order, numbers as numbers or strings, the instant
/// with any offset.
pub fn spell(dice: &mut Dice, event: &Map<String, Value>) -> Vec<u8> {
    let mut fields: Vec<(&str, String)> =
        event.iter().map(|(field, value)| (field.as_str(), spelled(dice, field, value))).collect();
    // A default written out says nothing new.
    if !event.contains_key("quantity") && dice.percent(30) {
        fields.push(("quantity", (*dice.pick(&["1", "1.0", "\"1\""])).to_owned()));
    }
    if !event.contains_key("retract") && dice.percent(5) {
        fields.push(("retract", "false".to_owned()));
    }
    let has_source = event.get("source").is_some_and(|source| source != "");
    if has_source && dice.percent(40) {
        return cloud_event(dice, fields).into_bytes();
    }
    if !event.contains_key("source") && dice.percent(10) {
        fields.push(("source", "\"\"".to_owned()));
    }
    object(dice, fields).into_bytes()
}

fn object(dice: &mut Dice, mut fields: Vec<(&str, String)>) -> String {
    dice.shuffle(&mut fields);
    let members: Vec<String> = fields.iter().map(|(field, value)| format!("\"{field}\":{value}")).collect();
    format!("{{{}}}", members.join(*dice.pick(&[",", ",", ", ", " ,\t"])))
}

fn cloud_event(dice: &mut Dice, fields: Vec<(&str, String)>) -> String {
    let mut attributes = vec![("specversion", "\"1.0\"".to_owned())];
    let mut data = Vec::new();
    for (field, value) in fields {
        match field {
            "id" | "source" => attributes.push((field, value)),
            "timestamp" => attributes.push(("time", value)),
            "feature" if dice.percent(60) => attributes.push(("type", value)),
            "organizationId" if dice.percent(60) => attributes.push(("subject", value)),
            _ => data.push((field, value)),
        }
    }
    if dice.percent(30) {
        attributes.push(("traceparent", "\"00-4bf9\"".to_owned()));
    }
    if dice.percent(30) {
        attributes.push(("datacontenttype", "\"application/json\"".to_owned()));
    }
    let data = object(dice, data);
    attributes.push(("data", data));
    object(dice, attributes)
}

fn spelled(dice: &mut Dice, field: &str, value: &Value) -> String {
    match field {
        "timestamp" => timestamp(dice, value.as_i64().expect("microseconds")),
        "quantity" | "cost" => decimal(dice, value.as_str().expect("a decimal")),
        "metadata" => metadata(dice, value),
        "id" if dice.percent(10) => escaped(value.as_str().expect("a text")),
        _ => value.to_string(),
    }
}

/// Numbers keep their value and change their digits.
fn metadata(dice: &mut Dice, value: &Value) -> String {
    let entries = value.as_object().expect("an object").iter().map(|(key, value)| match value {
        Value::Number(number) => {
            let zeros = if number.to_string().contains('.') { "0" } else { ".0" };
            format!("{}:{number}{}", Value::from(key.as_str()), if dice.percent(20) { zeros } else { "" })
        }
        other => format!("{}:{other}", Value::from(key.as_str())),
    });
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

fn timestamp(dice: &mut Dice, instant: Micros) -> String {
    if instant % 1_000 == 0 && dice.percent(20) {
        return (instant / 1_000).to_string();
    }
    let ahead = *dice.pick(&[0, 0, 0, 60, 345, -570, 14 * 60, -11 * 60]);
    if ahead == 0 {
        return format!("\"{}\"", civil::rfc3339(instant));
    }
    let offset = FixedOffset::east_opt(ahead * 60).expect("an offset within a day");
    let time = DateTime::from_timestamp_micros(instant).expect("an instant").with_timezone(&offset);
    format!("\"{}\"", time.format("%Y-%m-%dT%H:%M:%S%.6f%:z"))
}

fn decimal(dice: &mut Dice, text: &str) -> String {
    let zeros = match text.split_once('.') {
        Some((_, fraction)) if fraction.len() < 9 && dice.percent(20) => "0",
        None if dice.percent(15) => ".0",
        _ => "",
    };
    if dice.percent(40) { format!("\"{text}{zeros}\"") } else { format!("{text}{zeros}") }
}

/// Every character as `\u` escapes: the same text to any reader of JSON.
fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

/// Bytes that are no event, each for one reason.
pub fn damage(dice: &mut Dice, event: &Map<String, Value>) -> Vec<u8> {
    let bytes = spell(dice, event);
    let text = String::from_utf8(bytes).expect("UTF-8 until now");
    let with_timestamp = |value: &str| {
        let mut event = event.clone();
        event.remove("timestamp");
        format!("{{\"timestamp\":{value},{}", Value::from(event).to_string().trim_start_matches('{'))
    };
    match dice.between(0, 18) {
        0 => text[..text.len() - 1].to_owned(),
        1 => format!("{text} {{}}"),
        2 => format!("\u{feff}{text}"),
        3 => text.replacen('{', "{\"id\":\"first\",", 1),
        4 => text.replacen('{', "{\"organisation\":\"x\",", 1),
        5 => format!("[{text}]"),
        6 => return [text.as_bytes(), b"\xff"].concat(),
        7 => "not json".to_owned(),
        8 => with_timestamp("\"2026-11-03T12:34:56\""),
        9 => with_timestamp("\"2026-11-03T24:00:00Z\""),
        10 => with_timestamp(dice.pick::<&str>(&["1.5", "\"yesterday\"", "true", "\"2026-02-30T00:00:00Z\""])),
        11 => format!(
            "{{\"timestamp\":0,\"quantity\":{},\"id\":\"q\",\"organizationId\":\"o\",\"feature\":\"f\"}}",
            dice.pick(&["1e3", "\"1,5\"", "0.0000000001", "1000000000000000001", "\"\"", "true", "\" 1\"", "\"+1\""])
        ),
        12 => format!(
            "{{\"timestamp\":0,\"cost\":{},\"id\":\"q\",\"organizationId\":\"o\",\"feature\":\"f\"}}",
            dice.pick(&["1e3", "\"NaN\"", "0.0000000001", "null", "[]"])
        ),
        13 => format!(
            "{{\"timestamp\":0,{}}}",
            dice.pick(&[
                "\"organizationId\":\"o\",\"feature\":\"f\"",
                "\"id\":\"q\",\"feature\":\"f\"",
                "\"id\":\"q\",\"organizationId\":\"o\"",
            ])
        ),
        14 => format!(
            "{{\"timestamp\":0,{},\"feature\":\"f\"}}",
            dice.pick(&[
                "\"id\":7,\"organizationId\":\"o\"",
                "\"id\":\"\",\"organizationId\":\"o\"",
                "\"id\":\"q\",\"organizationId\":\"a\\u0000b\"",
                "\"id\":\"q\",\"organizationId\":\"\"",
                "\"id\":\"q\",\"organizationId\":\"o\",\"endpoint\":null",
            ])
        ),
        15 => format!(
            "{{\"timestamp\":0,\"id\":\"q\",\"organizationId\":\"o\",\"feature\":\"f\",\"metadata\":{}}}",
            dice.pick(&["[]", "null", "{\"a\":{}}", "{\"\":1}", "{\"a\":[1]}", "{\"a\":\"\\u0000\"}"])
        ),
        16 => format!(
            "{{{},\"id\":\"q\",\"type\":\"f\",\"subject\":\"o\",\"time\":\"2026-11-03T12:34:56Z\"}}",
            dice.pick(&[
                "\"specversion\":\"0.3\",\"source\":\"s\"",
                "\"specversion\":\"1.0\"",
                "\"specversion\":\"1.0\",\"source\":\"\"",
                "\"specversion\":\"1.0\",\"source\":\"s\",\"quantity\":1",
                "\"specversion\":\"1.0\",\"source\":\"s\",\"data\":[]",
                "\"specversion\":\"1.0\",\"source\":\"s\",\"data\":{\"amount\":1}",
            ])
        ),
        17 => format!("{}1{}", "[".repeat(17), "]".repeat(17)),
        _ => format!("{{\"id\":\"q\",\"organizationId\":\"o\",\"feature\":\"{}\"}}", dice.pick(&["api_call", "f"])),
    }
    .into_bytes()
}
