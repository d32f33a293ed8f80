//! An intent: one change at Stripe that is meant to happen once, with its frozen request and its key.

use crate::moment::Moment;
use crate::state::State;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What is billed: one organization's period in one currency and revision, for the so many-th time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bill {
    pub organization_id: String,
    pub period_start: EventTime,
    /// ISO 4217, in upper case.
    pub currency: String,
    /// Of the close record: 1 is the period itself, later ones are corrections that no later period can take.
    pub revision: u32,
    /// Counts how often a person has released the bill to be made anew. Never counted up by the program.
    pub reissue: u32,
}

/// What an intent does for its bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    CreateInvoice,
    /// The lines of one batch, counted from 0.
    AddLines(u32),
    FinalizeInvoice,
    /// Undoes a bill on a person's word: deletes a draft, voids an open invoice.
    VoidInvoice,
}

/// The frozen content of a request. What it says is what is sent, on every try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    CreateInvoice(NewInvoice),
    AddLines { invoice: String, lines: Vec<NewLine> },
    FinalizeInvoice { invoice: String },
    VoidInvoice { invoice: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvoice {
    /// Stripe's id of the customer.
    pub customer: String,
    /// In lower case, as Stripe writes it.
    pub currency: String,
    pub description: String,
    /// Absent: charged automatically.
    pub days_until_due: Option<u32>,
    pub tax_rates: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLine {
    /// As Stripe counts: see `amount`.
    pub amount: i64,
    pub description: String,
    /// Whole seconds since 1970.
    pub period_start: i64,
    pub period_end: i64,
    pub metadata: BTreeMap<String, String>,
}

/// Which intent an object at Stripe belongs to.
pub const INTENT_METADATA: &str = "highwater_intent";
/// Which final line a line at Stripe is.
pub const LINE_METADATA: &str = "highwater_line";

/// The intent's identity, which is its idempotency key too: a hash of what is meant, never of chance or time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

/// A close record's own name: what a bill is told apart by, whoever makes it anew.
pub type Slot = (String, EventTime, u32, String);

impl Bill {
    pub fn slot(&self) -> Slot {
        (self.organization_id.clone(), self.period_start, self.revision, self.currency.clone())
    }
}

impl Key {
    /// SHA-256 over the account, the operation and the bill, texts behind their lengths; 40 hex digits of it.
    ///
    /// The parameters are not part of it: the same thing meant otherwise must collide, and does so at Stripe.
    pub fn of(account: &str, bill: &Bill, operation: Operation) -> Key {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        text(account);
        text(operation.name());
        text(&bill.organization_id);
        text(&bill.currency);
        let batch = if let Operation::AddLines(batch) = operation { batch } else { 0 };
        hash.update(batch.to_le_bytes());
        hash.update(bill.period_start.0.to_le_bytes());
        hash.update(bill.revision.to_le_bytes());
        hash.update(bill.reissue.to_le_bytes());
        Key(format!("hw_{}", &hex(&hash.finalize())[..40]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::CreateInvoice => "create_invoice",
            Operation::AddLines(_) => "add_lines",
            Operation::FinalizeInvoice => "finalize_invoice",
            Operation::VoidInvoice => "void_invoice",
        }
    }
}

/// An intent as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub key: Key,
    pub bill: Bill,
    pub operation: Operation,
    /// The hash of the planned invoice that it is part of.
    pub content: String,
    pub request: Request,
    /// When whoever is responsible said that it may be sent.
    pub approved_at: Moment,
    pub state: State,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
