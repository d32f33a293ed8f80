//! Credits of one organization: what was given, taken back or corrected, and how it is burnt and bought anew.

use super::Cadence;
use crate::number::Quantity;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Credits given to an organization; or, with `of`, a change of a grant that was given before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Grant {
    pub id: Arc<str>,
    #[serde(rename = "organizationId")]
    pub organization_id: Arc<str>,
    /// Units of this meter, or money when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Arc<str>>,
    /// Units, or the currency's major unit. Below zero only in an adjustment of another grant.
    pub amount: Quantity,
    pub kind: GrantKind,
    /// The grant that a refund takes from, or that an adjustment changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<Arc<str>>,
    /// The recharge request that these credits answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recharge_request: Option<Arc<str>>,
    /// Left out where it is 0: a change of another grant has none.
    #[serde(skip_serializing_if = "is_zero")]
    pub priority: i32,
    pub effective_from: EventTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<EventTime>,
    /// Given anew at every boundary of this cadence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Cadence>,
    /// Instants at which it is given anew besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resets: Vec<EventTime>,
    /// The most that is carried over when it is given anew; the rest expires then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollover: Option<Quantity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    Free,
    Promotional,
    Paid,
    /// Takes credits of a grant back, as far as they are still there: the money went back to the customer.
    Refund,
    /// By hand: credits of its own, or more or less of those of another grant.
    Adjustment,
}

impl GrantKind {
    pub fn name(self) -> &'static str {
        match self {
            GrantKind::Free => "free",
            GrantKind::Promotional => "promotional",
            GrantKind::Paid => "paid",
            GrantKind::Refund => "refund",
            GrantKind::Adjustment => "adjustment",
        }
    }
}

/// How one organization's credits of one meter or currency are burnt, and when more of them are asked for.
/// Of several that cover an instant the one with the greatest (`effective_from`, `id`) holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CreditPolicy {
    pub id: Arc<str>,
    #[serde(rename = "organizationId")]
    pub organization_id: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Arc<str>>,
    pub effective_from: EventTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<EventTime>,
    /// What is compared first, second and so on; the id decides last. All of [`BurnKey::ALL`] unless given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub burn_order: Vec<BurnKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recharge: Option<Recharge>,
}

/// By what it is decided which grant burns first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnKey {
    /// Lower numbers first.
    Priority,
    /// The earliest first; what does not expire last.
    ExpiresAt,
    /// What was paid for last.
    Kind,
    /// The earliest first.
    EffectiveFrom,
}

impl BurnKey {
    /// In the order that holds unless a policy says otherwise.
    pub const ALL: [BurnKey; 4] = [BurnKey::Priority, BurnKey::ExpiresAt, BurnKey::Kind, BurnKey::EffectiveFrom];
}

/// When credits run low, more are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Recharge {
    /// More are asked for when balance and pending requests together fall below this.
    pub threshold: Quantity,
    #[serde(flatten)]
    pub size: RechargeSize,
    /// The most that is asked for in one period of the cadence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Quantity>,
    /// The periods of the cap, and of the names of requests.
    #[serde(flatten)]
    pub cadence: Cadence,
    /// A request that no grant has answered after this long is no longer expected to be.
    pub pending_hours: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RechargeSize {
    /// As much each time.
    Amount(Quantity),
    /// What is missing up to this.
    Target(Quantity),
}

fn is_zero(priority: &i32) -> bool {
    *priority == 0
}
