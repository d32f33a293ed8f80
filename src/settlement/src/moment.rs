//! An instant of the close itself: when something was planned, sent or answered. Not an event's time.

use highwater_rating::time::EventTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Microseconds since 1970 in UTC, by the clock of whoever closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(pub i64);

impl Span {
    pub const fn milliseconds(milliseconds: i64) -> Span {
        Span(milliseconds * 1_000)
    }

    pub const fn seconds(seconds: i64) -> Span {
        Span(seconds * 1_000_000)
    }

    pub const fn minutes(minutes: i64) -> Span {
        Span::seconds(minutes * 60)
    }

    pub const fn hours(hours: i64) -> Span {
        Span::minutes(hours * 60)
    }
}

impl Moment {
    /// A clock that was set back gives no negative age: it gives none.
    pub fn since(self, earlier: Moment) -> Span {
        Span(self.0.saturating_sub(earlier.0).max(0))
    }

    pub fn after(self, span: Span) -> Moment {
        Moment(self.0.saturating_add(span.0))
    }

    /// Whole seconds since 1970, as Stripe writes instants.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        EventTime(self.0).fmt(formatter)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EventTime(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        EventTime::deserialize(deserializer).map(|time| Moment(time.0))
    }
}
