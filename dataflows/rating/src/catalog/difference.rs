//! From what is in force to what is wanted: what would be added, changed and removed, and what must not be.
//!
//! Owns the comparison. The plan that comes of it, and how it travels to `apply`, is in `plan`.

use super::Catalog;
use super::beginning::{planned_beginning, settle_beginnings};
use super::fields::{self, FieldChange};
use super::plan::{Action, CatalogPlan, PlanEntry};
use crate::tables::{Row, RowKey, Table};
use crate::time::EventTime;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a difference is not one that may be applied. The codes are a closed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: RefusalCode,
    pub table: Table,
    pub key: Arc<str>,
    /// What is wrong and what to do instead, for a person.
    pub message: String,
    /// The rows that stand in the way, in order.
    pub references: Vec<RowKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// What was counted under a meter's name cannot be counted again under another meaning.
    MeterIsImmutable,
    /// A meter beside others begins ahead: what was read already is not counted anew.
    MeterBeginsInThePast,
    /// Rows that the catalog does not own refer to what it would remove.
    StillReferenced,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = match self.code {
            RefusalCode::MeterIsImmutable => "meter_is_immutable",
            RefusalCode::MeterBeginsInThePast => "meter_begins_in_the_past",
            RefusalCode::StillReferenced => "still_referenced",
        };
        write!(formatter, "{code}: {} `{}`: {}", self.table, self.key, self.message)
    }
}

/// What applying the catalog would do to the rows in force, or everything that forbids it. `now` decides which entries
/// are flagged as retroactive, and when a meter begins that is added beside others and does not say when.
pub fn difference(in_force: &[Row], wanted: &Catalog, now: EventTime) -> Result<CatalogPlan, Vec<Refusal>> {
    let (settled, mut refusals) = match settle_beginnings(in_force, &wanted.rows, planned_beginning(now)) {
        Ok(rows) => (rows, Vec::new()),
        Err(refusals) => (wanted.rows.clone(), refusals),
    };
    let before: BTreeMap<RowKey, &Row> = in_force.iter().map(|row| (row.key(), row)).collect();
    let after: BTreeMap<RowKey, &Row> = settled.iter().map(|row| (row.key(), row)).collect();
    let mut entries = Vec::new();
    let mut unchanged = 0;
    let keys: BTreeSet<&RowKey> = before.keys().chain(after.keys()).collect();
    for key in keys {
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => unchanged += 1,
            (Some(old), Some(new)) => {
                let fields = fields::between(old, new);
                refusals.extend(changed_meaning(key, &fields));
                let retroactive = is_retroactive_change(old, new, &fields, now);
                entries.push(entry(Action::Changed, key, Some(new), fields, retroactive));
            }
            (None, Some(new)) => {
                entries.push(entry(Action::Added, key, Some(new), Vec::new(), begins_before(new, now)))
            }
            (Some(old), None) if wanted.tables.contains(&key.table) => {
                let retroactive = begins_before(old, now);
                entries.push(entry(Action::Removed, key, None, Vec::new(), retroactive));
            }
            // A table that the catalog does not speak of belongs to somebody else.
            _ => {}
        }
    }
    refusals.extend(still_referenced(in_force, &entries));
    if refusals.is_empty() { Ok(CatalogPlan::new(in_force, wanted, entries, unchanged)) } else { Err(refusals) }
}

fn entry(action: Action, key: &RowKey, row: Option<&&Row>, fields: Vec<FieldChange>, retroactive: bool) -> PlanEntry {
    let row = row.map(|row| (*row).clone());
    PlanEntry { action, table: key.table, key: key.key.clone(), retroactive, fields, row }
}

/// A meter may get another unit or room for more combinations of dimensions; both leave what was counted as it is.
fn changed_meaning(key: &RowKey, fields: &[FieldChange]) -> Option<Refusal> {
    let meaning = fields.iter().find(|field| !matches!(field.path.as_str(), "unit" | "dimension_limit"))?;
    (key.table == Table::Meters).then(|| Refusal {
        code: RefusalCode::MeterIsImmutable,
        table: key.table,
        key: key.key.clone(),
        message: format!(
            "`{}` would change what the meter counts; add a meter with a new name and charge that one",
            meaning.path
        ),
        references: Vec::new(),
    })
}

/// Rows that stay, and name something of which no row stays.
pub(super) fn still_referenced(in_force: &[Row], entries: &[PlanEntry]) -> Vec<Refusal> {
    let of_entries: BTreeMap<(Table, &str), &PlanEntry> =
        entries.iter().map(|entry| ((entry.table, &*entry.key), entry)).collect();
    let stays = |row: &&Row| {
        let key = row.key();
        !of_entries.contains_key(&(key.table, &*key.key))
    };
    // Entries that add or change come from a catalog, which is sound in itself.
    let added = entries.iter().filter_map(|entry| entry.row.as_ref());
    let names: BTreeSet<(Table, &str)> =
        in_force.iter().filter(stays).chain(added).map(|row| (row.table(), &**row.name())).collect();
    let mut referred: BTreeMap<(Table, &str), BTreeSet<RowKey>> = BTreeMap::new();
    for row in in_force.iter().filter(stays) {
        for (table, name) in row.references() {
            referred.entry((table, name)).or_default().insert(row.key());
        }
    }
    let mut refusals = Vec::new();
    for row in in_force {
        let key = row.key();
        let name = (key.table, &**row.name());
        let removed = of_entries.get(&(key.table, &*key.key)).is_some_and(|entry| entry.action == Action::Removed);
        if let Some(references) = referred.get(&name).filter(|_| removed && !names.contains(&name)) {
            refusals.push(refused_removal(key, references));
        }
    }
    refusals
}

fn refused_removal(key: RowKey, references: &BTreeSet<RowKey>) -> Refusal {
    let shown: Vec<String> = references.iter().take(3).map(|key| format!("{} `{}`", key.table, key.key)).collect();
    let more = if references.len() > 3 { ", …" } else { "" };
    let rows = if references.len() == 1 { "row still refers" } else { "rows still refer" };
    Refusal {
        code: RefusalCode::StillReferenced,
        table: key.table,
        key: key.key,
        message: format!("{} {rows} to it: {}{more}; move what refers to it first", references.len(), shown.join(", ")),
        references: references.iter().cloned().collect(),
    }
}

/// Whether numbers from before now may change. A meter without a beginning counts everything there is.
fn begins_before(row: &Row, now: EventTime) -> bool {
    row.validity().0.is_none_or(|from| from < now)
}

fn is_retroactive_change(old: &Row, new: &Row, fields: &[FieldChange], now: EventTime) -> bool {
    let ends_only = |field: &FieldChange| matches!(field.path.as_str(), "effective_to" | "expires_at");
    let words_only = |field: &FieldChange| matches!(field.path.as_str(), "name" | "unit");
    let mut numbers = fields.iter().filter(|field| !words_only(field)).peekable();
    if numbers.peek().is_none() {
        return false;
    }
    if numbers.all(ends_only) {
        let ends = [old.validity().1, new.validity().1];
        return ends.into_iter().flatten().any(|end| end < now);
    }
    begins_before(old, now) || begins_before(new, now)
}
