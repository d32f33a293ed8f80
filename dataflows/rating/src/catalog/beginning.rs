//! When a meter begins that is added beside others.
//!
//! A running service counts a new meter from the events that come after its row; where state is built anew every event
//! is read again. Both agree only where the meter begins at an instant that lies ahead when its row is published. Owns that
//! rule. The first meters of all, which nothing was counted before, may count everything there is.

use super::difference::{Refusal, RefusalCode};
use crate::tables::{Meter, Row, Table};
use crate::time::EventTime;
use std::collections::BTreeMap;

/// How far ahead a plan lets a meter begin that does not say when: long enough to read the plan and to apply it.
pub const METER_LEAD_US: i64 = 5 * 60 * 1_000_000;
const MINUTE_US: i64 = 60 * 1_000_000;

/// The rows as they are to be published at `published_at` or later: a meter that does not say when it begins keeps its
/// beginning where it is in force, and begins at `published_at` where others are in force and it is not. Refuses meters
/// that would begin before that beside others.
pub fn settle_beginnings(in_force: &[Row], wanted: &[Row], published_at: EventTime) -> Result<Vec<Row>, Vec<Refusal>> {
    let meters = meters_of(in_force);
    let mut refusals = Vec::new();
    let settled = wanted.iter().map(|row| match row {
        Row::Meters(meter) => Row::Meters(settle(meter, &meters, published_at, &mut refusals)),
        other => other.clone(),
    });
    let rows = settled.collect();
    if refusals.is_empty() { Ok(rows) } else { Err(refusals) }
}

/// Meters among `added` whose beginning has passed, so that adding them now would count otherwise than planned.
pub fn begun_meters(in_force: &[Row], added: &[Row], now: EventTime) -> Vec<Refusal> {
    let meters = meters_of(in_force);
    let new =
        added.iter().filter_map(meter_of).filter(|meter| !meters.is_empty() && !meters.contains_key(&*meter.name));
    new.filter_map(|meter| meter.effective_from.filter(|from| *from < now).map(|from| refusal(meter, from))).collect()
}

fn settle(
    meter: &Meter,
    meters: &BTreeMap<&str, &Meter>,
    published_at: EventTime,
    refusals: &mut Vec<Refusal>,
) -> Meter {
    let mut settled = meter.clone();
    match (meters.get(&*meter.name), meter.effective_from) {
        (Some(standing), None) => settled.effective_from = standing.effective_from,
        (None, None) if !meters.is_empty() => settled.effective_from = Some(published_at),
        (None, Some(from)) if !meters.is_empty() && from < published_at => refusals.push(refusal(meter, from)),
        _ => {}
    }
    settled
}

/// When the meters of a plan begin that is made now: a whole minute.
pub fn planned_beginning(now: EventTime) -> EventTime {
    let minutes = now.0.saturating_add(METER_LEAD_US).div_euclid(MINUTE_US).saturating_add(1);
    EventTime(minutes.saturating_mul(MINUTE_US))
}

fn refusal(meter: &Meter, from: EventTime) -> Refusal {
    Refusal {
        code: RefusalCode::MeterBeginsInThePast,
        table: Table::Meters,
        key: meter.name.clone(),
        message: format!(
            "it would begin at {from}, and what was counted since then would depend on when the service was \
             restarted; leave `effective_from` out, or let it lie some minutes ahead"
        ),
        references: Vec::new(),
    }
}

fn meters_of(rows: &[Row]) -> BTreeMap<&str, &Meter> {
    rows.iter().filter_map(meter_of).map(|meter| (&*meter.name, meter)).collect()
}

fn meter_of(row: &Row) -> Option<&Meter> {
    match row {
        Row::Meters(meter) => Some(meter),
        _ => None,
    }
}
