//! What was decided and what happened, entry by entry; and where each period stands by it.
//!
//! Entries are only ever added. They are kept beside the intents and shown in ClickHouse as `billing_ledger`.

use crate::intent::{Bill, Slot, hex};
use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Moment,
    pub bill: Bill,
    /// Who decided it; `highwater` where nobody had to.
    pub actor: String,
    /// Why, in the person's words.
    pub reason: String,
    pub event: LedgerEvent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEvent {
    /// The invoice with this content may be sent.
    Approved {
        content: String,
        plan: String,
    },
    Held {
        until: Option<Moment>,
    },
    Released,
    /// A step of one intent: its state after it.
    Intent {
        key: String,
        operation: String,
        content: String,
        state: String,
        detail: String,
        object: String,
    },
    /// All lines agree at Stripe; nothing is left to do.
    Settled {
        content: String,
        invoice: String,
        status: String,
        total: i64,
        currency: String,
    },
    Drifted {
        invoice: String,
        class: String,
        line: String,
        ours: i64,
        theirs: i64,
    },
    /// The bill is undone; its period may be billed anew.
    Voided {
        invoice: String,
    },
}

impl Entry {
    /// The entry's name: the same entry written twice is one.
    pub fn id(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex(&Sha256::digest(&text))[..32].to_owned()
    }
}

impl LedgerEvent {
    pub fn name(&self) -> &'static str {
        match self {
            LedgerEvent::Approved { .. } => "approved",
            LedgerEvent::Held { .. } => "held",
            LedgerEvent::Released => "released",
            LedgerEvent::Intent { .. } => "intent",
            LedgerEvent::Settled { .. } => "settled",
            LedgerEvent::Drifted { .. } => "drifted",
            LedgerEvent::Voided { .. } => "voided",
        }
    }
}

/// Where the billing of one close record stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Until when; absent within: until it is released.
    pub held: Option<Held>,
    /// Who approved which content.
    pub approved: BTreeMap<String, BTreeSet<String>>,
    /// What was last sent for it.
    pub billed: Option<Billed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub by: String,
    pub reason: String,
    pub until: Option<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub bill: Bill,
    pub content: String,
    pub invoice: Option<String>,
    pub settled: bool,
    pub voided: bool,
}

/// By close record.
pub type Standings = BTreeMap<Slot, Standing>;

/// Folds entries in the order in which they were written.
pub fn standings<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Standings {
    let mut standings = Standings::new();
    for entry in entries {
        standings.entry(entry.bill.slot()).or_default().take(entry);
    }
    standings
}

impl Standing {
    fn take(&mut self, entry: &Entry) {
        match &entry.event {
            LedgerEvent::Approved { content, .. } => {
                self.approved.entry(content.clone()).or_default().insert(entry.actor.clone());
            }
            LedgerEvent::Held { until } => {
                self.held = Some(Held { by: entry.actor.clone(), reason: entry.reason.clone(), until: *until });
            }
            LedgerEvent::Released => self.held = None,
            LedgerEvent::Intent { operation, content, state, object, .. } => {
                let billed = self.billed(&entry.bill, content);
                if operation == "create_invoice" && state == "succeeded" {
                    billed.invoice = Some(object.clone());
                }
            }
            LedgerEvent::Settled { content, invoice, .. } => {
                let billed = self.billed(&entry.bill, content);
                billed.settled = true;
                billed.invoice = Some(invoice.clone());
            }
            LedgerEvent::Voided { .. } => {
                if let Some(billed) = self.billed.as_mut().filter(|billed| billed.bill == entry.bill) {
                    billed.voided = true;
                }
            }
            LedgerEvent::Drifted { .. } => {}
        }
    }

    fn billed(&mut self, bill: &Bill, content: &str) -> &mut Billed {
        let fresh =
            || Billed { bill: bill.clone(), content: content.to_owned(), invoice: None, settled: false, voided: false };
        if self.billed.as_ref().is_none_or(|billed| billed.bill != *bill) {
            self.billed = Some(fresh());
        }
        self.billed.get_or_insert_with(fresh)
    }

    pub fn is_held(&self, now: Moment) -> bool {
        self.held.as_ref().is_some_and(|held| held.until.is_none_or(|until| now < until))
    }
}
