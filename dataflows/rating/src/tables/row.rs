//! One row of any table, its key, and its JSON envelope.

use super::change::{RowChange, read_line, read_row};
use super::{AddOn, Adjustment, Grant, Meter, Override, Plan, Subscription};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

impl Table {
    /// In the order in which rows refer to each other: what is referred to stands first.
    pub const ALL: [Table; 7] = [
        Table::Meters,
        Table::Plans,
        Table::AddOns,
        Table::Subscriptions,
        Table::Overrides,
        Table::Grants,
        Table::Adjustments,
    ];

    /// The table's name in catalog files, in lines of the embedded log and in the names of topics.
    pub fn name(self) -> &'static str {
        match self {
            Table::Meters => "meters",
            Table::Plans => "plans",
            Table::AddOns => "add_ons",
            Table::Subscriptions => "subscriptions",
            Table::Overrides => "overrides",
            Table::Grants => "grants",
            Table::Adjustments => "adjustments",
        }
    }

    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
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

    /// The row alone, as it stands on its table's topic. `None` never happens: rows hold nothing that JSON cannot write.
    pub fn to_json(&self) -> Option<String> {
        match self {
            Row::Meters(row) => serde_json::to_string(row),
            Row::Plans(row) => serde_json::to_string(row),
            Row::AddOns(row) => serde_json::to_string(row),
            Row::Subscriptions(row) => serde_json::to_string(row),
            Row::Overrides(row) => serde_json::to_string(row),
            Row::Grants(row) => serde_json::to_string(row),
            Row::Adjustments(row) => serde_json::to_string(row),
        }
        .ok()
    }
}

/// Reading goes through the strict readers for every row, whoever asks: serde's own derivation would take a flattened
/// row's unknown fields in silence, and could not read its numbers exactly.
macro_rules! read_strictly {
    ($($row:ident from $table:ident,)+) => {$(
        impl<'de> Deserialize<'de> for $row {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$row, D::Error> {
                let raw = Box::<RawValue>::deserialize(deserializer)?;
                match read_row(Table::$table, raw.get().as_bytes()) {
                    Ok(Row::$table(row)) => Ok(row),
                    Ok(_) => Err(D::Error::custom("a row of another table")),
                    Err(mistake) => Err(D::Error::custom(mistake)),
                }
            }
        }
    )+};
}

read_strictly! {
    Meter from Meters,
    Plan from Plans,
    AddOn from AddOns,
    Subscription from Subscriptions,
    Override from Overrides,
    Grant from Grants,
    Adjustment from Adjustments,
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match read_line(raw.get().as_bytes()) {
            Ok(RowChange::Upsert(row)) => Ok(row),
            Ok(_) => Err(D::Error::custom("a removal, where a row is expected")),
            Err(mistake) => Err(D::Error::custom(mistake)),
        }
    }
}
