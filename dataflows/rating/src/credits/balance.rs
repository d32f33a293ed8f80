//! What is left of one grant, and what became of the rest.

use super::{CreditError, Entry, add};
use crate::number::Quantity;
use crate::tables::{Grant, GrantKind};
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// `granted − burned − expired − refunded = balance`, since the grant began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Balance {
    pub kind: GrantKind,
    pub priority: i32,
    pub effective_from: EventTime,
    pub expires_at: Option<EventTime>,
    pub granted: Quantity,
    pub burned: Quantity,
    pub expired: Quantity,
    pub refunded: Quantity,
    pub balance: Quantity,
    /// When something happened to it last.
    pub changed_at: EventTime,
}

impl Balance {
    /// Of the entries of a ledger those of the grant; `None` where it has not begun.
    pub fn of<'e>(grant: &Grant, entries: impl IntoIterator<Item = &'e Entry>) -> Result<Option<Balance>, CreditError> {
        let mut entries = entries.into_iter().filter(|entry| entry.grant == grant.id).peekable();
        if entries.peek().is_none() {
            return Ok(None);
        }
        let zero = Quantity::ZERO;
        let mut balance = Balance {
            kind: grant.kind,
            priority: grant.priority,
            effective_from: grant.effective_from,
            expires_at: grant.expires_at,
            granted: zero,
            burned: zero,
            expired: zero,
            refunded: zero,
            balance: zero,
            changed_at: grant.effective_from,
        };
        for entry in entries {
            balance.granted = add(balance.granted, entry.granted)?;
            balance.burned = add(balance.burned, entry.burned)?;
            balance.expired = add(balance.expired, entry.expired)?;
            balance.refunded = add(balance.refunded, entry.refunded)?;
            (balance.balance, balance.changed_at) = (entry.closing, entry.at);
        }
        Ok(Some(balance))
    }
}
