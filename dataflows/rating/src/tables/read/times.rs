//! Instants, validity, anchors and time zones.

use super::{Fields, Reading, nearest};
use crate::tables::document::{Node, Value};
use crate::tables::mistake::MistakeCode;
use crate::time::{EventTime, TimeError};
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::Arc;

fn text<'n>(node: &'n Node, expected: &str, reading: &mut Reading) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => reading.wrong_type(node, expected),
    }
}

/// An instant on a whole minute: usage is kept by the minute, so terms that change elsewhere could not be applied to
/// what was counted already. Whole milliseconds are what connectors make of a column without a zone.
pub(crate) fn instant(node: &Node, reading: &mut Reading) -> Option<EventTime> {
    let instant = any_instant(node, reading)?;
    if !instant.is_whole_minute() {
        let message = format!("{instant} is not a whole minute");
        let hint = format!("the minute begins at {}", instant.floor_minute());
        return reading.mistake(MistakeCode::InstantNotWholeMinute, node, message, hint);
    }
    Some(instant)
}

/// An instant that no window has to follow.
pub(crate) fn any_instant(node: &Node, reading: &mut Reading) -> Option<EventTime> {
    let (written, instant) = match &node.value {
        Value::Text(text) => (text, EventTime::parse(text.as_bytes())),
        Value::Number(token) => {
            (token, token.parse().map_err(|_| TimeError::OutOfRange).and_then(EventTime::from_milliseconds))
        }
        _ => return reading.wrong_type(node, "an instant like 2026-01-01T00:00:00Z"),
    };
    match instant {
        Ok(instant) => Some(instant),
        Err(error) => {
            let message = format!("`{written}` is no instant: {error}");
            let hint = "write it like 2026-01-01T00:00:00Z, or in milliseconds since 1970";
            reading.mistake(MistakeCode::InvalidInstant, node, message, hint)
        }
    }
}

/// The end of a validity, which is after its beginning.
pub(super) fn end(
    fields: &Fields<'_>,
    name: &str,
    from: Option<EventTime>,
    code: MistakeCode,
    reading: &mut Reading,
) -> Option<Option<EventTime>> {
    fields.optional(name, reading, |node, reading| {
        let end = instant(node, reading)?;
        match from {
            Some(from) if end <= from => {
                reading.mistake(code, node, format!("{end} is not after {from}, when the row begins"), "")
            }
            _ => Some(end),
        }
    })
}

/// A civil date, or date-time of whole minutes, with no zone: the zone stands in its own field.
pub(super) fn anchor(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    let text = text(node, "a civil date-time like 2026-01-31T00:00:00", reading)?;
    let anchor = if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T')) {
        text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()
    } else {
        None
    };
    match anchor {
        Some(anchor) if anchor.second() == 0 && (1970..=9998).contains(&anchor.year()) => {
            Some(anchor.to_string().into())
        }
        _ => {
            let message = format!("`{text}` is not a civil date or date-time of whole minutes from 1970 on");
            reading.mistake(MistakeCode::InvalidAnchor, node, message, "write it like 2026-01-31T00:00:00")
        }
    }
}

/// An IANA name in its own spelling. `UTC` is one of them; offsets and abbreviations are not.
pub(super) fn time_zone(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    let text = text(node, "an IANA time zone like \"Europe/Vienna\"", reading)?;
    // The database that is compiled in, as periods are computed with it too.
    let zones = TimeZoneDatabase::bundled();
    let zone = zones.get(text).ok();
    match zone.as_ref().and_then(TimeZone::iana_name) {
        Some(name) if name == text => Some(text.into()),
        Some(name) => reading.mistake(
            MistakeCode::UnknownTimeZone,
            node,
            format!("time zones are written as in the IANA database, not `{text}`"),
            format!("did you mean `{name}`?"),
        ),
        None => {
            let known: Vec<String> = zones.available().map(|name| name.to_string()).collect();
            let hint = match nearest(text, known.iter().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "use a name of the IANA database, such as Europe/Vienna or UTC".to_string(),
            };
            reading.mistake(MistakeCode::UnknownTimeZone, node, format!("there is no time zone `{text}`"), hint)
        }
    }
}
