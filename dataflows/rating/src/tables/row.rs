//! One row of any table, its key, and its JSON envelope.

use super::{AddOn, Adjustment, Grant, Meter, Override, Plan, Subscription};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    Meters,
    Plans,
    AddOns,
    Subscriptions,
    Overrides,
    Grants,
    Adjustments,
}

/// A row, written in files and in the embedded log as `{"table": "subscriptions", "row": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "table", content = "row", rename_all = "snake_case")]
pub enum Row {
    Meters(Meter),
    Plans(Plan),
    AddOns(AddOn),
    Subscriptions(Subscription),
    Overrides(Override),
    Grants(Grant),
    Adjustments(Adjustment),
}

/// What a newer row replaces and a tombstone removes. On a compacted topic this is the message key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    pub table: Table,
    pub key: Arc<str>,
}

impl Row {
    pub fn table(&self) -> Table {
        match self {
            Row::Meters(_) => Table::Meters,
            Row::Plans(_) => Table::Plans,
            Row::AddOns(_) => Table::AddOns,
            Row::Subscriptions(_) => Table::Subscriptions,
            Row::Overrides(_) => Table::Overrides,
            Row::Grants(_) => Table::Grants,
            Row::Adjustments(_) => Table::Adjustments,
        }
    }

    /// Versions of plans and add-ons are keyed by (name, effective_from); everything else by its own name or id.
    pub fn key(&self) -> RowKey {
        let key: Arc<str> = match self {
            Row::Meters(row) => row.name.clone(),
            Row::Plans(row) => format!("{}@{}", row.plan, row.effective_from).into(),
            Row::AddOns(row) => format!("{}@{}", row.add_on, row.effective_from).into(),
            Row::Subscriptions(row) => row.id.clone(),
            Row::Overrides(row) => row.id.clone(),
            Row::Grants(row) => row.id.clone(),
            Row::Adjustments(row) => row.id.clone(),
        };
        RowKey { table: self.table(), key }
    }
}
