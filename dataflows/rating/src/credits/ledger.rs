//! The ledger: grants in the order of time, burnt by usage in the order of time.

use super::entry::Entry;
use super::holding::{Holding, total};
use super::order::{burns_before, policy_at};
use super::recharge::{RechargeRequest, Recharges};
use super::{CreditError, add, sub};
use crate::number::Quantity;
use crate::tables::{CreditPolicy, Grant};
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one grant covers of some usage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cover {
    pub grant: Arc<str>,
    pub quantity: Quantity,
}

/// Everything that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// By instant, then by grant.
    pub entries: Vec<Entry>,
    /// In the order in which they were made.
    pub requests: Vec<RechargeRequest>,
    /// When something happens next, without usage.
    pub next: Option<EventTime>,
}

/// More instants than this are a recurrence that runs away.
const INSTANTS_LIMIT: usize = 100_000;

/// The grants of one organization and one meter or currency, as far as they have been worked through.
#[derive(Clone, Debug)]
pub struct Ledger<'a> {
    /// By id.
    holdings: Vec<Holding<'a>>,
    /// Refunds and adjustments of other grants, by (instant, id).
    changes: Vec<&'a Grant>,
    policies: Vec<&'a CreditPolicy>,
    recharges: Recharges<'a>,
    grain: Quantity,
    until: EventTime,
    /// Everything but usage has happened up to and at this instant.
    now: EventTime,
    instants: usize,
    entries: Vec<Entry>,
}

impl<'a> Ledger<'a> {
    /// Rows of one organization and one meter or currency, in any order. Usage is covered in whole `grain`s: of money
    /// the currency's minor unit, of units the smallest quantity.
    ///
    /// What recurs has no end of its own: refills, and requests that are made again, are worked out up to and at
    /// `until`, as is everything else without usage. Usage may lie later, but then finds nothing given anew.
    pub fn new(
        grants: impl IntoIterator<Item = &'a Grant>,
        policies: impl IntoIterator<Item = &'a CreditPolicy>,
        grain: Quantity,
        until: EventTime,
    ) -> Ledger<'a> {
        let mut grants: Vec<&Grant> = grants.into_iter().collect();
        grants.sort_by(|left, right| left.id.cmp(&right.id));
        let policies: Vec<&CreditPolicy> = policies.into_iter().collect();
        let mut changes: Vec<&Grant> = grants.iter().copied().filter(|row| row.of.is_some()).collect();
        changes.sort_by_key(|row| row.effective_from);
        Ledger {
            holdings: grants.iter().copied().filter_map(|row| Holding::of(row, until)).collect(),
            changes,
            recharges: Recharges::new(policies.iter().copied(), &grants),
            policies,
            grain,
            until,
            now: EventTime::MIN,
            instants: 0,
            entries: Vec::new(),
        }
    }

    /// Covers usage at an instant, as far as there are credits. Answers what each grant covers, in the order of burn;
    /// of a need of zero or less nothing. To be asked in the order of time.
    pub fn burn(&mut self, at: EventTime, need: Quantity) -> Result<Vec<Cover>, CreditError> {
        if at < self.now {
            return Err(CreditError::OutOfOrder);
        }
        self.turn_to(at)?;
        let mut covers = Vec::new();
        let mut rest = need;
        for position in self.burn_order() {
            if rest <= Quantity::ZERO {
                break;
            }
            let holding = &mut self.holdings[position];
            let quantity = holding.burn(at, rest, self.grain)?;
            if quantity > Quantity::ZERO {
                rest = sub(rest, quantity)?;
                covers.push(Cover { grant: holding.grant.id.clone(), quantity });
            }
        }
        Ok(covers)
    }

    /// What is left of all grants now.
    pub fn balance(&self) -> Result<Quantity, CreditError> {
        total(self.holdings.iter())
    }

    /// Works through everything that happens without usage up to and at `until`, and gives the statement.
    pub fn close(mut self) -> Result<Statement, CreditError> {
        self.leave()?;
        while let Some(next) = self.next(self.until).filter(|next| *next <= self.until) {
            self.turn_to(next)?;
            self.leave()?;
        }
        let next = self.next(EventTime::MAX);
        Ok(Statement { entries: self.entries, requests: self.recharges.into_requests(), next })
    }

    fn burn_order(&self) -> Vec<usize> {
        let policy = self.policy();
        let live = |position: &usize| self.holdings[*position].is_live(self.now);
        let mut order: Vec<usize> = (0..self.holdings.len()).filter(live).collect();
        order.sort_by(|a, b| burns_before(self.holdings[*a].grant, self.holdings[*b].grant, policy));
        order
    }

    fn policy(&self) -> Option<&'a CreditPolicy> {
        policy_at(self.policies.iter().copied(), self.now)
    }

    fn turn_to(&mut self, at: EventTime) -> Result<(), CreditError> {
        while self.now < at {
            self.leave()?;
            let next = self.next(self.until).filter(|next| *next < at).unwrap_or(at);
            self.instants += 1;
            if self.instants > INSTANTS_LIMIT {
                return Err(CreditError::TooManyInstants);
            }
            self.enter(next)?;
        }
        Ok(())
    }

    /// The next instant at which anything happens; what recurs only until then.
    fn next(&self, recurring_until: EventTime) -> Option<EventTime> {
        let of_grants = self.holdings.iter().filter_map(|row| row.next_after(self.now, recurring_until));
        let changes = self.changes.iter().map(|row| row.effective_from);
        let ends = self.policies.iter().filter_map(|row| row.effective_to);
        let policies = self.policies.iter().map(|row| row.effective_from).chain(ends);
        let recharges = self.recharges.next_after(self.now, self.policy(), recurring_until);
        let all = of_grants.chain(changes).chain(policies).chain(recharges);
        all.filter(|next| *next > self.now).min()
    }

    /// Everything that happens at an instant, usage aside.
    fn enter(&mut self, at: EventTime) -> Result<(), CreditError> {
        self.now = at;
        self.holdings.iter_mut().try_for_each(|holding| holding.expire(at))?;
        self.holdings.iter_mut().try_for_each(|holding| holding.roll_over(at))?;
        self.holdings.iter_mut().try_for_each(|holding| holding.give(at))?;
        let first = self.changes.partition_point(|change| change.effective_from < at);
        for change in self.changes[first..].iter().take_while(|change| change.effective_from == at) {
            let target = change.of.as_ref();
            if let Some(holding) = self.holdings.iter_mut().find(|holding| Some(&holding.grant.id) == target) {
                holding.change(at, change)?;
            }
        }
        Ok(())
    }

    /// Ends the instant.
    fn leave(&mut self) -> Result<(), CreditError> {
        self.entries.extend(self.holdings.iter_mut().filter_map(Holding::close));
        // Checked whether or not anybody asks for more: all that is left must be a number.
        let balance = self.holdings.iter().map(Holding::balance).try_fold(Quantity::ZERO, add)?;
        match self.policy() {
            Some(policy) => self.recharges.look(self.now, policy, balance),
            None => Ok(()),
        }
    }
}
