//! What trends give out: a forecast for each (organization, meter) that has history and a period, and what was not as
//! expected.

use crate::changes::WindowSize;
use crate::event::{MeterIndex, OrganizationKey};
use highwater_forecast::Path;
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
    /// Of whole organizations.
    pub bills: Vec<(BillKey, Option<BillForecast>)>,
}

/// The paths along which everything is forecast, in the order of all that is kept by path.
pub const PATHS: [Path; 5] = [Path::Expected, Path::Low80, Path::High80, Path::Low95, Path::High95];

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
    /// What `minor_units` is the sum of.
    pub lines: Vec<LineEstimate>,
}

/// One line of a forecast bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEstimate {
    pub span_start: EventTime,
    pub currency: Arc<str>,
    /// Minor units along each of [`PATHS`].
    pub by_path: [i128; PATHS.len()],
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

impl AmountEstimate {
    /// Of what an amount is along each of [`PATHS`].
    pub fn of(by_path: [i128; PATHS.len()]) -> AmountEstimate {
        let [expected, low_80, high_80, low_95, high_95] = by_path;
        let (least, most) = (expected.min(low_80).min(high_80), expected.max(low_80).max(high_80));
        AmountEstimate {
            expected,
            low_80: least,
            high_80: most,
            low_95: least.min(low_95).min(high_95),
            high_95: most.max(low_95).max(high_95),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillKey {
    pub organization: OrganizationKey,
    pub currency: Arc<str>,
}

/// What an organization's running period will most likely cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillForecast {
    pub present_day: EventTime,
    pub period: Period,
    /// How many meters were forecast; every other one counts with what is known of it now.
    pub meters_forecast: u32,
    pub amounts: Result<BillAmounts, RateError>,
}

/// In minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillAmounts {
    /// All meters' lines, before money credits.
    pub usage: AmountEstimate,
    /// Base prices and add-ons.
    pub recurring: i128,
    /// What is missing to the commitment.
    pub true_up: AmountEstimate,
    /// What money credits pay; zero or below.
    pub credits: AmountEstimate,
    pub total: AmountEstimate,
    /// What is left of money credits just before the period ends; absent without a grant.
    pub credits_left: Option<AmountEstimate>,
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
