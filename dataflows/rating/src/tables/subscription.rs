//! Who has which terms: subscriptions, overrides and adjustments of one organization.

use crate::number::Quantity;
use crate::tables::{Allowance, Phase, Prices};
use crate::time::EventTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An organization is on a plan. At any instant the row with the greatest (`effective_from`, `id`) that covers it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Subscription {
    pub id: Arc<str>,
    #[serde(rename = "organizationId")]
    pub organization_id: Arc<str>,
    pub plan: Arc<str>,
    pub effective_from: EventTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<EventTime>,
    #[serde(flatten)]
    pub cadence: Cadence,
    /// Seats: how often the plan's base price is charged.
    pub quantity: Quantity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_ons: Vec<SubscribedAddOn>,
    /// Trials and pauses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
}

/// From where and how often billing periods begin, in the organization's civil time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Cadence {
    /// A civil date-time such as `2026-01-31T00:00:00`; every boundary is computed from it.
    pub anchor: Arc<str>,
    pub interval: Interval,
    /// Every how many intervals; 1 to 1,000.
    pub interval_count: u32,
    /// An IANA name: `Europe/Vienna`.
    pub time_zone: Arc<str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    Day,
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SubscribedAddOn {
    pub add_on: Arc<str>,
    pub quantity: Quantity,
}

/// Terms of one organization that replace the plan's, field by field, while the window lasts: those of one meter, or
/// without a meter those of the plan as a whole.
/// Several may cover an instant: they apply in the order of (`effective_from`, `id`), the later one winning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Override {
    pub id: Arc<str>,
    #[serde(rename = "organizationId")]
    pub organization_id: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<Arc<str>>,
    pub effective_from: EventTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<EventTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowance: Option<Allowance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge: Option<Prices>,
    /// Only without a meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_price: Option<Decimal>,
    /// Only without a meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Decimal>,
}

/// A seasonal change of terms, laid over everything else. Several may cover an instant: they apply in the order of
/// (`effective_from`, `id`), the later one winning. Percentages replace each other and do not multiply; prices of an
/// event take away a percentage that began before them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Adjustment {
    pub id: Arc<str>,
    /// One organization, or everybody when absent.
    #[serde(rename = "organizationId", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Arc<str>>,
    pub meter: Arc<str>,
    pub kind: AdjustmentKind,
    /// Percent off (temporary users) or on top (automatic limit scaling) of what lies above the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Decimal>,
    /// The prices of an event-based adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge: Option<Prices>,
    pub effective_from: EventTime,
    pub effective_to: EventTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    TemporaryUsers,
    AutomaticLimitScaling,
    EventBased,
}
