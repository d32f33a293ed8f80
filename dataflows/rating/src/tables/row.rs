//! One row of any table, its key, and its JSON envelope.

use super::change::{RowChange, read_line, read_row};
use super::{AddOn, Adjustment, CreditPolicy, Grant, Meter, Override, Phase, Plan, Subscription};
use crate::time::EventTime;
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
    CreditPolicies,
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
    CreditPolicies(CreditPolicy),
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
    pub const ALL: [Table; 8] = [
        Table::Meters,
        Table::Plans,
        Table::AddOns,
        Table::Subscriptions,
        Table::Overrides,
        Table::Grants,
        Table::CreditPolicies,
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
            Table::CreditPolicies => "credit_policies",
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
            Row::CreditPolicies(_) => Table::CreditPolicies,
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
            Row::CreditPolicies(row) => row.id.clone(),
            Row::Adjustments(row) => row.id.clone(),
        };
        RowKey { table: self.table(), key }
    }

    /// What other rows call it: all versions of a plan have one name.
    pub fn name(&self) -> &Arc<str> {
        match self {
            Row::Meters(row) => &row.name,
            Row::Plans(row) => &row.plan,
            Row::AddOns(row) => &row.add_on,
            Row::Subscriptions(row) => &row.id,
            Row::Overrides(row) => &row.id,
            Row::Grants(row) => &row.id,
            Row::CreditPolicies(row) => &row.id,
            Row::Adjustments(row) => &row.id,
        }
    }

    /// The names of rows that must exist for this one to mean something, in the order in which the row gives them.
    pub fn references(&self) -> Vec<(Table, &Arc<str>)> {
        match self {
            Row::Meters(_) | Row::AddOns(_) => Vec::new(),
            Row::Plans(row) => row.charges.iter().map(|charge| (Table::Meters, &charge.meter)).collect(),
            Row::Subscriptions(row) => std::iter::once((Table::Plans, &row.plan))
                .chain(row.add_ons.iter().map(|held| (Table::AddOns, &held.add_on)))
                .chain(row.phases.iter().flat_map(Phase::meters).map(|meter| (Table::Meters, meter)))
                .collect(),
            Row::Overrides(row) => row.meter.iter().map(|meter| (Table::Meters, meter)).collect(),
            Row::Grants(row) => {
                let meter = row.meter.iter().map(|meter| (Table::Meters, meter));
                meter.chain(row.of.iter().map(|grant| (Table::Grants, grant))).collect()
            }
            Row::CreditPolicies(row) => row.meter.iter().map(|meter| (Table::Meters, meter)).collect(),
            Row::Adjustments(row) => vec![(Table::Meters, &row.meter)],
        }
    }

    /// The stretch of time in which the row holds. Meters and versions have no end of their own.
    pub fn validity(&self) -> (Option<EventTime>, Option<EventTime>) {
        match self {
            Row::Meters(row) => (row.effective_from, None),
            Row::Plans(row) => (Some(row.effective_from), None),
            Row::AddOns(row) => (Some(row.effective_from), None),
            Row::Subscriptions(row) => (Some(row.effective_from), row.effective_to),
            Row::Overrides(row) => (Some(row.effective_from), row.effective_to),
            Row::Grants(row) => (Some(row.effective_from), row.expires_at),
            Row::CreditPolicies(row) => (Some(row.effective_from), row.effective_to),
            Row::Adjustments(row) => (Some(row.effective_from), Some(row.effective_to)),
        }
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
            Row::CreditPolicies(row) => serde_json::to_string(row),
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
    CreditPolicy from CreditPolicies,
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
