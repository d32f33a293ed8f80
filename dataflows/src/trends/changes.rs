//! What trends give out: a forecast for each (organization, meter) that has history and a period, and what was not as
//! expected.

use crate::changes::WindowSize;
use crate::event::{MeterIndex, OrganizationKey};
pub use highwater_forecast::{Estimate, HourOfWeek, Reaching};
use highwater_rating::number::Quantity;
use highwater_rating::rate::RateError;
use highwater_rating::time::{EventTime, Period};
use std::sync::Arc;

/// What an epoch changed. Order within the lists carries no meaning; `None` says that it is no longer there.
#[derive(Debug, Default)]
pub struct TrendChanges {
    pub trends: Vec<(TrendKey, Option<Arc<Trend>>)>,
    pub anomalies: Vec<(AnomalyKey, Option<AnomalyValue>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrendKey {
    pub organization: OrganizationKey,
    pub meter: MeterIndex,
}

/// What the running period will most likely come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// Where the present day begins: what was used since is not in `used`.
    pub present_day: EventTime,
    pub period: Period,
    /// Before the present day.
    pub used: Quantity,
    /// Of the whole period.
    pub usage: Estimate,
    /// Whether the present day has used more already than was expected of it, and the forecast follows it.
    pub departs: bool,
    pub bill: Result<Bill, RateError>,
    /// Of the charge in force on the present day.
    pub limit: Option<Threshold>,
    /// Where unit credits are used up, with what is left of them when the present span begins; absent without any.
    pub credits_end: Option<Threshold>,
    pub next_tier: Option<Threshold>,
    /// What an average day is expected to bring, and by how much more or less each day.
    pub level: Quantity,
    pub trend: Quantity,
    /// Shares of an average day, Monday first.
    pub week: [Quantity; 7],
    pub history_days: u32,
    /// Absent before a week is over, and where no hours are kept.
    pub pattern: Option<HourOfWeek>,
}

/// What the forecast usage costs, as `rate` says it, with the meter's unit credits: this meter's lines alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub currency: Arc<str>,
    pub minor_units: AmountEstimate,
}

/// As [`Estimate`], in minor units. More usage need not cost more: each interval is that of what lies inside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AmountEstimate {
    pub expected: i128,
    pub low_80: i128,
    pub high_80: i128,
    pub low_95: i128,
    pub high_95: i128,
}

/// A quantity of the period's usage, and when it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    pub quantity: Quantity,
    pub reaching: Reaching,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnomalyKey {
    pub organization: OrganizationKey,
    pub meter: MeterIndex,
    /// An hour or a day.
    pub size: WindowSize,
    pub start: EventTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnomalyValue {
    pub quantity: Quantity,
    pub expected: Quantity,
    /// Usual deviations above what was expected, or below it.
    pub score: Quantity,
}
