//! Instants: what is read, what is refused by name, and that reading agrees with the calendar.

mod rows;

use highwater_rating::time::{EventTime, TimeError};
use proptest::prelude::*;
use rows::instant;

#[test]
fn an_instant_is_read_strictly() {
    use TimeError::{NoSuchTime, NotADateTime, OutOfRange};
    let cases: &[(&str, Result<i64, TimeError>)] = &[
        ("1970-01-01T00:00:00Z", Ok(0)),
        ("1970-01-01T00:00:00.000001Z", Ok(1)),
        ("1970-01-01T00:00:00.5Z", Ok(500_000)),
        // Beyond microseconds digits are dropped: never rounded into a later window.
        ("1970-01-01T00:00:59.999999999Z", Ok(59_999_999)),
        ("2026-02-28T23:59:59Z", Ok(1_772_323_199_000_000)),
        ("2024-02-29T00:00:00Z", Ok(1_709_164_800_000_000)),
        ("2000-02-29T00:00:00Z", Ok(951_782_400_000_000)),
        ("9999-12-31T23:59:59.999999Z", Ok(253_402_300_799_999_999)),
        ("2026-01-01T00:00:00+00:00", Ok(1_767_225_600_000_000)),
        ("2026-01-01T00:00:00-00:00", Ok(1_767_225_600_000_000)),
        ("2026-01-01T05:45:00+05:45", Ok(1_767_225_600_000_000)),
        ("2025-12-31T14:00:00.000000-10:00", Ok(1_767_225_600_000_000)),
        ("2026-01-01t00:00:00z", Ok(1_767_225_600_000_000)),
        // The offset decides whether the year is in range.
        ("1969-12-31T23:30:00-01:00", Ok(1_800_000_000)),
        ("1970-01-01T00:30:00+01:00", Err(OutOfRange)),
        ("9999-12-31T23:30:00-01:00", Err(OutOfRange)),
        ("1969-12-31T23:59:59.999999Z", Err(OutOfRange)),
        ("0000-01-01T00:00:00Z", Err(OutOfRange)),
        ("2026-01-01T24:00:00Z", Err(NoSuchTime)),
        ("2026-01-01T23:60:00Z", Err(NoSuchTime)),
        ("2016-12-31T23:59:60Z", Err(NoSuchTime)),
        ("2026-02-29T00:00:00Z", Err(NoSuchTime)),
        ("2100-02-29T00:00:00Z", Err(NoSuchTime)),
        ("2026-04-31T00:00:00Z", Err(NoSuchTime)),
        ("2026-00-01T00:00:00Z", Err(NoSuchTime)),
        ("2026-13-01T00:00:00Z", Err(NoSuchTime)),
        ("2026-01-00T00:00:00Z", Err(NoSuchTime)),
        ("2026-01-01T00:00:00+24:00", Err(NoSuchTime)),
        ("2026-01-01T00:00:00+01:60", Err(NoSuchTime)),
        ("2026-01-01T00:00:00", Err(NotADateTime)),
        ("2026-01-01T00:00Z", Err(NotADateTime)),
        ("2026-01-01", Err(NotADateTime)),
        ("2026-01-01 00:00:00Z", Err(NotADateTime)),
        ("2026-01-01T00:00:00.Z", Err(NotADateTime)),
        ("2026-01-01T00:00:00.0123456789Z", Err(NotADateTime)),
        ("2026-01-01T00:00:00,5Z", Err(NotADateTime)),
        ("2026-01-01T00:00:00+0100", Err(NotADateTime)),
        ("2026-01-01T00:00:00+01", Err(NotADateTime)),
        ("2026-01-01T00:00:00Z[UTC]", Err(NotADateTime)),
        ("2026-01-01T00:00:00ZZ", Err(NotADateTime)),
        (" 2026-01-01T00:00:00Z", Err(NotADateTime)),
        ("+026-01-01T00:00:00Z", Err(NotADateTime)),
        ("2026-1-01T00:00:00Z", Err(NotADateTime)),
        ("2026-01-01T0a:00:00Z", Err(NotADateTime)),
        ("２026-01-01T00:00:00Z", Err(NotADateTime)),
        ("", Err(NotADateTime)),
    ];
    for (text, expected) in cases {
        assert_eq!(EventTime::parse(text.as_bytes()).map(|instant| instant.0), *expected, "{text}");
    }
}

#[test]
fn milliseconds_are_kept_in_range() {
    let cases = [
        (0, Ok(EventTime(0))),
        (253_402_300_799_999, Ok(EventTime(253_402_300_799_999_000))),
        (253_402_300_800_000, Err(TimeError::OutOfRange)),
        (-1, Err(TimeError::OutOfRange)),
        (i64::MAX, Err(TimeError::OutOfRange)),
    ];
    for (milliseconds, expected) in cases {
        assert_eq!(EventTime::from_milliseconds(milliseconds), expected, "{milliseconds}");
    }
}

#[test]
fn windows_begin_at_whole_units_of_utc() {
    let at = instant("2026-03-29T01:59:59.999999Z");
    assert_eq!(at.floor_minute(), instant("2026-03-29T01:59"));
    assert_eq!(at.floor_hour(), instant("2026-03-29T01:00"));
    assert_eq!(at.floor_day(), instant("2026-03-29"));
    assert_eq!(at.day_number(), 20_541);
    assert!(!at.is_whole_minute() && at.floor_minute().is_whole_minute());
    assert_eq!(EventTime(-1).floor_day(), EventTime(-86_400_000_000));
    assert_eq!(EventTime::MIN.floor_day(), EventTime::MIN);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(microseconds in 0..EventTime::LIMIT.0) {
        let written = EventTime(microseconds).to_string();
        prop_assert_eq!(EventTime::parse(written.as_bytes()), Ok(EventTime(microseconds)), "{}", written);
    }

    #[test]
    fn the_last_days_of_9999_are_read_back_too(before_the_end in 1..200_000_000_000i64) {
        let instant = EventTime(EventTime::LIMIT.0 - before_the_end);
        prop_assert_eq!(EventTime::parse(instant.to_string().as_bytes()), Ok(instant));
    }

    #[test]
    fn reading_agrees_with_the_calendar_under_every_offset(
        microseconds in 100_000_000_000..253_402_000_000_000_000i64,
        offset_minutes in -1_439..1_440i32,
    ) {
        let timestamp = jiff::Timestamp::from_microsecond(microseconds).unwrap();
        let offset = jiff::tz::Offset::from_seconds(offset_minutes * 60).unwrap();
        let written = timestamp.display_with_offset(offset).to_string();
        prop_assert_eq!(EventTime::parse(written.as_bytes()), Ok(EventTime(microseconds)), "{}", written);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(prop::num::u8::ANY, 0..40)) {
        let _ = EventTime::parse(&bytes);
    }

    #[test]
    fn bytes_near_a_date_time_do_not_either(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.0-9Zz+:-]{0,14}") {
        if let Ok(instant) = EventTime::parse(text.as_bytes()) {
            prop_assert!(instant >= EventTime(0) && instant < EventTime::LIMIT);
        }
    }
}
