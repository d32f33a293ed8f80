//! When something happened: microseconds since 1970 in UTC.
//!
//! Owns the arithmetic of instants. How one is written is in `instant_text`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Microseconds since 1970-01-01T00:00:00Z. What is read from outside lies in the years 1970 to 9999; `MIN` and `MAX`
/// stand for an open end of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(pub i64);

/// Why something is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("not an RFC 3339 date-time with an offset, such as 2026-01-31T12:00:00Z")]
    NotADateTime,
    #[error("no such date or time of day")]
    NoSuchTime,
    #[error("before 1970 or after 9999")]
    OutOfRange,
}

pub(super) const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl EventTime {
    /// Before every instant.
    pub const MIN: EventTime = EventTime(i64::MIN);
    /// After every instant.
    pub const MAX: EventTime = EventTime(i64::MAX);
    /// 10000-01-01T00:00:00Z, the first instant that nothing from outside may have.
    pub const LIMIT: EventTime = EventTime(253_402_300_800 * SECOND);

    /// Milliseconds since 1970, as a log's clock gives them.
    pub fn from_milliseconds(milliseconds: i64) -> Result<EventTime, TimeError> {
        let microseconds = milliseconds.checked_mul(1_000).ok_or(TimeError::OutOfRange)?;
        EventTime(microseconds).in_range()
    }

    pub(super) fn in_range(self) -> Result<EventTime, TimeError> {
        if self.0 < 0 || self >= Self::LIMIT { Err(TimeError::OutOfRange) } else { Ok(self) }
    }

    /// Terms begin and end at whole minutes, because usage is kept by the minute.
    pub fn is_whole_minute(self) -> bool {
        self.0.rem_euclid(MINUTE) == 0
    }

    pub fn floor_minute(self) -> EventTime {
        self.floor(MINUTE)
    }

    pub fn floor_hour(self) -> EventTime {
        self.floor(HOUR)
    }

    pub fn floor_day(self) -> EventTime {
        self.floor(DAY)
    }

    /// Whole days since 1970-01-01 in UTC.
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// `MIN` stays `MIN`: there is no whole unit before it.
    fn floor(self, unit: i64) -> EventTime {
        EventTime(self.0.div_euclid(unit).checked_mul(unit).unwrap_or(i64::MIN))
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    /// An RFC 3339 string, or whole milliseconds since 1970.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventTime, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = EventTime;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an RFC 3339 date-time or whole milliseconds since 1970")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<EventTime, E> {
                EventTime::parse(text.as_bytes()).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> Result<EventTime, E> {
                EventTime::from_milliseconds(milliseconds).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, milliseconds: u64) -> Result<EventTime, E> {
                let milliseconds = i64::try_from(milliseconds).map_err(|_| E::custom(TimeError::OutOfRange))?;
                EventTime::from_milliseconds(milliseconds).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
