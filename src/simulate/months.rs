//! `--period`: which billing periods are looked at, as calendar months.

use highwater_rating::time::{EventTime, Period};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// From the first instant of a month in UTC to the first of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months {
    start: EventTime,
    end: EventTime,
}

impl Months {
    /// `2026-10`, `2026`, or `2026-10..2026-12` with both ends in it.
    pub fn parse(text: &str) -> Result<Months, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let wrong = || format!("`{text}` is neither a month like 2026-10, a year like 2026, nor 2026-10..2026-12");
        let (start, _) = stretch(first).ok_or_else(wrong)?;
        let (_, end) = stretch(last).ok_or_else(wrong)?;
        if start < end { Ok(Months { start, end }) } else { Err(format!("`{text}` ends before it begins")) }
    }

    /// Whether the middle of the billing period lies in it. Its start may not: October in Vienna begins on the last
    /// evening of September in UTC.
    pub fn holds(&self, period: Period) -> bool {
        let middle = EventTime(period.start.0 / 2 + period.end.0 / 2);
        self.start <= middle && middle < self.end
    }
}

/// The start and the end of a month or a year.
fn stretch(text: &str) -> Option<(EventTime, EventTime)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month, length): (&str, i8, Span) = match text.split_once('-') {
        None => (text, 1, 1.year()),
        Some((year, month)) if month.len() == 2 && digits(month) => (year, month.parse().ok()?, 1.month()),
        Some(_) => return None,
    };
    if year.len() != 4 || !digits(year) {
        return None;
    }
    let first = Date::new(year.parse().ok()?, month, 1).ok()?;
    let instant = |date: Date| Some(EventTime(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()));
    Some((instant(first)?, instant(first.checked_add(length).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> EventTime {
        EventTime::parse(text.as_bytes()).expect(text)
    }

    #[test]
    fn a_period_counts_to_the_month_that_holds_its_middle() {
        let vienna = Period { start: instant("2026-09-30T22:00:00Z"), end: instant("2026-10-31T23:00:00Z") };
        let november = Period { start: vienna.end, end: instant("2026-11-30T23:00:00Z") };
        for (text, holds_october, holds_november) in [
            ("2026-10", true, false),
            ("2026-11", false, true),
            ("2026-10..2026-11", true, true),
            ("2026", true, true),
            ("2025..2026-10", true, false),
        ] {
            let months = Months::parse(text).expect(text);
            assert_eq!((months.holds(vienna), months.holds(november)), (holds_october, holds_november), "{text}");
        }
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["", "2026-13", "2026-1", "26-10", "2026-10-01", "2026-11..2026-10", "2026-10..", "october", "+026"]
        {
            assert!(Months::parse(text).is_err(), "{text}");
        }
    }
}
