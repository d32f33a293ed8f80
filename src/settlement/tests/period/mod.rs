//! Final periods for tests, with close records that agree with their lines.

use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use highwater_settlement::frozen::{CloseRecord, FrozenPeriod};
use highwater_settlement::line::{FinalLine, LineKind, checksum};
use highwater_settlement::moment::Moment;

pub fn time(text: &str) -> EventTime {
    EventTime::parse(text.as_bytes()).expect("an instant")
}

/// A line of October 2026: id, kind, name, units, minor units.
pub fn line(id: u32, kind: LineKind, name: &str, units: i128, minor_units: i128) -> FinalLine {
    FinalLine {
        line_id: format!("{id:032x}"),
        kind,
        name: name.into(),
        span_start: time("2026-10-01T00:00:00Z"),
        span_end: time("2026-11-01T00:00:00Z"),
        quantity: Quantity(units * 1_000_000_000),
        overage: Quantity(0),
        amount_unrounded: minor_units * 10_000_000_000_000_000,
        amount_minor_units: minor_units,
        currency: "USD".into(),
        corrects_line_id: String::new(),
        corrects_period_start: None,
    }
}

pub fn record(organization: &str, lines: &[FinalLine]) -> CloseRecord {
    let mut by_id = lines.to_vec();
    by_id.sort_by(|one, other| one.line_id.cmp(&other.line_id));
    CloseRecord {
        organization_id: organization.into(),
        period_start: time("2026-10-01T00:00:00Z"),
        period_end: time("2026-11-01T00:00:00Z"),
        currency: lines.first().map_or("USD".into(), |line| line.currency.clone()),
        revision: 1,
        lines: lines.len() as u64,
        total_minor_units: lines.iter().map(|line| line.amount_minor_units).sum(),
        checksum: format!("{:032x}", checksum(&by_id)),
        final_at: Moment(time("2026-11-04T00:00:00Z").0),
    }
}

#[allow(dead_code)]
pub fn period(organization: &str, lines: Vec<FinalLine>) -> FrozenPeriod {
    FrozenPeriod::check(record(organization, &lines), lines).expect("they agree")
}
