//! What must be on disk before anything leaves: the bills that were taken on, their intents, the ledger.

use highwater_settlement::intent::Intent;
use highwater_settlement::invoice::PlannedInvoice;
use highwater_settlement::ledger::Entry;
use highwater_settlement::moment::Moment;
use serde::{Deserialize, Serialize};

/// A bill that somebody let be sent, with all that finishing it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undertaking {
    /// By the name that the settings give it.
    pub account: String,
    pub invoice: PlannedInvoice,
    /// Who ran `close apply`.
    pub actor: String,
    pub at: Moment,
}

/// What is written together, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub undertakings: Vec<Undertaking>,
    pub intents: Vec<Intent>,
    pub entries: Vec<Entry>,
}

/// Everything that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub undertakings: Vec<Undertaking>,
    pub intents: Vec<Intent>,
    /// In the order in which they were written.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

pub trait Journal: Send + Sync {
    /// Durable on return. After an error perhaps all of it is, and perhaps nothing.
    fn keep(&self, changes: Changes) -> impl Future<Output = Result<(), JournalError>> + Send;
}
