//! One grant in a ledger: what is left of it, and what happens to it at each instant.

use super::entry::Entry;
use super::refill::Refills;
use super::{CreditError, add, sub};
use crate::number::Quantity;
use crate::tables::{Grant, GrantKind};
use crate::time::EventTime;

#[derive(Clone, Debug)]
pub struct Holding<'a> {
    pub grant: &'a Grant,
    refills: Refills,
    recurring_until: EventTime,
    balance: Quantity,
    /// Of the instant that is being worked on.
    open: Option<Entry>,
}

impl<'a> Holding<'a> {
    /// `None` for a row that holds no credits: one that changes another grant, or never holds.
    pub fn of(grant: &'a Grant, recurring_until: EventTime) -> Option<Holding<'a>> {
        if grant.of.is_some() || grant.kind == GrantKind::Refund {
            return None;
        }
        let refills = Refills::of(grant)?;
        Some(Holding { grant, refills, recurring_until, balance: Quantity::ZERO, open: None })
    }

    pub fn is_live(&self, at: EventTime) -> bool {
        self.grant.effective_from <= at && self.grant.expires_at.is_none_or(|end| at < end)
    }

    /// What is left, with what happened so far at the instant that is being worked on.
    pub fn balance(&self) -> Quantity {
        self.open.as_ref().map_or(self.balance, |entry| entry.closing)
    }

    /// The next instant at which something happens to the grant by itself.
    pub fn next_after(&self, instant: EventTime, recurring_until: EventTime) -> Option<EventTime> {
        let begins = Some(self.grant.effective_from);
        let ends = self.grant.expires_at;
        let own = [begins, ends].into_iter().flatten().filter(|at| *at > instant).min();
        let refilled = self.refills.next_after(instant, recurring_until).filter(|at| *at > instant);
        [own, refilled].into_iter().flatten().min()
    }

    fn is_refilled(&self, at: EventTime) -> bool {
        let before = EventTime(at.0.saturating_sub(1));
        at > self.grant.effective_from && self.refills.next_after(before, self.recurring_until) == Some(at)
    }

    fn entry(&mut self, at: EventTime) -> &mut Entry {
        let (grant, balance) = (&self.grant.id, self.balance);
        self.open.get_or_insert_with(|| Entry::open(at, grant.clone(), balance))
    }

    pub fn expire(&mut self, at: EventTime) -> Result<(), CreditError> {
        let left = self.balance();
        if self.grant.expires_at == Some(at) { self.entry(at).expire(left) } else { Ok(()) }
    }

    /// At a refill: keeps what may be carried over of what is left, and lets the rest expire.
    pub fn roll_over(&mut self, at: EventTime) -> Result<(), CreditError> {
        if !self.is_refilled(at) {
            return Ok(());
        }
        let left = self.balance();
        let kept = left.min(self.grant.rollover.unwrap_or_default().max(Quantity::ZERO));
        let entry = self.entry(at);
        entry.rolled_over = kept;
        entry.expire(sub(left, kept)?)
    }

    /// When the grant begins, and at each refill.
    pub fn give(&mut self, at: EventTime) -> Result<(), CreditError> {
        if self.grant.effective_from != at && !self.is_refilled(at) {
            return Ok(());
        }
        let amount = self.grant.amount.max(Quantity::ZERO);
        self.entry(at).give(amount)
    }

    /// A refund or an adjustment. Takes no more than is left, and does nothing to a grant that is not live.
    pub fn change(&mut self, at: EventTime, change: &Grant) -> Result<(), CreditError> {
        if !self.is_live(at) {
            return Ok(());
        }
        let left = self.balance();
        match change.kind {
            GrantKind::Refund => self.entry(at).refund(change.amount.max(Quantity::ZERO).min(left)),
            _ => {
                let least = sub(Quantity::ZERO, left)?;
                self.entry(at).give(change.amount.max(least))
            }
        }
    }

    /// Covers as much of the need as is left, in whole grains.
    pub fn burn(&mut self, at: EventTime, need: Quantity, grain: Quantity) -> Result<Quantity, CreditError> {
        let most = self.balance().min(need);
        let covered = Quantity(most.0 - most.0.rem_euclid(grain.0.max(1)));
        if covered > Quantity::ZERO {
            self.entry(at).burn(covered)?;
        }
        Ok(covered.max(Quantity::ZERO))
    }

    /// Ends the instant: what happened at it is the entry.
    pub fn close(&mut self) -> Option<Entry> {
        let entry = self.open.take()?;
        self.balance = entry.closing;
        (!entry.is_empty()).then_some(entry)
    }
}

pub fn total<'a>(holdings: impl Iterator<Item = &'a Holding<'a>>) -> Result<Quantity, CreditError> {
    let mut balances = holdings.map(Holding::balance);
    balances.try_fold(Quantity::ZERO, add)
}
