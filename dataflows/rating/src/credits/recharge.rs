//! Asking for more credits: once a downward crossing of the threshold, with what is pending counted as there already.
//!
//! Owns when a request is made, how large it is and how long it is pending. Does not own what becomes of it: a grant
//! that names the request answers it.

use super::{CreditError, add, sub};
use crate::number::Quantity;
use crate::tables::{CreditPolicy, Grant, Recharge, RechargeSize};
use crate::time::{Calendar, EventTime, Period};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is to be bought. `id` names the nth request of a policy's period, whenever in that period it is made: a late
/// event that moves the crossing moves the request, and does not make another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RechargeRequest {
    pub id: Arc<str>,
    pub policy: Arc<str>,
    pub period_start: EventTime,
    /// From 1.
    pub number: u32,
    pub at: EventTime,
    pub amount: Quantity,
    pub threshold: Quantity,
    /// What was left and what was still pending when the request was made.
    pub balance: Quantity,
    pub pending: Quantity,
    /// From when on it is no longer counted on, unless a grant has answered it.
    pub lapses_at: EventTime,
    /// The grant that names the request.
    pub answered_by: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct Recharges<'a> {
    policies: BTreeMap<&'a str, Standing>,
    /// The first grant that answers each request.
    answers: BTreeMap<&'a str, &'a Grant>,
    requests: Vec<RechargeRequest>,
}

/// How one policy stands.
#[derive(Clone, Debug)]
struct Standing {
    calendar: Calendar,
    /// The next time that too little is left, more is asked for.
    armed: bool,
    period: Option<Period>,
    asked: Quantity,
    number: u32,
}

const HOUR_US: i64 = 3_600_000_000;

impl<'a> Recharges<'a> {
    pub fn new(policies: impl Iterator<Item = &'a CreditPolicy>, grants: &[&'a Grant]) -> Recharges<'a> {
        let standing = |row: &'a CreditPolicy| {
            let calendar = Calendar::new(&row.recharge.as_ref()?.cadence).ok()?;
            Some((&*row.id, Standing { calendar, armed: true, period: None, asked: Quantity::ZERO, number: 0 }))
        };
        let mut answers: BTreeMap<&str, &Grant> = BTreeMap::new();
        for grant in grants {
            let Some(request) = &grant.recharge_request else { continue };
            let first = answers.entry(request).or_insert(grant);
            if (grant.effective_from, &grant.id) < (first.effective_from, &first.id) {
                *first = grant;
            }
        }
        Recharges { policies: policies.filter_map(standing).collect(), answers, requests: Vec::new() }
    }

    /// The next instant, up to and at `recurring_until`, at which something changes by itself: a request is no longer
    /// pending, or a crossing that found no room under the cap may be asked for in a new period.
    pub fn next_after(
        &self,
        instant: EventTime,
        policy: Option<&CreditPolicy>,
        recurring_until: EventTime,
    ) -> Option<EventTime> {
        let lapses = self.requests.iter().map(|request| self.pending_until(request)).filter(|at| *at > instant).min();
        let standing = policy.and_then(|policy| self.policies.get(&*policy.id)).filter(|standing| standing.armed);
        let renewed = standing.map(|standing| standing.calendar.period_at(instant).end);
        [lapses, renewed].into_iter().flatten().filter(|at| *at <= recurring_until).min()
    }

    fn pending_until(&self, request: &RechargeRequest) -> EventTime {
        let answered_at = self.answers.get(&*request.id).map_or(EventTime::MAX, |grant| grant.effective_from);
        request.lapses_at.min(answered_at)
    }

    fn pending(&self, at: EventTime) -> Result<Quantity, CreditError> {
        let pending = self.requests.iter().filter(|request| at < self.pending_until(request));
        pending.map(|request| request.amount).try_fold(Quantity::ZERO, add)
    }

    /// After everything that happened at an instant: asks for more where the balance has fallen below the threshold.
    /// At a policy's first instant the balance is taken to have been above.
    pub fn look(&mut self, at: EventTime, policy: &CreditPolicy, balance: Quantity) -> Result<(), CreditError> {
        let pending = self.pending(at)?;
        let Some(recharge) = &policy.recharge else { return Ok(()) };
        let Some(standing) = self.policies.get_mut(&*policy.id) else { return Ok(()) };
        let expected = add(balance, pending)?;
        if expected >= recharge.threshold {
            standing.armed = true;
            return Ok(());
        }
        if !standing.armed {
            return Ok(());
        }
        standing.turn_to(at);
        let amount = standing.room(recharge, size(recharge, expected)?)?;
        if amount <= Quantity::ZERO {
            return Ok(());
        }
        standing.asked = add(standing.asked, amount)?;
        standing.number += 1;
        let period_start = standing.period.map_or(at, |period| period.start);
        let number = standing.number;
        let id: Arc<str> = format!("{}/{period_start}/{number}", policy.id).into();
        let lapses_at = at.0.saturating_add(i64::from(recharge.pending_hours) * HOUR_US);
        let answered_by = self.answers.get(&*id).map(|grant| grant.id.clone());
        self.requests.push(RechargeRequest {
            id,
            policy: policy.id.clone(),
            period_start,
            number,
            at,
            amount,
            threshold: recharge.threshold,
            balance,
            pending,
            lapses_at: EventTime(lapses_at),
            answered_by,
        });
        let expected = add(balance, self.pending(at)?)?;
        if let Some(standing) = self.policies.get_mut(&*policy.id) {
            standing.armed = expected >= recharge.threshold;
        }
        Ok(())
    }

    pub fn into_requests(self) -> Vec<RechargeRequest> {
        self.requests
    }
}

impl Standing {
    fn turn_to(&mut self, at: EventTime) {
        if self.period.is_none_or(|period| !period.contains(at)) {
            (self.period, self.asked, self.number) = (Some(self.calendar.period_at(at)), Quantity::ZERO, 0);
        }
    }

    /// The part of an amount that the cap has room for.
    fn room(&self, recharge: &Recharge, amount: Quantity) -> Result<Quantity, CreditError> {
        match recharge.cap {
            Some(cap) => Ok(amount.min(sub(cap, self.asked)?)),
            None => Ok(amount),
        }
    }
}

fn size(recharge: &Recharge, expected: Quantity) -> Result<Quantity, CreditError> {
    match recharge.size {
        RechargeSize::Amount(amount) => Ok(amount),
        RechargeSize::Target(target) => sub(target, expected),
    }
}
