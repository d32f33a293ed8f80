//! The rows of tomorrow: those of another catalog over those in force.

use highwater_rating::catalog::Catalog;
use highwater_rating::tables::{Row, Table};
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What would be in force if the catalog were applied: of the tables that it speaks of its rows alone, of the others
/// those of today.
pub fn tomorrow(today: &[Row], new: Catalog) -> Vec<Row> {
    let stays = today.iter().filter(|row| !new.tables.contains(&row.table())).cloned();
    let mut rows: Vec<Row> = stays.chain(new.rows).collect();
    rows.sort_by_cached_key(Row::key);
    rows
}

/// The newest version of each plan and add-on holds from the beginning, and alone: what would the past have cost under
/// prices that begin next year?
pub fn backdate(rows: Vec<Row>) -> Vec<Row> {
    let mut newest: BTreeMap<(Table, Arc<str>), Row> = BTreeMap::new();
    let mut others = Vec::new();
    for row in rows {
        let begins = |row: &Row| match row {
            Row::Plans(plan) => plan.effective_from,
            Row::AddOns(add_on) => add_on.effective_from,
            _ => EventTime::MIN,
        };
        match row {
            Row::Plans(_) | Row::AddOns(_) => {
                let key = (row.table(), row.name().clone());
                if newest.get(&key).is_none_or(|known| begins(known) < begins(&row)) {
                    newest.insert(key, row);
                }
            }
            other => others.push(other),
        }
    }
    let from_the_beginning = newest.into_values().map(|row| match row {
        Row::Plans(plan) => Row::Plans(highwater_rating::tables::Plan { effective_from: EventTime(0), ..plan }),
        Row::AddOns(row) => Row::AddOns(highwater_rating::tables::AddOn { effective_from: EventTime(0), ..row }),
        other => other,
    });
    others.extend(from_the_beginning);
    others.sort_by_cached_key(Row::key);
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_rating::catalog::{CatalogText, parse};

    fn catalog(text: &str) -> Catalog {
        parse(&[CatalogText { name: "catalog.toml", text }]).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    fn keys(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| format!("{} {}", row.table(), row.key().key)).collect()
    }

    const METER: &str = "[[meters]]\nname = 'calls'\nfeature = 'call'\naggregation = 'sum'\n";

    fn plan(name: &str, from: &str) -> String {
        format!(
            "[[plans]]\nplan = '{name}'\ncurrency = 'EUR'\neffective_from = {from}T00:00:00Z\n[[plans.charges]]\nmeter = 'calls'\nmodel = 'per_unit'\nprice = '1'\n"
        )
    }

    #[test]
    fn tables_that_the_new_catalog_speaks_of_are_its_own_and_the_others_stay() {
        let subscription = "[[subscriptions]]\nid = 's'\norganizationId = 'acme'\nplan = 'pro'\neffective_from = 2026-01-01T00:00:00Z\nanchor = '2026-01-01T00:00:00'\ntime_zone = 'UTC'\n";
        let today = catalog(&[METER, &plan("pro", "2026-01-01"), &plan("old", "2025-01-01"), subscription].concat());
        let new = catalog(&[METER, &plan("pro", "2026-02-01")].concat());
        let rows = tomorrow(&today.rows, new);
        assert_eq!(keys(&rows), ["meters calls", "plans pro@2026-02-01T00:00:00Z", "subscriptions s"]);
    }

    #[test]
    fn a_backdated_plan_is_its_newest_version_from_the_beginning_on() {
        let rows = catalog(&[METER, &plan("pro", "2026-02-01"), &plan("pro", "2027-01-01")].concat()).rows;
        assert_eq!(keys(&backdate(rows)), ["meters calls", "plans pro@1970-01-01T00:00:00Z"]);
    }
}
