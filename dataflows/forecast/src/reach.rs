//! When a quantity is reached, and what is reached when: along each path of a forecast, drawn straight inside a day.

use crate::forecast::{Forecast, Path};
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};

/// When a period's usage gets to a quantity. `None` says: not in this period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reaching {
    pub expected: Option<EventTime>,
    /// With usage at the upper and the lower end of the 80 % interval.
    pub earliest_80: Option<EventTime>,
    pub latest_80: Option<EventTime>,
    pub earliest_95: Option<EventTime>,
    pub latest_95: Option<EventTime>,
}

impl Forecast {
    /// A quantity at or below zero is reached when the period begins.
    pub fn reaching(&self, quantity: Quantity) -> Reaching {
        Reaching {
            expected: self.reaches(quantity, Path::Expected),
            earliest_80: self.reaches(quantity, Path::High80),
            latest_80: self.reaches(quantity, Path::Low80),
            earliest_95: self.reaches(quantity, Path::High95),
            latest_95: self.reaches(quantity, Path::Low95),
        }
    }

    /// What the period has used by an instant: all of it from its end on.
    pub fn used_by(&self, instant: EventTime, path: Path) -> Quantity {
        let mut before = Quantity::ZERO;
        for step in &self.path {
            let after = step.used.of(path);
            if instant < step.end {
                return used_inside(step.start, step.end, before, after, instant);
            }
            before = after;
        }
        before
    }

    /// To the minute before.
    fn reaches(&self, quantity: Quantity, path: Path) -> Option<EventTime> {
        let mut before = Quantity::ZERO;
        for step in &self.path {
            let after = step.used.of(path);
            if after >= quantity {
                return Some(inside(step.start, step.end, before, after, quantity).floor_minute());
            }
            before = after;
        }
        None
    }
}

fn inside(start: EventTime, end: EventTime, before: Quantity, after: Quantity, quantity: Quantity) -> EventTime {
    let (way, whole) = (quantity.0.saturating_sub(before.0).max(0), after.0.saturating_sub(before.0));
    if whole <= 0 {
        return start;
    }
    // A day has 8.64 × 10^10 µs: in thousandths of the way where the product would not fit.
    let length = i128::from(end.0 - start.0);
    let passed = match way.checked_mul(length) {
        Some(product) => product / whole,
        None => way / (whole / 1_000).max(1) * length / 1_000,
    };
    EventTime(start.0 + i64::try_from(passed.min(length)).unwrap_or_default())
}

fn used_inside(start: EventTime, end: EventTime, before: Quantity, after: Quantity, instant: EventTime) -> Quantity {
    let (passed, length) = (i128::from((instant.0 - start.0).max(0)), i128::from(end.0 - start.0).max(1));
    let whole = after.0.saturating_sub(before.0);
    // In thousandths of the day where the product would not fit.
    let part = match whole.checked_mul(passed) {
        Some(product) => product / length,
        None => whole / 1_000 * (passed * 1_000 / length),
    };
    Quantity(before.0.saturating_add(part))
}
