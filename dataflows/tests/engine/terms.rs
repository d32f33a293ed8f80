//! Rows that come late, change, or go re-rate what they touch, and nothing else.

use crate::house::{House, event};
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::engine::{Settings, Windows};
use highwater_dataflows::feed::TableChange;
use highwater_rating::tables::{RowKey, Table};

const METERS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "users", "feature": "seat", "aggregation": "max"}}
"#;
const PLAN: &str = r#"
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}, {"meter": "users", "included": "1", "model": "per_unit", "price": "3"}]}}
"#;
const SUBSCRIPTION: &str = r#"
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;
const OVERRIDE: &str = r#"
    {"table": "overrides", "row": {"id": "o1", "organizationId": "org_1", "meter": "calls", "effective_from": "2026-11-16T00:00:00Z", "included": "15"}}
"#;

fn house(rows: &[&str]) -> House {
    let mut house = House::new(Settings::default());
    house.rows(METERS);
    rows.iter().for_each(|rows| house.rows(rows));
    house
}

fn calls() -> Vec<String> {
    vec![
        event("1", "api_call", "2026-11-01T00:00:00Z", "8"),
        event("2", "api_call", "2026-11-15T23:59:59.999999Z", "4"),
        event("3", "api_call", "2026-11-16T00:00:00Z", "5"),
        event("4", "api_call", "2026-12-01T00:00:00Z", "11"),
    ]
}

/// `period start: quantity cost; span start quantity overage, …` of the calls.
fn bill(house: &House) -> Vec<String> {
    let rated = house.rated("calls");
    let line = |line: &highwater_rating::rate::RatedLine| {
        format!("{} {} {}", &line.span.start.to_string()[5..10], line.quantity, line.overage)
    };
    rated
        .into_iter()
        .map(|period| {
            let lines: Vec<String> = period.lines.iter().map(line).collect();
            let start = &period.period.start.to_string()[..7];
            format!("{start}: {} {}; {}", period.quantity, period.cost_minor_units, lines.join(", "))
        })
        .collect()
}

const PLAIN: [&str; 2] = ["2026-11: 17 350; 11-01 17 7", "2026-12: 11 50; 12-01 11 1"];
const SPLIT: [&str; 2] = ["2026-11: 17 200; 11-01 12 2, 11-16 5 2", "2026-12: 11 0; 12-01 11 0"];

#[test]
fn usage_above_the_allowance_is_rated_by_period() {
    let mut house = house(&[PLAN, SUBSCRIPTION]);
    house.feed(&calls());
    assert_eq!(bill(&house), PLAIN);
}

#[test]
fn an_override_inside_a_period_splits_it_whenever_it_comes() {
    let orders: [&[&str]; 3] = [&[PLAN, SUBSCRIPTION, OVERRIDE], &[OVERRIDE, SUBSCRIPTION, PLAN], &[OVERRIDE, PLAN]];
    for (before, after) in [(orders[0], ""), (orders[1], ""), (&orders[0][..2], OVERRIDE), (orders[2], SUBSCRIPTION)] {
        let mut house = house(before);
        house.feed(&calls());
        house.rows(after);
        house.seal();
        assert_eq!(bill(&house), SPLIT);
    }
}

#[test]
fn a_removed_row_is_as_if_it_had_never_been() {
    let mut house = house(&[PLAN, SUBSCRIPTION, OVERRIDE]);
    house.feed(&calls());
    house.engine.rows(vec![TableChange::Remove(RowKey { table: Table::Overrides, key: "o1".into() })]);
    house.seal();
    assert_eq!(bill(&house), PLAIN);
    house.engine.rows(vec![TableChange::Remove(RowKey { table: Table::Subscriptions, key: "s1".into() })]);
    house.seal();
    assert_eq!(house.periods.len(), 0, "usage without terms has no period");
    assert_eq!(house.windows(WindowSize::Day, "calls").len(), 4, "and is counted all the same");
    house.rows(SUBSCRIPTION);
    house.seal();
    assert_eq!(bill(&house), PLAIN);
}

#[test]
fn a_plan_that_comes_after_the_events_rates_exactly_what_it_touches() {
    let mut house = house(&[SUBSCRIPTION]);
    let other = r#"{"table": "subscriptions", "row": {"id": "s2", "organizationId": "org_2", "plan": "other", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}"#;
    house.rows(other);
    house.rows(&PLAN.replace("basic", "other"));
    house.feed(&calls());
    house.feed(&[event("1", "api_call", "2026-11-02T00:00:00Z", "30").replace("org_1", "org_2")]);
    assert_eq!(house.periods.len(), 1, "of the other organization");
    house.rows(PLAN);
    house.seal();
    let first = highwater_dataflows::names::organization_key("org_1");
    assert!(house.rerated.iter().all(|key| key.organization == first));
    assert_eq!(house.rerated.len(), 2);
    // A new version from December on leaves November as it is.
    let december = PLAN.replace("2026-01-01", "2026-12-01").replace("0.5", "0.7");
    house.rows(&december);
    house.seal();
    let changed: Vec<String> = house.rerated.iter().map(|key| key.period_start.to_string()).collect();
    assert_eq!(changed, ["2026-12-01T00:00:00Z"]);
}

#[test]
fn a_level_is_rated_span_by_span_and_the_period_has_the_level_of_the_whole() {
    let split = OVERRIDE.replace("calls", "users").replace("15\"}", "2\"}");
    let mut house = house(&[PLAN, SUBSCRIPTION]);
    house.feed(&[event("1", "seat", "2026-11-03T00:00:00Z", "4"), event("2", "seat", "2026-11-20T00:00:00Z", "7")]);
    assert_eq!(house.rated("users")[0].quantity.to_string(), "7");
    house.rows(&split);
    house.seal();
    let period = house.rated("users")[0];
    let lines: Vec<String> = period.lines.iter().map(|line| line.quantity.to_string()).collect();
    assert_eq!((period.quantity.to_string().as_str(), lines), ("7", vec!["4".to_owned(), "7".to_owned()]));
    // Half a month each: 3 over at 3 EUR, then 5 over.
    assert_eq!(period.cost_minor_units, 450 + 750);
}

#[test]
fn terms_that_move_inside_a_window_are_an_error_where_minutes_are_not_kept() {
    let windows = Windows { minute: false, hour: true, day: false };
    let mut house = House::new(Settings { windows, ..Settings::default() });
    house.rows(METERS);
    house.rows(PLAN);
    house.rows(SUBSCRIPTION);
    house.feed(&calls());
    house.rows(OVERRIDE);
    house.seal();
    assert_eq!(bill(&house), SPLIT, "midnight is where an hour begins");
    house.rows(&OVERRIDE.replace("2026-11-16T00:00", "2026-11-15T23:30"));
    house.seal();
    let errors = house.periods.values().filter(|value| format!("{value:?}") == "Error(WindowsTooCoarse)");
    assert_eq!(errors.count(), 1, "November's");
    house.rows(OVERRIDE);
    house.seal();
    assert_eq!(bill(&house), SPLIT, "and it mends");
}
