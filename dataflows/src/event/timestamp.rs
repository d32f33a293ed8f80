//! Event time from its two spellings, with an answer for a person where it is neither. The grammar of instants itself is
//! [`EventTime`]'s.

use highwater_rating::time::{EventTime, TimeError};

/// Why a text or a number is no timestamp.
pub(crate) type Reason = &'static str;

/// RFC 3339 `date-time`: `2026-11-03T12:34:56.789Z`, `2026-11-03T13:34:56+01:00`.
#[inline]
pub(crate) fn parse_text(text: &str) -> Result<EventTime, Reason> {
    EventTime::parse(text.as_bytes()).map_err(|error| match error {
        TimeError::NotADateTime if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
            "milliseconds since 1970 are written as a number, without quotes"
        }
        TimeError::NotADateTime => "write it as RFC 3339 with an offset: `2026-11-03T12:34:56.789Z`",
        TimeError::NoSuchTime => {
            "no such date or time of day; midnight is 00:00 of the next day, and leap seconds are not accepted"
        }
        TimeError::OutOfRange => OUT_OF_RANGE,
    })
}

/// A JSON number token: milliseconds since 1970, an integer.
pub(crate) fn parse_number(token: &str) -> Result<EventTime, Reason> {
    if !token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err("a timestamp as a number is integer milliseconds since 1970, without fraction or exponent");
    }
    let milliseconds = token.parse().map_err(|_| OUT_OF_RANGE)?;
    EventTime::from_milliseconds(milliseconds).map_err(|_| OUT_OF_RANGE)
}

const OUT_OF_RANGE: Reason = "the time must lie in the years 1970 to 9999; as a number it is milliseconds since 1970";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_the_same_instant() {
        let instant = Ok(EventTime(1_793_709_296_789_000));
        assert_eq!(parse_text("2026-11-03T13:34:56.789+01:00"), instant);
        assert_eq!(parse_number("1793709296789"), instant);
    }

    #[test]
    fn the_answer_says_what_to_do() {
        let cases = [
            (parse_text("2026-11-03T12:34:56"), "with an offset"),
            (parse_text(""), "RFC 3339"),
            (parse_text("1793709296789"), "without quotes"),
            (parse_text("2026-11-03T24:00:00Z"), "00:00 of the next day"),
            (parse_text("2016-12-31T23:59:60Z"), "leap seconds"),
            (parse_text("0000-11-03T12:34:56Z"), "1970 to 9999"),
            (parse_number("-1"), "1970 to 9999"),
            (parse_number("9223372036854775808"), "1970 to 9999"),
            (parse_number("253402300800000"), "1970 to 9999"),
            (parse_number("1793709296789.0"), "without fraction"),
            (parse_number("1e12"), "without fraction"),
        ];
        for (answer, part) in cases {
            assert!(answer.unwrap_err().contains(part), "{part}: {answer:?}");
        }
    }
}
