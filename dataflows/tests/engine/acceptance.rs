//! Which events count, and what is said of the others.

use crate::house::{House, event, retract};
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::engine::{EventState, Settings};
use highwater_dataflows::feed::Place;

const METERS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "count"}}
    {"table": "meters", "row": {"name": "tokens", "feature": "ai_query", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "by_region", "feature": "upload", "aggregation": "sum", "dimensions": ["region"], "dimension_limit": 2}}
"#;

fn house() -> House {
    let mut house = House::new(Settings::default());
    house.rows(METERS);
    house
}

fn upload(id: &str, region: &str) -> String {
    format!(
        r#"{{"id":"{id}","organizationId":"org_1","feature":"upload","timestamp":"2026-11-01T10:15:00Z","metadata":{{"region":"{region}"}}}}"#
    )
}

#[test]
fn an_event_sent_twice_counts_once() {
    let mut house = house();
    let call = event("1", "api_call", "2026-11-01T10:15:00Z", "1");
    house.feed(&[call.clone(), call.clone()]);
    house.feed(&[call]);
    assert_eq!(house.windows(WindowSize::Hour, "calls"), ["2026-11-01T10:00:00Z 1"]);
    assert_eq!(house.outcomes_as_text(), ["Duplicate  1", "Duplicate  1"]);
    assert_eq!(house.outcomes[1].first_place, Some(Place { partition: 0, offset: 0 }));
    house.check_conservation();
}

#[test]
fn the_same_identity_with_another_content_is_conflicting_and_changes_nothing() {
    let mut house = house();
    house.feed(&[event("1", "ai_query", "2026-11-01T10:15:00Z", "5")]);
    let other_quantity = event("1", "ai_query", "2026-11-01T10:15:00Z", "6");
    let other_day = event("1", "ai_query", "2026-12-24T10:15:00Z", "5");
    house.feed(&[other_quantity.clone(), other_day]);
    assert_eq!(house.windows(WindowSize::Hour, "tokens"), ["2026-11-01T10:00:00Z 5"]);
    assert_eq!(house.outcomes_as_text(), ["Conflicting  1", "Conflicting  1"]);
    assert_eq!(house.outcomes[0].record.raw, other_quantity.as_bytes());
    house.check_conservation();
}

#[test]
fn a_record_further_behind_its_receipt_than_the_horizon_is_late() {
    let mut house = house();
    let at_the_horizon = event("1", "api_call", "2026-10-01T12:00:00Z", "1");
    let behind_it = event("2", "api_call", "2026-10-01T11:59:59Z", "1");
    house.lines_received(Some("2026-11-05T12:00:00Z"), &[at_the_horizon, behind_it]);
    house.seal();
    assert_eq!(house.windows(WindowSize::Day, "calls"), ["2026-10-01T00:00:00Z 1"]);
    assert_eq!(house.outcomes_as_text(), ["Late  2"]);
    house.check_conservation();
}

#[test]
fn what_is_no_event_is_rejected_with_its_bytes_and_the_rest_goes_on() {
    let mut house = house();
    house.feed(&["{".to_owned(), event("1", "api_call", "2026-11-01T10:15:00Z", "1"), retract("9")]);
    assert_eq!(house.windows(WindowSize::Hour, "calls"), ["2026-11-01T10:00:00Z 1"]);
    assert_eq!(house.outcomes_as_text(), ["Rejected invalid_json ", "Rejected unknown_identity 9"]);
    assert_eq!(house.outcomes[0].record.raw, b"{");
    house.check_conservation();
}

#[test]
fn a_combination_of_dimensions_too_many_is_rejected_and_may_come_again() {
    let mut house = house();
    house.feed(&[upload("1", "eu"), upload("2", "us"), upload("3", "eu"), upload("4", "asia")]);
    assert_eq!(house.outcomes_as_text(), ["Rejected cardinality_exceeded 4"]);
    assert_eq!(house.windows(WindowSize::Day, "by_region").len(), 2);
    let wider = METERS.replace("\"dimension_limit\": 2", "\"dimension_limit\": 3");
    house.rows(&wider);
    house.feed(&[upload("4", "asia")]);
    assert_eq!(house.outcomes.len(), 1, "it was never accepted, so it is no duplicate");
    assert_eq!(house.windows(WindowSize::Day, "by_region").len(), 3);
    house.check_conservation();
}

#[test]
fn late_events_fix_their_own_window_and_no_other() {
    let mut house = house();
    house.feed(&[
        event("1", "ai_query", "2026-11-01T10:15:00Z", "1"),
        event("2", "ai_query", "2026-11-01T12:15:00Z", "2"),
    ]);
    house.feed(&[event("3", "ai_query", "2026-11-01T11:59:59.999999Z", "4")]);
    house.feed(&[event("4", "ai_query", "2026-11-01T10:15:59Z", "8")]);
    let hours = ["2026-11-01T10:00:00Z 9", "2026-11-01T11:00:00Z 4", "2026-11-01T12:00:00Z 2"];
    assert_eq!(house.windows(WindowSize::Hour, "tokens"), hours);
    let minutes = ["2026-11-01T10:15:00Z 9", "2026-11-01T11:59:00Z 4", "2026-11-01T12:15:00Z 2"];
    assert_eq!(house.windows(WindowSize::Minute, "tokens"), minutes);
    assert_eq!(house.windows(WindowSize::Day, "tokens"), ["2026-11-01T00:00:00Z 15"]);
}

#[test]
fn a_meter_counts_what_is_fed_after_it_whatever_the_epoch() {
    let mut house = house();
    house.lines(&[event("1", "new", "2026-11-01T10:15:00Z", "1")]);
    house.rows(r#"{"table": "meters", "row": {"name": "news", "feature": "new", "aggregation": "count"}}"#);
    house.lines(&[event("2", "new", "2026-11-01T10:15:00Z", "1")]);
    house.seal();
    assert_eq!(house.windows(WindowSize::Day, "news"), ["2026-11-01T00:00:00Z 1"]);
    assert_eq!(house.counts[0].unattributed, 1);
    // The first event was not counted by the meter, so its retract takes nothing out of it.
    house.feed(&[retract("1")]);
    assert_eq!(house.windows(WindowSize::Day, "news"), ["2026-11-01T00:00:00Z 1"]);
}

#[test]
fn the_state_of_an_identity_can_be_asked() {
    let mut house = house();
    house.feed(&[event("1", "api_call", "2026-11-01T10:15:00Z", "1")]);
    let place = Place { partition: 0, offset: 0 };
    assert_eq!(house.engine.identity("org_1", "", "1").wait(), Some((EventState::Accepted, place)));
    assert_eq!(house.engine.identity("org_1", "", "2").wait(), None);
    house.feed(&[retract("1")]);
    assert_eq!(house.engine.identity("org_1", "", "1").wait(), Some((EventState::Retracted, place)));
}

#[test]
fn the_archive_has_each_accepted_event_once_and_says_what_was_retracted() {
    let mut house = house();
    let events: Vec<String> =
        (0..3).map(|id| event(&id.to_string(), "api_call", "2026-11-01T10:15:00Z", "1")).collect();
    house.feed(&[events[0].clone(), events[1].clone(), retract("1"), events[1].clone(), events[2].clone()]);
    house.feed(&[retract("0")]);
    let archive = house.archive.values().map(|row| (&*row.event.id, row.meters.len(), row.retracted));
    assert_eq!(archive.collect::<Vec<_>>(), [("0", 1, true), ("1", 1, true), ("2", 1, false)]);
}
