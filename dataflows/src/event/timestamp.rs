//! Event time from its two spellings: RFC 3339 text and integer milliseconds since 1970.
//!
//! Stricter than calendar libraries, on purpose: an offset is required, and neither `24:00` nor a leap second is an
//! instant that every reader understands alike. Digits below the microsecond are cut off.

use highwater_rating::time::EventTime;

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: the years that RFC 3339 can write, without the year 0.
const FIRST: i64 = -62_135_596_800 * SECOND_US;
const LAST: i64 = 253_402_300_800 * SECOND_US - 1;

/// Why a text or a number is no timestamp, for a person.
pub(crate) type Reason = &'static str;

/// RFC 3339 `date-time`: `2026-11-03T12:34:56.789Z`, `2026-11-03T13:34:56+01:00`.
pub(crate) fn parse_text(text: &str) -> Result<EventTime, Reason> {
    const SHAPE: Reason = "write it as RFC 3339: `2026-11-03T12:34:56.789Z`";
    let Some((head, rest)) = text.as_bytes().split_first_chunk::<19>() else { return Err(SHAPE) };
    let punctuation = [head[4], head[7], head[10] | 0x20, head[13], head[16]];
    if punctuation != *b"--t::" {
        return Err(SHAPE);
    }
    let digit = |at: usize| head[at].wrapping_sub(b'0');
    if [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18].iter().fold(false, |other, at| other | (digit(*at) > 9)) {
        return Err(SHAPE);
    }
    let pair = |at: usize| i64::from(digit(at)) * 10 + i64::from(digit(at + 1));
    let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8));
    let (hour, minute, second) = (pair(11), pair(14), pair(17));
    let (fraction_us, rest) = fraction(rest).ok_or(SHAPE)?;
    let offset_us = offset(rest)?;
    if year == 0 {
        return Err("the year 0 does not exist");
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err("this day does not exist");
    }
    if hour > 23 || minute > 59 {
        return Err("the time of day ends at 23:59; midnight is 00:00 of the next day");
    }
    if second > 59 {
        return Err("leap seconds are not accepted; use second 59 of the same minute");
    }
    let day_us = hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction_us;
    in_range(days_since_1970(year, month, day) * DAY_US + day_us - offset_us)
}

/// A JSON number token: milliseconds since 1970, an integer.
pub(crate) fn parse_number(token: &str) -> Result<EventTime, Reason> {
    if !token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err("a timestamp as a number is integer milliseconds since 1970, without fraction or exponent");
    }
    let milliseconds: i64 = token.parse().map_err(|_| OUT_OF_RANGE)?;
    in_range(milliseconds.checked_mul(1_000).ok_or(OUT_OF_RANGE)?)
}

const OUT_OF_RANGE: Reason = "the time must lie in the years 1 to 9999; numbers are milliseconds since 1970";

fn in_range(event_time: i64) -> Result<EventTime, Reason> {
    if (FIRST..=LAST).contains(&event_time) { Ok(EventTime(event_time)) } else { Err(OUT_OF_RANGE) }
}

#[inline]
fn digits(pair: &[u8]) -> Option<i64> {
    let (tens, ones) = (pair[0].wrapping_sub(b'0'), pair[1].wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens * 10 + ones))
}

/// The microseconds after the point, and what follows them.
#[inline]
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = rest else { return Some((0, rest)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let mut microseconds = 0;
    for place in 0..6 {
        let digit = if place < length { i64::from(rest[place] - b'0') } else { 0 };
        microseconds = microseconds * 10 + digit;
    }
    Some((microseconds, &rest[length..]))
}

/// `Z`, or how far local time is ahead of UTC.
#[inline]
fn offset(rest: &[u8]) -> Result<i64, Reason> {
    match rest {
        [b'Z' | b'z'] => Ok(0),
        [] => Err("an offset is missing: end with `Z` or `+01:00`"),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => match (digits(&[*h0, *h1]), digits(&[*m0, *m1])) {
            (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => {
                let ahead = hours * HOUR_US + minutes * MINUTE_US;
                Ok(if *sign == b'-' { -ahead } else { ahead })
            }
            _ => Err("the offset must lie between -23:59 and +23:59"),
        },
        _ => Err("after the seconds comes `Z` or an offset such as `+01:00`, and nothing else"),
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[inline]
fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Proleptic Gregorian, counted in 400-year eras that begin in March (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `days_from_civil`). Years are positive here.
#[inline]
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn timestamps_are_read_to_the_microsecond() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-03T12:34:56.789Z", 1_793_709_296_789_000),
            ("2026-11-03T12:34:56.789123456Z", 1_793_709_296_789_123),
            ("2026-11-03t13:34:56.789+01:00", 1_793_709_296_789_000),
            ("2026-11-03T06:34:56.789-06:00", 1_793_709_296_789_000),
            ("2026-11-03T12:34:56.789-00:00", 1_793_709_296_789_000),
            ("2024-02-29T00:00:00z", 1_709_164_800_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("0001-01-01T00:00:00Z", FIRST),
            ("9999-12-31T23:59:59.9999999Z", LAST),
        ];
        for (text, event_time) in cases {
            assert_eq!(parse_text(text), Ok(EventTime(event_time)), "{text}");
        }
        assert_eq!(parse_number("1793709296789"), Ok(EventTime(1_793_709_296_789_000)));
        assert_eq!(parse_number("-1"), Ok(EventTime(-1_000)));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_no_timestamp() {
        let texts = [
            "",
            "now",
            "2026-11-03",
            "2026-11-03T12:34Z",
            "2026-11-03T12:34:56",
            "2026-11-03 12:34:56Z",
            "2026-11-03T12:34:56.Z",
            "2026-11-03T12:34:56,5Z",
            "2026-11-03T12:34:56Z ",
            " 2026-11-03T12:34:56Z",
            "2026-11-03T12:34:56+0100",
            "2026-11-03T12:34:56+24:00",
            "2026-11-03T12:34:56+01:60",
            "2026-11-03T24:00:00Z",
            "2026-11-03T12:60:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "20261103T123456Z",
            "+026-11-03T12:34:56Z",
            "1793709296789",
            "２026-11-03T12:34:56Z",
        ];
        for text in texts {
            assert!(parse_text(text).is_err(), "{text}");
        }
        for token in ["1.5", "1e3", "1793709296789.0", "9223372036854775808", "253402300800000", "-62135596800001"] {
            assert!(parse_number(token).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_that_jiff_writes_is_read_back(microseconds in FIRST..=LAST) {
            let written = jiff::Timestamp::from_microsecond(microseconds.clamp(FIRST + DAY_US, LAST - DAY_US)).unwrap();
            prop_assert_eq!(parse_text(&written.to_string()), Ok(EventTime(written.as_microsecond())));
        }

        #[test]
        fn what_is_accepted_means_the_same_to_jiff(text in "[0-9]{2}[0-9]{2}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])") {
            if let Ok(event_time) = parse_text(&text) {
                let timestamp: jiff::Timestamp = text.parse().unwrap();
                prop_assert_eq!(event_time.0, timestamp.as_nanosecond().div_euclid(1_000) as i64);
            }
        }
    }
}
