//! Which grant burns first.

use crate::tables::{BurnKey, CreditPolicy, Grant, GrantKind};
use crate::time::EventTime;
use std::cmp::Ordering;

/// The order of burn under a policy, or the usual one without. Two grants are never equal: the id decides last.
pub fn burns_before(left: &Grant, right: &Grant, policy: Option<&CreditPolicy>) -> Ordering {
    let keys = policy.map(|policy| &*policy.burn_order).filter(|keys| !keys.is_empty()).unwrap_or(&BurnKey::ALL);
    let by_key = |key: &BurnKey| match key {
        BurnKey::Priority => left.priority.cmp(&right.priority),
        BurnKey::ExpiresAt => end_of(left).cmp(&end_of(right)),
        BurnKey::Kind => is_paid(left).cmp(&is_paid(right)),
        BurnKey::EffectiveFrom => left.effective_from.cmp(&right.effective_from),
    };
    keys.iter().map(by_key).find(|order| order.is_ne()).unwrap_or_else(|| left.id.cmp(&right.id))
}

/// The policy in force at an instant: of those that cover it the one with the greatest (`effective_from`, `id`).
pub fn policy_at<'a>(policies: impl Iterator<Item = &'a CreditPolicy>, at: EventTime) -> Option<&'a CreditPolicy> {
    policies
        .filter(|row| row.effective_from <= at && row.effective_to.is_none_or(|end| at < end))
        .max_by(|left, right| (left.effective_from, &left.id).cmp(&(right.effective_from, &right.id)))
}

fn end_of(grant: &Grant) -> EventTime {
    grant.expires_at.unwrap_or(EventTime::MAX)
}

/// Whether money was given for it: only `paid`, as nobody paid for what is free, promotional or given by hand.
fn is_paid(grant: &Grant) -> bool {
    grant.kind == GrantKind::Paid
}
