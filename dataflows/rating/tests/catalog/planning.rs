//! Planning and applying: the difference leads from what is in force to what is wanted, or says why it must not.

use crate::any_rows;
use highwater_rating::catalog::{
    Catalog, CatalogPlan, CatalogText, METER_LEAD_US, PlanError, RefusalCode, difference, parse, planned_beginning,
    settle_beginnings,
};
use highwater_rating::tables::{Row, RowChange, RowKey, Table};
use highwater_rating::time::EventTime;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NOW: EventTime = EventTime(1_767_225_600_000_000); // 2026-01-01

fn catalog(text: &str) -> Catalog {
    parse(&[CatalogText { name: "catalog.toml", text }]).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

/// Rows without references, so that any set of them is a catalog.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let alone = any_rows::row().prop_filter("refers to nothing", |row| row.references().is_empty());
    vec(alone, 0..8).prop_map(|rows| by_key(rows).into_values().collect())
}

fn by_key(rows: Vec<Row>) -> BTreeMap<RowKey, Row> {
    rows.into_iter().map(|row| (row.key(), row)).collect()
}

fn apply(rows: Vec<Row>, changes: Vec<RowChange>) -> BTreeMap<RowKey, Row> {
    let mut rows = by_key(rows);
    for change in changes {
        match change {
            RowChange::Upsert(row) => {
                rows.insert(row.key(), row);
            }
            RowChange::Remove(key) => {
                rows.remove(&key);
            }
            RowChange::Nothing => {}
        }
    }
    rows
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(rows in rows()) {
        let wanted = Catalog { rows: rows.clone(), tables: Table::ALL.into() };
        let plan = difference(&rows, &wanted, NOW).expect("nothing is refused");
        prop_assert!(plan.is_empty());
        prop_assert_eq!(plan.unchanged, rows.len() as u64);
    }

    #[test]
    fn applying_a_difference_gives_what_was_wanted(in_force in rows(), wanted in rows()) {
        let catalog = Catalog { rows: wanted.clone(), tables: Table::ALL.into() };
        match difference(&in_force, &catalog, NOW) {
            Ok(plan) => {
                let travelled = CatalogPlan::from_json(&plan.to_json().expect("JSON")).expect("as it was");
                prop_assert_eq!(&travelled, &plan);
                prop_assert_eq!(travelled.verify(&in_force, NOW), Ok(()));
                // Only the beginnings of meters that gave none are chosen for them.
                let settled = settle_beginnings(&in_force, &wanted, planned_beginning(NOW)).expect("nothing was refused");
                prop_assert_eq!(apply(in_force, travelled.changes()), by_key(settled));
            }
            Err(refusals) => {
                prop_assert!(refusals.iter().all(|refusal| refusal.code != RefusalCode::StillReferenced));
            }
        }
    }
}

const BEFORE: &str = r#"
[[meters]]
name = "api_calls"
feature = "api_call"
aggregation = "count"

[[plans]]
plan = "starter"
currency = "USD"
effective_from = "2025-06-01T00:00:00Z"
charges = [{ meter = "api_calls", included = 1000000, model = "per_unit", price = "5", per = 1000000 }]

[[subscriptions]]
id = "acme-1"
organization_id = "acme"
plan = "starter"
effective_from = "2025-06-01T00:00:00Z"
anchor = "2025-06-01"
time_zone = "UTC"
"#;

#[test]
fn a_change_is_shown_field_by_field() {
    let before = catalog(BEFORE);
    let after =
        catalog(&BEFORE.replace("price = \"5\"", "price = \"6\"").replace("currency", "name = \"Starter\"\ncurrency"));
    let plan = difference(&before.rows, &after, NOW).expect("a plan");
    assert_eq!((plan.entries.len(), plan.unchanged), (1, 2));
    let entry = &plan.entries[0];
    assert_eq!(&*entry.key, "starter@2025-06-01T00:00:00Z");
    let shown: Vec<String> = entry
        .fields
        .iter()
        .map(|field| format!("{}: {} -> {}", field.path, show(&field.before), show(&field.after)))
        .collect();
    assert_eq!(shown, ["charges[api_calls].price: \"5\" -> \"6\"", "name: \"\" -> \"Starter\""]);
}

fn show(value: &Option<serde_json::Value>) -> String {
    value.as_ref().map_or("nothing".into(), ToString::to_string)
}

#[test]
fn what_may_change_numbers_of_the_past_is_flagged() {
    #[rustfmt::skip]
    let cases = [
        // From, to; whether numbers before 2026-01-01 may change.
        ("price = \"5\"",                                   "price = \"6\"",                                          true),
        ("currency",                                        "name = \"Starter\"\ncurrency",                            false),
        ("time_zone",                                       "effective_to = 2026-03-01T00:00:00Z\ntime_zone",          false),
        ("time_zone",                                       "effective_to = 2025-12-01T00:00:00Z\ntime_zone",          true),
        ("[[subscriptions]]",                               "[[grants]]\nid = \"g\"\norganization_id = \"acme\"\nmeter = \"api_calls\"\namount = 1\nkind = \"free\"\neffective_from = 2026-02-01T00:00:00Z\n[[subscriptions]]", false),
    ];
    for (from, to, retroactive) in cases {
        let plan = difference(&catalog(BEFORE).rows, &catalog(&BEFORE.replacen(from, to, 1)), NOW).expect("a plan");
        let flags: Vec<bool> = plan.entries.iter().map(|entry| entry.retroactive).collect();
        assert_eq!(flags, [retroactive], "{to}");
    }
}

#[test]
fn a_meter_keeps_its_meaning() {
    let before = catalog(BEFORE);
    for meaning in ["\"sum\"", "\"count\"\nvalue = \"cost\"", "\"count\"\ndimensions = [\"endpoint\"]"] {
        let after = catalog(&BEFORE.replace("\"count\"", meaning));
        let refusals = difference(&before.rows, &after, NOW).expect_err(meaning);
        assert_eq!(refusals[0].code, RefusalCode::MeterIsImmutable);
        assert!(refusals[0].message.contains("a new name"), "{}", refusals[0]);
    }
    let unit = catalog(&BEFORE.replace("\"count\"", "\"count\"\nunit = \"calls\"\ndimension_limit = 5"));
    assert!(difference(&before.rows, &unit, NOW).is_ok());
}

#[test]
fn what_others_refer_to_is_not_removed() {
    let before = catalog(BEFORE);
    // Subscriptions come from elsewhere: the catalog does not speak of them.
    let without = catalog("meters = []\nplans = []");
    let refusals = difference(&before.rows, &without, NOW).expect_err("the plan is in use");
    let shown: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "still_referenced: plans `starter@2025-06-01T00:00:00Z`: 1 row still refers to it: subscriptions `acme-1`; move what refers to it first"
        ]
    );
    assert_eq!(refusals[0].references[0].table, Table::Subscriptions);
    // Removed together with what refers to it, and in the order that never leaves a reference without its row.
    let nothing = catalog("meters = []\nplans = []\nsubscriptions = []");
    let plan = difference(&before.rows, &nothing, NOW).expect("all of it goes");
    let tables: Vec<Table> = plan.changes().iter().map(table_of).collect();
    assert_eq!(tables, [Table::Subscriptions, Table::Plans, Table::Meters]);
}

fn table_of(change: &RowChange) -> Table {
    match change {
        RowChange::Upsert(row) => row.table(),
        RowChange::Remove(key) => key.table,
        RowChange::Nothing => panic!("a plan changes something"),
    }
}

#[test]
fn a_table_the_catalog_does_not_speak_of_is_left_alone() {
    let before = catalog(BEFORE);
    let (without_subscriptions, _) = BEFORE.split_once("[[subscriptions]]").expect("two parts");
    let plan = difference(&before.rows, &catalog(without_subscriptions), NOW).expect("a plan");
    assert!(plan.is_empty(), "{plan:?}");
}

#[test]
fn an_edited_or_overtaken_plan_is_refused() {
    let before = catalog(BEFORE);
    let plan =
        difference(&before.rows, &catalog(&BEFORE.replace("price = \"5\"", "price = \"6\"")), NOW).expect("a plan");
    let json = plan.to_json().expect("JSON");
    assert_eq!(CatalogPlan::from_json(&json.replace("\"6\"", "\"7\"")), Err(PlanError::Edited));
    assert_eq!(
        CatalogPlan::from_json(&json.replace("\"format\": 1", "\"format\": 2")),
        Err(PlanError::UnknownFormat(2))
    );
    assert!(matches!(CatalogPlan::from_json("{}"), Err(PlanError::NotAPlan(_))));
    let overtaken = catalog(&BEFORE.replace("included = 1000000", "included = 2000000"));
    assert_eq!(plan.verify(&overtaken.rows, NOW), Err(PlanError::Overtaken));
    assert_eq!(plan.verify(&before.rows, NOW), Ok(()));
}

#[test]
fn a_plan_stays_good_while_tables_it_does_not_touch_change() {
    let (without_subscriptions, _) = BEFORE.split_once("[[subscriptions]]").expect("two parts");
    let before = catalog(BEFORE);
    let plan =
        difference(&before.rows, &catalog(&without_subscriptions.replace("\"5\"", "\"6\"")), NOW).expect("a plan");
    let moved = catalog(&BEFORE.replace("anchor = \"2025-06-01\"", "anchor = \"2025-06-15\""));
    assert_eq!(plan.verify(&moved.rows, NOW), Ok(()));
}

/// With the meters of the catalog in force: `effective_from` as the file has it, and as it is published.
#[test]
fn a_meter_beside_others_begins_ahead() {
    #[rustfmt::skip]
    let cases = [
        // In the file,                               published.
        ("",                                          Some("2026-01-01T00:06:00Z")),
        ("effective_from = 2026-01-01T00:06:00Z",     Some("2026-01-01T00:06:00Z")),
        ("effective_from = 2027-05-01T00:00:00Z",     Some("2027-05-01T00:00:00Z")),
        ("effective_from = 2026-01-01T00:05:59Z",     None),
    ];
    let before = catalog(BEFORE);
    for (beginning, published) in cases {
        let meter = format!("[[meters]]\nname = \"runs\"\nfeature = \"run\"\naggregation = \"sum\"\n{beginning}\n");
        let planned = difference(&before.rows, &catalog(&format!("{meter}{BEFORE}")), NOW);
        let shown = planned.as_ref().map(|plan| plan.entries[0].row.as_ref().and_then(|row| row.validity().0));
        match published {
            Some(published) => {
                let from = shown.expect("a plan").map(|from| from.to_string());
                assert_eq!(from.as_deref(), Some(published), "{beginning}");
            }
            None => assert_eq!(planned.expect_err(beginning)[0].code, RefusalCode::MeterBeginsInThePast),
        }
    }
}

#[test]
fn a_meter_in_force_keeps_its_beginning_where_the_file_leaves_it_out() {
    let wanted = catalog(BEFORE);
    let begun = BEFORE.replace("\"count\"", "\"count\"\neffective_from = 2025-06-01T00:00:00Z");
    let plan = difference(&catalog(&begun).rows, &wanted, NOW).expect("a plan");
    assert!(plan.is_empty(), "{plan:?}");
    assert!(difference(&[], &wanted, NOW).expect("a plan").entries[0].retroactive, "the first ones count everything");
}

#[test]
fn a_plan_that_waited_past_a_meters_beginning_is_refused() {
    let before = catalog(BEFORE);
    let meter = "[[meters]]\nname = \"runs\"\nfeature = \"run\"\naggregation = \"sum\"\n";
    let plan = difference(&before.rows, &catalog(&format!("{meter}{BEFORE}")), NOW).expect("a plan");
    assert_eq!(plan.verify(&before.rows, NOW), Ok(()));
    let late = EventTime(NOW.0 + METER_LEAD_US + 2 * 60_000_000);
    let refused = plan.verify(&before.rows, late).expect_err("it has begun");
    assert!(refused.to_string().contains("meters `runs` have begun"), "{refused}");
}
