//! Civil billing periods, by chrono's calendar: an implementation beside the engine's, which uses another library.
//!
//! Boundary number k is the anchor plus k intervals in civil time, with the day cut to the length of the month, read
//! as an instant in the time zone: a local time that was skipped moves forward by what was skipped, one that happened
//! twice is the first of the two.

use chrono::{DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

/// Microseconds since 1970 in UTC.
pub type Micros = i64;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cadence {
    anchor: NaiveDateTime,
    unit: Unit,
    count: i64,
    zone: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Days(i64),
    Months(i64),
}

/// A billing period, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    pub start: Micros,
    pub end: Micros,
}

impl Cadence {
    pub fn of_row(row: &Value) -> Cadence {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let unit = match text("interval").unwrap_or("month") {
            "day" => Unit::Days(1),
            "week" => Unit::Days(7),
            "month" => Unit::Months(1),
            "quarter" => Unit::Months(3),
            "year" => Unit::Months(12),
            other => panic!("no such interval: {other}"),
        };
        let count = row.get("interval_count").map_or(1, |count| count.as_i64().expect("interval_count"));
        let anchor = text("anchor").expect("an anchor").parse().expect("a civil date-time");
        Cadence { anchor, unit, count, zone: text("time_zone").expect("a time zone").to_owned() }
    }

    /// The period that holds `instant`.
    pub fn period_of(&self, instant: Micros) -> Period {
        let zone = self.zone();
        let local = utc(instant).with_timezone(&zone).naive_local();
        let distance = match self.unit {
            Unit::Days(days) => (local - self.anchor).num_days() / (days * self.count),
            Unit::Months(months) => (month_number(local) - month_number(self.anchor)) / (months * self.count),
        };
        // The estimate is off by a few at most: start below it and walk up to the last boundary that is not after.
        let mut number = distance - 3;
        assert!(self.boundary(number) <= instant, "the walk has to start below {instant}");
        while self.boundary(number + 1) <= instant {
            number += 1;
        }
        Period { start: self.boundary(number), end: self.boundary(number + 1) }
    }

    fn boundary(&self, number: i64) -> Micros {
        let steps = number * self.count;
        let local = match self.unit {
            Unit::Days(days) if steps < 0 => self.anchor - Days::new((-steps * days) as u64),
            Unit::Days(days) => self.anchor + Days::new((steps * days) as u64),
            Unit::Months(months) if steps < 0 => self.anchor - Months::new((-steps * months) as u32),
            Unit::Months(months) => self.anchor + Months::new((steps * months) as u32),
        };
        instant_of(local, self.zone())
    }

    fn zone(&self) -> Tz {
        self.zone.parse().unwrap_or_else(|_| panic!("no such time zone: {}", self.zone))
    }
}

fn month_number(local: NaiveDateTime) -> i64 {
    i64::from(local.year()) * 12 + i64::from(local.month())
}

fn utc(instant: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant).expect("an instant within chrono's years")
}

fn instant_of(local: NaiveDateTime, zone: Tz) -> Micros {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) => time.timestamp_micros(),
        MappedLocalTime::Ambiguous(first, second) => first.min(second).timestamp_micros(),
        MappedLocalTime::None => {
            // Read with the clock as it went before the gap: that is how far the skipped time moves forward.
            let mut before = local;
            let offset = loop {
                before -= TimeDelta::minutes(1);
                match zone.offset_from_local_datetime(&before) {
                    MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(_, offset) => break offset,
                    MappedLocalTime::None => continue,
                }
            };
            (local - offset.fix()).and_utc().timestamp_micros()
        }
    }
}

/// Every time zone there is.
pub fn zones() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// The civil date there at an instant: `2026-11-01`.
pub fn local_date(instant: Micros, zone: &str) -> String {
    let zone: Tz = zone.parse().unwrap_or_else(|_| panic!("no such time zone: {zone}"));
    utc(instant).with_timezone(&zone).date_naive().to_string()
}

/// The civil date-time there at an instant: `2026-11-01T01:30:00`.
pub fn local_time(instant: Micros, zone: &str) -> String {
    let zone: Tz = zone.parse().unwrap_or_else(|_| panic!("no such time zone: {zone}"));
    utc(instant).with_timezone(&zone).naive_local().format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Reads RFC 3339.
pub fn instant(text: &str) -> Option<Micros> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros())
}

/// Writes RFC 3339 in UTC, with as many fractional digits as there are.
pub fn rfc3339(instant: Micros) -> String {
    let time = utc(instant);
    let mut text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = time.timestamp_subsec_micros();
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Days since 1970-01-01 in UTC.
pub fn day_number(instant: Micros) -> i64 {
    instant.div_euclid(86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn starts(anchor: &str, interval: &str, zone: &str, near: &str) -> (String, String) {
        let cadence = Cadence::of_row(&json!({"anchor": anchor, "interval": interval, "time_zone": zone}));
        let period = cadence.period_of(instant(near).unwrap());
        (rfc3339(period.start), rfc3339(period.end))
    }

    #[test]
    fn periods_are_counted_from_the_anchor() {
        for (anchor, interval, zone, near, start, end) in [
            (
                "2026-01-31T00:00:00",
                "month",
                "UTC",
                "2026-03-01T00:00:00Z",
                "2026-02-28T00:00:00Z",
                "2026-03-31T00:00:00Z",
            ),
            (
                "2024-02-29T00:00:00",
                "year",
                "UTC",
                "2025-03-01T00:00:00Z",
                "2025-02-28T00:00:00Z",
                "2026-02-28T00:00:00Z",
            ),
            (
                "2026-01-01T00:00:00",
                "month",
                "Asia/Kathmandu",
                "2026-11-15T00:00:00Z",
                "2026-10-31T18:15:00Z",
                "2026-11-30T18:15:00Z",
            ),
            // Midnight of 4 November 2018 did not exist in São Paulo.
            (
                "2018-10-04T00:00:00",
                "month",
                "America/Sao_Paulo",
                "2018-11-05T00:00:00Z",
                "2018-11-04T03:00:00Z",
                "2018-12-04T02:00:00Z",
            ),
            // Half an hour is skipped on Lord Howe Island.
            (
                "2026-10-03T02:15:00",
                "day",
                "Australia/Lord_Howe",
                "2026-10-04T00:00:00Z",
                "2026-10-03T15:45:00Z",
                "2026-10-04T15:15:00Z",
            ),
            // Samoa had no 30 December 2011.
            (
                "2011-11-30T00:00:00",
                "month",
                "Pacific/Apia",
                "2011-12-30T12:00:00Z",
                "2011-12-30T10:00:00Z",
                "2012-01-29T10:00:00Z",
            ),
            // New York's 1:30 happens twice on 1 November 2026: the first counts.
            (
                "2026-10-01T01:30:00",
                "month",
                "America/New_York",
                "2026-11-02T00:00:00Z",
                "2026-11-01T05:30:00Z",
                "2026-12-01T06:30:00Z",
            ),
            // The boundary itself belongs to the period that it starts.
            (
                "2026-01-01T00:00:00",
                "quarter",
                "UTC",
                "2026-04-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
                "2026-07-01T00:00:00Z",
            ),
            (
                "2026-01-07T00:00:00",
                "week",
                "UTC",
                "2025-12-30T00:00:00Z",
                "2025-12-24T00:00:00Z",
                "2025-12-31T00:00:00Z",
            ),
        ] {
            assert_eq!(starts(anchor, interval, zone, near), (start.into(), end.into()), "{anchor} {interval} {zone}");
        }
    }
}
