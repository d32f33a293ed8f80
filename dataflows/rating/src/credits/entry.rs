//! What a ledger says: one entry for each grant and instant at which something happened to it.

use super::{CreditError, add, sub};
use crate::number::Quantity;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `opening + granted − burned − expired − refunded = closing`, always. What was rolled over is part of the opening
/// balance and of the closing one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    pub at: EventTime,
    pub grant: Arc<str>,
    pub opening: Quantity,
    /// By the grant itself, by a refill, or by adjustments; below zero where those took more than was given.
    pub granted: Quantity,
    pub burned: Quantity,
    pub expired: Quantity,
    /// What a refill left of the credits from before it.
    pub rolled_over: Quantity,
    pub refunded: Quantity,
    pub closing: Quantity,
}

impl Entry {
    pub(super) fn open(at: EventTime, grant: Arc<str>, opening: Quantity) -> Entry {
        let zero = Quantity::ZERO;
        Entry {
            at,
            grant,
            opening,
            granted: zero,
            burned: zero,
            expired: zero,
            rolled_over: zero,
            refunded: zero,
            closing: opening,
        }
    }

    pub(super) fn give(&mut self, amount: Quantity) -> Result<(), CreditError> {
        self.granted = add(self.granted, amount)?;
        self.closing = add(self.closing, amount)?;
        Ok(())
    }

    pub(super) fn burn(&mut self, amount: Quantity) -> Result<(), CreditError> {
        self.burned = add(self.burned, amount)?;
        self.closing = sub(self.closing, amount)?;
        Ok(())
    }

    pub(super) fn expire(&mut self, amount: Quantity) -> Result<(), CreditError> {
        self.expired = add(self.expired, amount)?;
        self.closing = sub(self.closing, amount)?;
        Ok(())
    }

    pub(super) fn refund(&mut self, amount: Quantity) -> Result<(), CreditError> {
        self.refunded = add(self.refunded, amount)?;
        self.closing = sub(self.closing, amount)?;
        Ok(())
    }

    /// Whether the entry says anything.
    pub(super) fn is_empty(&self) -> bool {
        let amounts = [self.granted, self.burned, self.expired, self.rolled_over, self.refunded];
        amounts.iter().all(|amount| *amount == Quantity::ZERO)
    }
}

/// What was left of each grant after everything that happened up to and at the instant, by grant. Grants that had not
/// begun are left out; one that has expired or is burnt has zero.
pub fn balances(entries: &[Entry], at: EventTime) -> BTreeMap<Arc<str>, Quantity> {
    let known = entries.partition_point(|entry| entry.at <= at);
    entries[..known].iter().map(|entry| (entry.grant.clone(), entry.closing)).collect()
}
