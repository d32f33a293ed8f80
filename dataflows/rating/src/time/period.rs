//! Civil billing periods: where they begin and end, computed from the anchor and never from the period before.
//!
//! Owns the arithmetic of one cadence. Does not own when a cadence is in force (`terms`).

use super::EventTime;
use super::instant::SECOND;
use crate::tables::{Cadence, Interval};
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A billing period, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    pub start: EventTime,
    pub end: EventTime,
}

impl Period {
    pub fn contains(&self, instant: EventTime) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Its length: boundaries are whole minutes.
    pub fn seconds(&self) -> i64 {
        self.end.0.saturating_sub(self.start.0) / SECOND
    }
}

/// Why a row's cadence gives no periods.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CadenceError {
    #[error("`{0}` is not a civil date-time such as 2026-01-31T00:00:00")]
    InvalidAnchor(String),
    #[error("the anchor `{0}` is not a whole minute")]
    AnchorNotWholeMinute(String),
    #[error("`{0}` is not an IANA time zone such as Europe/Vienna")]
    UnknownTimeZone(String),
    #[error("interval_count is {0}; it must be 1 to 1000")]
    IntervalCountOutOfRange(u32),
}

/// A cadence made ready for questions.
#[derive(Clone, Debug)]
pub struct Calendar {
    anchor: DateTime,
    time_zone: TimeZone,
    step: Step,
}

/// The distance from one boundary to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Days(i64),
    Months(i64),
}

/// Beyond these the calendar of four-digit years has no dates, whatever the step.
const DAYS_MAX: i64 = 366 * 10_000;
const MONTHS_MAX: i64 = 12 * 10_000;

impl Calendar {
    pub const INTERVAL_COUNT_MAX: u32 = 1_000;

    pub fn new(cadence: &Cadence) -> Result<Calendar, CadenceError> {
        let anchor = parse_anchor(&cadence.anchor)?;
        let time_zone = bundled_time_zone(&cadence.time_zone)
            .ok_or_else(|| CadenceError::UnknownTimeZone(cadence.time_zone.to_string()))?;
        if cadence.interval_count == 0 || cadence.interval_count > Self::INTERVAL_COUNT_MAX {
            return Err(CadenceError::IntervalCountOutOfRange(cadence.interval_count));
        }
        let count = i64::from(cadence.interval_count);
        let step = match cadence.interval {
            Interval::Day => Step::Days(count),
            Interval::Week => Step::Days(7 * count),
            Interval::Month => Step::Months(count),
            Interval::Quarter => Step::Months(3 * count),
            Interval::Year => Step::Months(12 * count),
        };
        Ok(Calendar { anchor, time_zone, step })
    }

    /// The one period that contains the instant. Before the anchor periods run backwards by the same rule.
    ///
    /// Civil time skips and repeats, so the number of the period is first guessed by civil arithmetic and then moved
    /// until its boundaries enclose the instant: by one step as a rule, by two where a zone skipped a whole day.
    pub fn period_at(&self, instant: EventTime) -> Period {
        let mut number = self.guess(instant);
        let mut start = self.boundary(number);
        while start > instant {
            number -= 1;
            start = self.boundary(number);
        }
        let mut end = self.boundary(number + 1);
        while end <= instant && end != EventTime::MAX {
            number += 1;
            start = end;
            end = self.boundary(number + 1);
        }
        Period { start, end }
    }

    /// Where period `number` begins; the anchor begins period 0. A month that is too short ends the date on its last
    /// day; a local time that a zone skips moves forward by what was skipped; one that it repeats is taken the first
    /// time. Outside the calendar's years the boundary is an open end.
    ///
    /// An offset that is not of whole minutes (Liberia until 1972) gives a boundary within a minute: it is moved to
    /// that minute's start, as everything that cuts usage is a whole minute.
    pub fn boundary(&self, number: i64) -> EventTime {
        let outside = if number < 0 { EventTime::MIN } else { EventTime::MAX };
        let date = match self.step {
            Step::Days(days) => {
                within(number, days, DAYS_MAX).and_then(|days| shift(self.anchor, Span::try_days, days))
            }
            Step::Months(months) => {
                within(number, months, MONTHS_MAX).and_then(|months| shift(self.anchor, Span::try_months, months))
            }
        };
        let Some(date) = date else { return outside };
        match self.time_zone.to_ambiguous_timestamp(date.to_datetime(self.anchor.time())).compatible() {
            Ok(timestamp) => EventTime(timestamp.as_microsecond()).floor_minute(),
            Err(_) => outside,
        }
    }

    /// What a clock of the time zone shows at the instant; nothing at an open end.
    pub fn civil_time(&self, instant: EventTime) -> Option<DateTime> {
        Timestamp::from_microsecond(instant.0).ok().map(|timestamp| self.time_zone.to_datetime(timestamp))
    }

    fn guess(&self, instant: EventTime) -> i64 {
        let within = instant.0.clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
        let Ok(timestamp) = Timestamp::from_microsecond(within) else { return 0 };
        let civil = self.time_zone.to_datetime(timestamp);
        match self.step {
            Step::Days(days) => {
                let passed = civil.date().duration_since(self.anchor.date()).as_hours() / 24;
                passed.div_euclid(days)
            }
            Step::Months(months) => (month_number(civil) - month_number(self.anchor)).div_euclid(months),
        }
    }
}

fn month_number(civil: DateTime) -> i64 {
    i64::from(civil.year()) * 12 + i64::from(civil.month())
}

fn within(number: i64, step: i64, limit: i64) -> Option<i64> {
    number.checked_mul(step).filter(|distance| distance.abs() <= limit)
}

fn shift(anchor: DateTime, unit: fn(Span, i64) -> Result<Span, jiff::Error>, distance: i64) -> Option<Date> {
    let span = unit(Span::new(), distance).ok()?;
    anchor.date().checked_add(span).ok()
}

fn parse_anchor(text: &str) -> Result<DateTime, CadenceError> {
    let invalid = || CadenceError::InvalidAnchor(text.to_owned());
    let anchor: DateTime = text.parse().map_err(|_| invalid())?;
    if !(1970..=9999).contains(&anchor.year()) {
        return Err(invalid());
    }
    if anchor.second() != 0 || anchor.subsec_nanosecond() != 0 {
        return Err(CadenceError::AnchorNotWholeMinute(text.to_owned()));
    }
    Ok(anchor)
}

/// From the database that is compiled in: which boundaries a zone has must not depend on the machine.
fn bundled_time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}
