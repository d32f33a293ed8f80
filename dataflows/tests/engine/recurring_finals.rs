//! Lines that no meter makes are frozen with their period, and corrected when they change.

use crate::finals::{DECEMBER_IS_FINAL, NOVEMBER_IS_FINAL, calls, check_sums, pending, record, records};
use crate::house::{House, event};
use highwater_dataflows::engine::Settings;
use highwater_dataflows::feed::TableChange;
use highwater_dataflows::finals::changes::Restored;
use highwater_rating::finals::FinalPeriod;
use highwater_rating::tables::{RowKey, Table};
use std::sync::Arc;

const ROWS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "sum"}}
    {"table": "add_ons", "row": {"add_on": "seo", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "price": "3"}}
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "base_price": "10", "commitment": "100", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}]}}
    {"table": "plans", "row": {"plan": "late", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "base_price": "20", "billing": "in_arrears"}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "quantity": 2, "add_ons": [{"add_on": "seo", "quantity": 3}], "effective_from": "2026-11-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
    {"table": "subscriptions", "row": {"id": "s2", "organizationId": "org_2", "plan": "late", "effective_from": "2026-11-11T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;

fn house_with(workers: usize) -> House {
    let mut house = House::new(Settings { workers, ..Settings::default() });
    house.rows(ROWS);
    house
}

fn of(house: &House, organization: &str) -> Vec<String> {
    let own = house.closed.iter().filter(|closed| &*closed.organization_id == organization);
    own.map(|closed| record(closed)).collect()
}

/// Usage of 12 is 1.00 over the allowance: what is missing to 100.00 beside two seats and three add-ons is 70.00.
const NOVEMBER: &str =
    "2026-11 1 10000: add_on seo 3 900, base_price basic 2 2000, true_up basic 1 7000, usage calls 12 100";

#[test]
fn every_kind_of_line_is_frozen_with_its_period_and_corrected_when_it_changes() {
    let mut house = house_with(1);
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!(of(&house, "org_1"), [NOVEMBER]);
    assert_eq!(
        of(&house, "org_2"),
        ["2026-11 1 1333: base_price late 1 1333"],
        "20 of 30 days, in arrears, without any usage"
    );

    // The true-up follows from the usage: what one costs more is missing less.
    house.feed(&calls("2", "2026-11-03T00:00:00Z", "2"));
    let usage = "events: reversal calls -12 -100, correction calls 14 200";
    let true_up = "carry: reversal basic -1 -7000, correction basic 1 6900";
    let mut told = pending(&house);
    told.sort();
    assert_eq!(told, [format!("2026-11 > 2026-12 1 {true_up}"), format!("2026-11 > 2026-12 1 {usage}")]);
    check_sums(&house);

    // More usage than was committed to: nothing is missing.
    house.feed(&calls("3", "2026-11-03T00:00:00Z", "1000"));
    assert!(
        pending(&house).contains(&"2026-11 > 2026-12 1 carry: reversal basic -1 -7000".to_owned()),
        "{:?}",
        pending(&house)
    );
    check_sums(&house);
    house.reach(DECEMBER_IS_FINAL);
    let december = of(&house, "org_1").pop().unwrap();
    assert!(december.contains("reversal basic -1 -7000, reversal calls -12 -100, true_up basic 1 7100"), "{december}");
    assert_eq!(pending(&house), [""; 0]);
    check_sums(&house);
}

#[test]
fn a_price_that_reaches_back_corrects_what_was_billed_and_nothing_else() {
    let mut house = house_with(1);
    house.reach(NOVEMBER_IS_FINAL);
    let override_of = |fields: &str| {
        format!(
            r#"{{"table": "overrides", "row": {{"id": "o1", "organizationId": "org_2", "effective_from": "2026-11-01T00:00:00Z", {fields}}}}}"#
        )
    };
    house.rows(&override_of(r#""base_price": "30""#));
    house.seal();
    assert_eq!(pending(&house), ["2026-11 > 2026-12 1 terms: reversal late -1 -1333, correction late 1 2000"]);
    check_sums(&house);
    house.engine.rows(vec![TableChange::Remove(RowKey { table: Table::Overrides, key: "o1".into() })]);
    house.seal();
    assert_eq!(pending(&house), [""; 0], "and nothing is left when it is taken back");
}

#[test]
fn a_subscription_that_reaches_back_over_final_periods_is_billed_on_the_next() {
    let mut house = house_with(1);
    house.reach(DECEMBER_IS_FINAL);
    let closed = house.closed.len();
    let row = ROWS.lines().find(|line| line.contains("\"s2\"")).unwrap();
    house.rows(&row.replace("s2", "s3").replace("org_2", "org_3"));
    house.seal();
    assert_eq!(house.closed.len(), closed, "what is final stays so");
    let mut told = pending(&house);
    told.sort();
    assert_eq!(
        told,
        ["2026-11 > 2027-01 1 terms: correction late 1 1333", "2026-12 > 2027-01 1 terms: correction late 1 2000"]
    );
    check_sums(&house);
    house.reach("2027-02-04T00:00:00Z");
    assert_eq!(
        of(&house, "org_3"),
        ["2027-01 1 5333: base_price late 1 2000, correction late 1 1333, correction late 1 2000"]
    );
}

#[test]
fn a_recurring_line_without_an_amount_holds_its_period_until_it_mends() {
    let mut house = house_with(1);
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    let yen = ROWS.lines().find(|line| line.contains("add_ons\", \"row")).unwrap().replace("EUR", "JPY");
    house.rows(&yen);
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!(of(&house, "org_1"), [""; 0]);
    let reasons: Vec<String> = house.held.values().map(ToString::to_string).collect();
    assert_eq!(reasons, ["mixed_currencies"], "nothing can be missing to a sum of yen and euros");
    house.rows(&yen.replace("JPY", "EUR"));
    house.seal();
    house.reach("2026-12-04T00:01:00Z");
    assert_eq!(of(&house, "org_1"), [NOVEMBER]);
    assert_eq!(house.held.len(), 0);
}

/// Events come in this order; `None` is where November becomes final.
fn story() -> Vec<Option<String>> {
    let event = |id: &str, time: &str, quantity: &str| Some(event(id, "api_call", time, quantity));
    vec![
        event("1", "2026-11-02T00:00:00Z", "12"),
        event("2", "2026-11-12T00:00:00Z", "5"),
        None,
        event("3", "2026-11-30T00:00:00Z", "1"),
        event("4", "2026-12-30T00:00:00Z", "500"),
    ]
}

fn told(workers: usize, one_by_one: bool) -> House {
    let mut house = house_with(workers);
    for step in story() {
        match step {
            Some(line) => house.lines(&[line]),
            None => house.reach(NOVEMBER_IS_FINAL),
        }
        if one_by_one {
            house.seal();
        }
    }
    house.reach(DECEMBER_IS_FINAL);
    house
}

#[test]
fn workers_and_epochs_change_nothing_about_recurring_lines_that_are_final() {
    let first = told(1, false);
    assert_eq!(first.closed.len(), 4, "{:?}", records(&first));
    check_sums(&first);
    for (workers, one_by_one) in [(1, true), (2, false), (2, true), (4, true)] {
        let other = told(workers, one_by_one);
        assert_eq!(other.closed, first.closed, "{workers} workers, {one_by_one}");
        assert_eq!(other.corrections, first.corrections, "{workers} workers, {one_by_one}");
    }
}

#[test]
fn g_4_recurring_lines_are_closed_once_over_a_restart_whatever_events_have_come_by_then() {
    let before = told(1, false);
    let closed: Vec<Arc<FinalPeriod>> = before.closed.clone();
    let events: Vec<String> = story().into_iter().flatten().collect();
    for (workers, told_first) in [(1, true), (1, false), (2, true), (2, false)] {
        let mut house = house_with(workers);
        let restored = Restored {
            watermark: Some(serde_json::from_str(&format!("\"{DECEMBER_IS_FINAL}\"")).unwrap()),
            closed: closed.clone(),
            held: Vec::new(),
        };
        // No event reaches the end of December: what was due then is due because the watermark says so.
        if !told_first {
            house.feed(&events);
        }
        house.engine.restore(restored);
        if told_first {
            house.feed(&events);
        }
        house.seal();
        assert_eq!(house.corrections, before.corrections, "{workers} workers, {told_first}");
        assert_eq!(house.recurring, before.recurring, "{workers} workers, {told_first}");
        house.reach(DECEMBER_IS_FINAL);
        assert_eq!(house.closed, [], "nothing is closed again");
        assert_eq!(house.known, [], "and nothing is known otherwise");
    }
}
