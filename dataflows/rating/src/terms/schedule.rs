//! The schedule of one (organization, meter): every instant's period and terms.

use crate::tables::{Charge, Override, Plan, Subscription};
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A billing period, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    pub start: EventTime,
    pub end: EventTime,
}

/// What holds for one meter during a span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Terms {
    pub subscription: Arc<str>,
    pub plan: Arc<str>,
    /// `effective_from` of the plan version.
    pub plan_version: EventTime,
    pub currency: Arc<str>,
    /// Ids of the overrides that apply, in order of application.
    pub overrides: Vec<Arc<str>>,
    /// The plan's charge with the overrides applied; absent where the plan does not charge the meter.
    pub charge: Option<Charge>,
}

/// The longest stretch of one period in which the same terms hold, half-open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: EventTime,
    pub end: EventTime,
    pub period: Period,
    pub terms: Arc<Terms>,
}

/// Everything that decides the terms of one (organization, meter).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// Ordered by (effective_from, id).
    pub subscriptions: Vec<Arc<Subscription>>,
    /// Every version of every plan those subscriptions name, ordered by (plan, effective_from).
    pub plans: Vec<Arc<Plan>>,
    /// The organization's overrides of this meter, ordered by (effective_from, id).
    pub overrides: Vec<Arc<Override>>,
}
