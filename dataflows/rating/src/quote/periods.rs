//! `quote periods`: where billing periods begin and end, as instants and on the clocks of their time zone.

use super::{CaseError, Refused, answer};
use crate::tables::read::{Fields, Reading, numbers, subscription, times};
use crate::tables::{Cadence, MistakeCode};
use crate::time::{Calendar, EventTime, Period};
use serde::Serialize;
use std::sync::Arc;

const FIELDS: &[&str] = &["anchor", "interval", "interval_count", "time_zone", "from", "count"];
const COUNT_LIMIT: i32 = 10_000;
/// A year of months.
const COUNT_DEFAULT: i32 = 12;

struct Case {
    cadence: Cadence,
    /// The first period holds it; the anchor's own unless given.
    from: Option<EventTime>,
    count: usize,
}

#[derive(Serialize)]
struct Periods {
    time_zone: Arc<str>,
    /// Each begins where the one before it ends.
    periods: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    start: EventTime,
    end: EventTime,
    /// What a clock of the time zone shows then. Where the anchor's time of day does not exist, later than that.
    civil_start: String,
    civil_end: String,
    /// What shares of the period are parts of.
    seconds: i64,
}

/// Answers one case of `highwater quote periods`.
pub fn periods(case: &[u8]) -> Result<String, Refused> {
    answer(case, FIELDS, read, find)
}

fn read(fields: &Fields<'_>, reading: &mut Reading) -> Option<Case> {
    let cadence = subscription::cadence(fields, reading);
    let from = fields.optional("from", reading, times::any_instant);
    let count = fields.or("count", COUNT_DEFAULT, reading, numbers::whole(1, COUNT_LIMIT));
    Some(Case { cadence: cadence?, from: from?, count: usize::try_from(count?).ok()? })
}

fn find(case: Case) -> Result<Periods, CaseError> {
    let Case { cadence, from, count } = case;
    let calendar = Calendar::new(&cadence).map_err(|error| CaseError {
        code: MistakeCode::InvalidAnchor.as_str().to_owned(),
        field: "/anchor".to_owned(),
        message: error.to_string(),
        hint: String::new(),
    })?;
    let mut at = from.unwrap_or_else(|| calendar.boundary(0));
    let mut periods = Vec::with_capacity(count);
    while periods.len() < count {
        let period = calendar.period_at(at);
        periods.push(shown(&calendar, period).ok_or_else(|| no_such_year(periods.len()))?);
        at = period.end;
    }
    Ok(Periods { time_zone: cadence.time_zone, periods })
}

/// `None` where the period has an open end.
fn shown(calendar: &Calendar, period: Period) -> Option<Shown> {
    Some(Shown {
        start: period.start,
        end: period.end,
        civil_start: calendar.civil_time(period.start)?.to_string(),
        civil_end: calendar.civil_time(period.end)?.to_string(),
        seconds: period.seconds(),
    })
}

fn no_such_year(found: usize) -> CaseError {
    CaseError {
        code: MistakeCode::OutOfRange.as_str().to_owned(),
        field: "/count".to_owned(),
        message: format!("period {} reaches beyond the year 9999", found + 1),
        hint: if found == 0 { String::new() } else { format!("ask for {found} at the most") },
    }
}
