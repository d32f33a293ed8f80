//! A difference as a file: what `catalog plan` shows and `catalog apply` carries out, and nothing else.
//!
//! The file holds a hash over its own content and one over the rows it was made against, so that a plan that was
//! edited, or that has been overtaken, is refused instead of half applied.

use super::Catalog;
use super::beginning::begun_meters;
use super::difference::{Refusal, still_referenced};
use super::fields::FieldChange;
use crate::tables::{Row, RowChange, RowKey, Table};
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// Raised when the file's shape changes.
const FORMAT: u32 = 1;

/// What applying a catalog would do. Entries are ordered by table and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogPlan {
    pub format: u32,
    /// The tables that the catalog speaks of; no other table is touched.
    pub tables: Vec<Table>,
    /// Hash of the rows of these tables that were in force.
    pub in_force: String,
    /// How many rows stay as they are.
    pub unchanged: u64,
    pub entries: Vec<PlanEntry>,
    /// Hash of everything above: xxh3-128 over its compact JSON, in hexadecimal digits.
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanEntry {
    pub action: Action,
    pub table: Table,
    pub key: Arc<str>,
    /// Whether numbers from before the time of planning may change.
    pub retroactive: bool,
    /// What differs inside a row that is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The row as it is to be; absent where it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Added,
    Changed,
    Removed,
}

/// Why a plan cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("this is no catalog plan: {0}")]
    NotAPlan(String),
    #[error("the plan has format {0}, and this version reads format {FORMAT}")]
    UnknownFormat(u32),
    #[error("the plan was edited after it was made; change the catalog and plan again")]
    Edited,
    #[error("what is in force has changed since the plan was made; plan again")]
    Overtaken,
    #[error("the plan has waited too long: meters {} have begun by now; plan again", keys(.0))]
    Late(Vec<Refusal>),
    #[error("{}", .0.iter().map(Refusal::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
}

impl CatalogPlan {
    pub(super) fn new(in_force: &[Row], wanted: &Catalog, entries: Vec<PlanEntry>, unchanged: u64) -> CatalogPlan {
        let tables: Vec<Table> = wanted.tables.iter().copied().collect();
        let in_force = hash_of_rows(in_force, &tables);
        let mut plan = CatalogPlan { format: FORMAT, tables, in_force, unchanged, entries, hash: String::new() };
        plan.hash = plan.content_hash();
        plan
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The changes in the order in which they are to be published: what is referred to comes before what refers to it,
    /// and goes after it.
    pub fn changes(&self) -> Vec<RowChange> {
        let upserts = self.entries.iter().filter_map(|entry| entry.row.clone()).map(RowChange::Upsert);
        let removals = self.entries.iter().rev().filter(|entry| entry.action == Action::Removed);
        upserts
            .chain(removals.map(|entry| RowChange::Remove(RowKey { table: entry.table, key: entry.key.clone() })))
            .collect()
    }

    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Reads a plan file, and refuses one that was edited.
    pub fn from_json(text: &str) -> Result<CatalogPlan, PlanError> {
        let plan: CatalogPlan = serde_json::from_str(text).map_err(|error| PlanError::NotAPlan(error.to_string()))?;
        if plan.format != FORMAT {
            return Err(PlanError::UnknownFormat(plan.format));
        }
        if plan.hash != plan.content_hash() {
            return Err(PlanError::Edited);
        }
        Ok(plan)
    }

    /// Whether the plan still leads from these rows to what was wanted, at this time.
    pub fn verify(&self, in_force: &[Row], now: EventTime) -> Result<(), PlanError> {
        if self.in_force != hash_of_rows(in_force, &self.tables) {
            return Err(PlanError::Overtaken);
        }
        let added: Vec<Row> = self.entries.iter().filter_map(|entry| entry.row.clone()).collect();
        let begun = begun_meters(in_force, &added, now);
        if !begun.is_empty() {
            return Err(PlanError::Late(begun));
        }
        // Rows of other tables may have come to refer to what the plan removes.
        match still_referenced(in_force, &self.entries) {
            refusals if refusals.is_empty() => Ok(()),
            refusals => Err(PlanError::Refused(refusals)),
        }
    }

    fn content_hash(&self) -> String {
        let content = CatalogPlan { hash: String::new(), ..self.clone() };
        hash(&serde_json::to_string(&content).unwrap_or_default())
    }
}

fn keys(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("`{}`", refusal.key)).collect::<Vec<_>>().join(", ")
}

fn hash_of_rows(rows: &[Row], tables: &[Table]) -> String {
    let of_tables = rows.iter().filter(|row| tables.contains(&row.table()));
    let lines: BTreeSet<String> = of_tables.filter_map(|row| serde_json::to_string(row).ok()).collect();
    hash(&lines.into_iter().collect::<Vec<_>>().join("\n"))
}

fn hash(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}
