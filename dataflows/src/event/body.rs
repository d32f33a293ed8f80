//! A request body as the records in it: one event, a JSON array of events, or one event a line.
//!
//! Only finds where records begin and end; each is then decoded on its own, so that one bad event among many is one
//! rejection. An array that cannot be followed to its end is refused as a whole.

use sonic_rs::to_array_iter;

/// Why a body as a whole is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {offset}", code.as_str())]
pub struct BodyError {
    pub code: BodyErrorCode,
    /// In bytes from the beginning of the body.
    pub offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyErrorCode {
    /// No media type that holds events, or another character set than UTF-8.
    UnsupportedMediaType,
    InvalidUtf8,
    ByteOrderMark,
    /// The array's syntax is broken at or after the offset.
    InvalidJson,
    /// Something follows the array.
    TrailingBytes,
    EmptyBatch,
    TooManyEvents,
}

impl BodyErrorCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            BodyErrorCode::UnsupportedMediaType => "unsupported_media_type",
            BodyErrorCode::InvalidUtf8 => "invalid_utf8",
            BodyErrorCode::ByteOrderMark => "byte_order_mark",
            BodyErrorCode::InvalidJson => "invalid_json",
            BodyErrorCode::TrailingBytes => "trailing_bytes",
            BodyErrorCode::EmptyBatch => "empty_batch",
            BodyErrorCode::TooManyEvents => "too_many_events",
        }
    }
}

enum Layout {
    /// One event, or an array of them: the first byte tells.
    Json,
    Lines,
}

/// The exact bytes of each record, in order. An empty `content_type` is taken for `application/json`.
pub fn split_body<'a>(content_type: &str, body: &'a [u8], events_limit: usize) -> Result<Vec<&'a [u8]>, BodyError> {
    let refuse = |code| BodyError { code, offset: 0 };
    let layout = layout(content_type).ok_or(refuse(BodyErrorCode::UnsupportedMediaType))?;
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(refuse(BodyErrorCode::ByteOrderMark));
    }
    let records = match layout {
        Layout::Lines => lines(body, events_limit)?,
        Layout::Json => match body.trim_ascii_start().first() {
            None => Vec::new(),
            Some(b'[') => array(body, events_limit)?,
            Some(_) => vec![body.trim_ascii()],
        },
    };
    if records.is_empty() { Err(refuse(BodyErrorCode::EmptyBatch)) } else { Ok(records) }
}

fn layout(content_type: &str) -> Option<Layout> {
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let layout = match parts.next()? {
        "" | "application/json" | "application/cloudevents+json" | "application/cloudevents-batch+json" => Layout::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
            Layout::Lines
        }
        _ => return None,
    };
    let utf8 = |charset: &str| matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii");
    parts.filter_map(|part| part.strip_prefix("charset=")).all(utf8).then_some(layout)
}

/// Blank lines are skipped, as in files.
fn lines(body: &[u8], events_limit: usize) -> Result<Vec<&[u8]>, BodyError> {
    let mut records = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let record = line.trim_ascii();
        if !record.is_empty() {
            push(&mut records, record, body, events_limit)?;
        }
    }
    Ok(records)
}

fn array(body: &[u8], events_limit: usize) -> Result<Vec<&[u8]>, BodyError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| BodyError { code: BodyErrorCode::InvalidUtf8, offset: error.valid_up_to() })?;
    let mut records = Vec::new();
    let mut read_to = body.len() - body.trim_ascii_start().len() + 1;
    for item in to_array_iter(text) {
        let item = item.map_err(|_| BodyError { code: BodyErrorCode::InvalidJson, offset: read_to })?;
        let range = range_in(text, &item.as_raw_cow())
            .ok_or(BodyError { code: BodyErrorCode::InvalidJson, offset: read_to })?;
        read_to = range.end;
        push(&mut records, &body[range], body, events_limit)?;
    }
    let rest = body[read_to..].trim_ascii_start();
    let closing = body.len() - rest.len();
    match rest.split_first() {
        Some((b']', rest)) if rest.trim_ascii().is_empty() => Ok(records),
        Some((b']', _)) => Err(BodyError { code: BodyErrorCode::TrailingBytes, offset: closing + 1 }),
        _ => Err(BodyError { code: BodyErrorCode::InvalidJson, offset: closing }),
    }
}

/// Where `part` stands in `text`, if it is a slice of it.
fn range_in(text: &str, part: &str) -> Option<std::ops::Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    (start + part.len() <= text.len()).then(|| start..start + part.len())
}

fn push<'a>(records: &mut Vec<&'a [u8]>, record: &'a [u8], body: &'a [u8], limit: usize) -> Result<(), BodyError> {
    if records.len() == limit {
        let offset = record.as_ptr() as usize - body.as_ptr() as usize;
        return Err(BodyError { code: BodyErrorCode::TooManyEvents, offset });
    }
    records.push(record);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn split<'a>(content_type: &str, body: &'a str) -> Result<Vec<&'a str>, (&'static str, usize)> {
        let records = split_body(content_type, body.as_bytes(), 3);
        let texts =
            records.map(|records| records.into_iter().map(|record| std::str::from_utf8(record).unwrap()).collect());
        texts.map_err(|error| (error.code.as_str(), error.offset))
    }

    #[test]
    fn a_body_is_one_event_an_array_or_lines() {
        let json = "application/json";
        let lines = "application/x-ndjson";
        let cases: &[(&str, &str, &[&str])] = &[
            (json, "{}", &["{}"]),
            ("", " {\"a\":[1]} \n", &["{\"a\":[1]}"]),
            ("Application/JSON; Charset=\"UTF-8\"", "{}", &["{}"]),
            ("application/cloudevents+json", "{}", &["{}"]),
            (json, "not json at all", &["not json at all"]),
            (json, "[{}]", &["{}"]),
            (json, " [ {\"a\":\"],[\"} ,\n{\"b\":[{}]} , 3 ] ", &["{\"a\":\"],[\"}", "{\"b\":[{}]}", "3"]),
            ("application/cloudevents-batch+json", "[{},[]]", &["{}", "[]"]),
            (lines, "{}\n{\"a\":1}\r\n\n  \n[1]", &["{}", "{\"a\":1}", "[1]"]),
            ("application/jsonl", "{}\nbroken\n{}\n", &["{}", "broken", "{}"]),
        ];
        for (content_type, body, records) in cases {
            assert_eq!(split(content_type, body).as_deref(), Ok(*records), "{body}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_followed_is_refused_with_its_place() {
        let json = "application/json";
        let lines = "application/x-ndjson";
        let cases: &[(&str, &str, &str, usize)] = &[
            ("text/plain", "{}", "unsupported_media_type", 0),
            ("application/x-www-form-urlencoded", "{}", "unsupported_media_type", 0),
            ("application/json; charset=utf-16", "{}", "unsupported_media_type", 0),
            (json, "", "empty_batch", 0),
            (json, " \r\n", "empty_batch", 0),
            (json, "[]", "empty_batch", 0),
            (json, " [ ] ", "empty_batch", 0),
            (lines, "\n\n", "empty_batch", 0),
            (json, "\u{feff}[]", "byte_order_mark", 0),
            (json, "[{}", "invalid_json", 3),
            (json, "[{},", "invalid_json", 3),
            (json, "[{},]", "invalid_json", 3),
            (json, "[,{}]", "invalid_json", 1),
            (json, "[{} {}]", "invalid_json", 3),
            (json, "[{\"a\":}]", "invalid_json", 1),
            (json, "[{\"a\":01}]", "invalid_json", 1),
            (json, "[nul]", "invalid_json", 1),
            (json, "[{}}", "invalid_json", 3),
            (json, "[", "invalid_json", 1),
            (json, "[{}] x", "trailing_bytes", 4),
            (json, "[{}][{}]", "trailing_bytes", 4),
            (json, "[1,2,3,4]", "too_many_events", 7),
            (lines, "1\n2\n3\n4\n", "too_many_events", 6),
        ];
        for (content_type, body, code, offset) in cases {
            assert_eq!(split(content_type, body), Err((*code, *offset)), "{body}");
        }
        let error = split_body(json, b"[\"\xff\"]", 3).unwrap_err();
        assert_eq!((error.code.as_str(), error.offset), ("invalid_utf8", 2));
    }

    proptest::proptest! {
        #[test]
        fn the_records_of_an_array_are_its_items(
            items in proptest::collection::vec("[0-9]|\"[a-z\\[\\],{}é]{0,6}\"|\\{\"k\":\\[[1-9],\\{\\}\\]\\}|null", 1..6),
            space in "[ \n\t\r]{0,2}",
        ) {
            let body = format!("{space}[{space}{}{space}]{space}", items.join(&format!("{space},{space}")));
            let records = split_body("", body.as_bytes(), 10).unwrap();
            proptest::prop_assert_eq!(records, items.iter().map(String::as_bytes).collect::<Vec<_>>());
        }

        #[test]
        fn no_body_makes_it_panic(body in "[\\[\\]{},:\"\\\\a1 é\n]{0,20}") {
            if let Ok(records) = split_body("", body.as_bytes(), 10) {
                proptest::prop_assert!(!records.is_empty());
            }
        }
    }
}
