//! Instants, validity, anchors and time zones.

use super::{Fields, Reading, nearest};
use crate::tables::document::{Node, Value};
use crate::tables::mistake::MistakeCode;
use crate::time::EventTime;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::sync::Arc;

const MINUTE_US: i64 = 60_000_000;
const INSTANT_HINT: &str = "write it like 2026-01-01T00:00:00Z";

fn text<'n>(node: &'n Node, expected: &str, reading: &mut Reading) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => reading.wrong_type(node, expected),
    }
}

/// An instant on a whole minute: usage is kept by the minute, so terms that change elsewhere could not be applied to
/// what was counted already.
pub(super) fn instant(node: &Node, reading: &mut Reading) -> Option<EventTime> {
    let text = text(node, "an instant like 2026-01-01T00:00:00Z", reading)?;
    // An instant with a bracketed zone says two things that may disagree.
    let timestamp = match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) if !text.contains('[') => timestamp,
        _ => {
            let message = format!("`{text}` is not an RFC 3339 instant with an offset");
            return reading.mistake(MistakeCode::InvalidInstant, node, message, INSTANT_HINT);
        }
    };
    let instant = EventTime(timestamp.as_microsecond());
    if instant.0.rem_euclid(MINUTE_US) != 0 || timestamp.subsec_nanosecond() != 0 {
        let minute = EventTime(instant.0 - instant.0.rem_euclid(MINUTE_US));
        let message = format!("{text} is not a whole minute");
        return reading.mistake(
            MistakeCode::InstantNotWholeMinute,
            node,
            message,
            format!("the minute begins at {minute}"),
        );
    }
    Some(instant)
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
    let zone = TimeZone::get(text).ok();
    match zone.as_ref().and_then(TimeZone::iana_name) {
        Some(name) if name == text => Some(text.into()),
        Some(name) => reading.mistake(
            MistakeCode::UnknownTimeZone,
            node,
            format!("time zones are written as in the IANA database, not `{text}`"),
            format!("did you mean `{name}`?"),
        ),
        None => {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let hint = match nearest(text, known.iter().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "use a name of the IANA database, such as Europe/Vienna or UTC".to_string(),
            };
            reading.mistake(MistakeCode::UnknownTimeZone, node, format!("there is no time zone `{text}`"), hint)
        }
    }
}
