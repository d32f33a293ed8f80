//! A period is final once, and what comes later is billed on the next one (rows G-3 and G-4 of the fault matrix).

use crate::house::{House, event, retract};
use highwater_dataflows::engine::Settings;
use highwater_dataflows::feed::TableChange;
use highwater_dataflows::finals::changes::{OrganizationPeriod, Restored};
use highwater_dataflows::names::organization_key;
use highwater_rating::finals::{FinalPeriod, Line};
use highwater_rating::rate::RateError;
use highwater_rating::tables::{Plan, Row, RowKey, Table};
use std::collections::BTreeMap;

const ROWS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "queries", "feature": "query", "aggregation": "sum"}}
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}, {"meter": "queries", "model": "per_unit", "price": "0.333"}]}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
    {"table": "subscriptions", "row": {"id": "s2", "organizationId": "org_2", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;
pub const NOVEMBER_IS_FINAL: &str = "2026-12-04T00:00:00Z";
pub const DECEMBER_IS_FINAL: &str = "2027-01-04T00:00:00Z";

fn house() -> House {
    house_with(1)
}

fn house_with(workers: usize) -> House {
    let mut house = House::new(Settings { workers, ..Settings::default() });
    house.rows(ROWS);
    house
}

pub fn calls(id: &str, timestamp: &str, quantity: &str) -> Vec<String> {
    vec![event(id, "api_call", timestamp, quantity)]
}

fn line_text(line: &Line) -> String {
    format!("{} {} {} {}", line.kind.name(), line.name, line.quantity, line.amount_minor_units)
}

/// `month revision total: kind name quantity amount, …`
pub fn record(closed: &FinalPeriod) -> String {
    assert_eq!(closed.verify(), Ok(()));
    let mut lines: Vec<String> = closed.lines.iter().map(line_text).collect();
    lines.sort();
    let month = &closed.period.start.to_string()[..7];
    format!("{month} {} {}: {}", closed.revision, closed.total_minor_units, lines.join(", "))
}

pub fn records(house: &House) -> Vec<String> {
    house.closed.iter().map(|closed| record(closed)).collect()
}

/// `corrected month > billed month revision cause: kind name quantity amount, …`
pub fn pending(house: &House) -> Vec<String> {
    let text = |(key, pending): (&highwater_dataflows::finals::changes::CorrectionKey, &std::sync::Arc<_>)| {
        let pending: &highwater_dataflows::finals::changes::PendingCorrection = pending;
        let pair = &pending.correction;
        let lines: Vec<String> = pair.reversal.iter().chain(&pair.correction).map(line_text).collect();
        let (corrected, billed) = (key.period_start.to_string(), pending.period.start.to_string());
        let cause = pair.cause.name();
        format!("{} > {} {} {cause}: {}", &corrected[..7], &billed[..7], pending.revision, lines.join(", "))
    };
    house.corrections.iter().map(text).collect()
}

/// Of every final period: the sum of its own lines and of all their corrections, and the sum of its lines now.
pub fn check_sums(house: &House) {
    let mut billed: BTreeMap<_, (i128, i128)> = BTreeMap::new();
    let mut bill = |organization: &str, start, line: &Line| {
        let sums = billed.entry((organization_key(organization), start)).or_default();
        *sums = (sums.0 + line.amount_unrounded, sums.1 + line.amount_minor_units);
    };
    for closed in &house.closed {
        for line in &closed.lines {
            let start = line.corrects.map_or(closed.period.start, |it| it.period_start);
            bill(&closed.organization_id, start, line);
        }
    }
    for (key, pending) in &house.corrections {
        let name = house.engine.names().organization(key.organization).unwrap();
        let pair = &pending.correction;
        pair.reversal.iter().chain(&pair.correction).for_each(|line| bill(&name, key.period_start, line));
    }
    for (period, sums) in billed {
        let mut now = (0, 0);
        for (key, value) in &house.periods {
            if (key.organization, key.period_start) == period
                && let highwater_dataflows::changes::PeriodValue::Rated(rated) = value
            {
                now.0 += rated.lines.iter().map(|line| line.amount_unrounded).sum::<i128>();
                now.1 += rated.cost_minor_units;
            }
        }
        for (key, line) in &house.recurring {
            if (key.organization, key.period_start) == period
                && let Ok(amount) = line.amount
            {
                now.0 += amount.unrounded;
                now.1 += amount.minor_units;
            }
        }
        assert_eq!(sums, now, "billed and pending come to what is known now");
    }
}

#[test]
fn g_3_an_event_in_grace_changes_the_period_and_one_after_the_close_is_corrected_on_the_next() {
    let mut house = house();
    house.feed(&calls("1", "2026-11-30T23:59:59.999999Z", "12"));
    house.feed(&calls("2", "2026-12-01T00:00:00Z", "11"));
    house.reach("2026-12-03T23:59:59.999999Z");
    assert_eq!(records(&house), [""; 0], "an instant too early");
    // In grace: silently.
    house.feed(&calls("3", "2026-11-30T23:59:59.999999Z", "1"));
    house.reach(NOVEMBER_IS_FINAL);
    let november = "2026-11 1 150: usage calls 13 150";
    assert_eq!(records(&house), [november], "the instant at the boundary is December's");
    assert_eq!(pending(&house), [""; 0]);
    // After the close, on its last and its first instant.
    house.feed(&calls("4", "2026-11-30T23:59:59.999999Z", "2"));
    house.feed(&calls("5", "2026-11-01T00:00:00Z", "1"));
    assert_eq!(pending(&house), ["2026-11 > 2026-12 1 events: reversal calls -13 -150, correction calls 16 300"]);
    check_sums(&house);
    house.reach(DECEMBER_IS_FINAL);
    let december = "2026-12 1 200: correction calls 16 300, reversal calls -13 -150, usage calls 11 50";
    assert_eq!(records(&house), [november, december]);
    assert_eq!(pending(&house), [""; 0], "everything is billed");
    // A correction of a correction, and back to what was billed first.
    house.feed(&[retract("4"), retract("5")]);
    assert_eq!(pending(&house), ["2026-11 > 2027-01 1 events: reversal calls -16 -300, correction calls 13 150"]);
    check_sums(&house);
    assert_eq!(house.known.len(), 3, "what is known of November's line, each time it changed");
}

#[test]
fn g_4_a_period_is_closed_once_whatever_watermarks_come() {
    let mut house = house();
    house.feed(&calls("1", "2026-11-30T00:00:00Z", "12"));
    for watermark in [NOVEMBER_IS_FINAL, "2026-12-03T00:00:00Z", NOVEMBER_IS_FINAL, "2026-12-05T00:00:00Z"] {
        house.reach(watermark);
    }
    assert_eq!(records(&house), ["2026-11 1 100: usage calls 12 100"]);
    house.seal();
    assert_eq!(house.closed.len(), 1);
}

#[test]
fn a_catalog_that_reaches_back_corrects_what_was_billed_and_nothing_else() {
    let mut house = house();
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    house.feed(&[event("q", "query", "2026-11-02T00:00:00Z", "3")]);
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!(records(&house), ["2026-11 1 200: usage calls 12 100, usage queries 3 100"]);
    let dearer = r#"{"table": "overrides", "row": {"id": "o1", "organizationId": "org_1", "meter": "calls", "effective_from": "2026-11-01T00:00:00Z", "charge": {"model": "per_unit", "price": "0.75"}}}"#;
    house.rows(dearer);
    house.seal();
    assert_eq!(pending(&house), ["2026-11 > 2026-12 1 terms: reversal calls -12 -100, correction calls 12 150"]);
    check_sums(&house);
    let key = RowKey { table: Table::Overrides, key: "o1".into() };
    house.engine.rows(vec![TableChange::Remove(key)]);
    house.seal();
    assert_eq!(pending(&house), [""; 0], "and nothing is left when it is taken back");
}

#[test]
fn the_plan_in_force_at_the_end_says_how_long_a_period_waits() {
    let mut house = house();
    let patient = ROWS.lines().find(|line| line.contains("\"plans\"")).unwrap();
    let patient =
        patient.replace("2026-01-01", "2026-11-15").replace("\"charges\"", "\"grace_hours\": 96, \"charges\"");
    house.rows(&patient);
    house.feed(&calls("1", "2026-10-30T00:00:00Z", "12"));
    house.feed(&calls("2", "2026-11-30T00:00:00Z", "12"));
    house.reach("2026-12-04T23:59:00Z");
    assert_eq!(records(&house), ["2026-10 1 100: usage calls 12 100"]);
    house.reach("2026-12-05T00:00:00Z");
    assert_eq!(house.closed.len(), 2);
}

#[test]
fn a_period_without_an_amount_is_held_until_it_mends() {
    let mut house = house();
    let euro = r#"{"table": "plans", "row": {"plan": "basic", "currency": "XXX", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "model": "per_unit", "price": "0.5"}]}}"#;
    let Ok(Row::Plans(plan)) = serde_json::from_str(&euro.replace("XXX", "EUR")) else { panic!("no plan") };
    // No catalog would let it through.
    let row = Row::Plans(Plan { currency: "XXX".into(), ..plan });
    house.engine.rows(vec![TableChange::Upsert(row)]);
    house.feed(&calls("c", "2026-11-02T00:00:00Z", "4"));
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!((house.closed.len(), house.held.len()), (0, 1));
    assert_eq!(house.held.values().next().unwrap().to_string(), "unknown_currency");
    house.rows(&euro.replace("XXX", "EUR"));
    house.seal();
    house.reach("2026-12-04T00:01:00Z");
    assert_eq!(records(&house), ["2026-11 1 200: usage calls 4 200"]);
    assert_eq!(house.held.len(), 0);
}

#[test]
fn a_period_that_was_final_with_nothing_is_billed_on_the_next() {
    let mut house = house();
    house.reach(NOVEMBER_IS_FINAL);
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    assert_eq!(records(&house), [""; 0]);
    assert_eq!(pending(&house), ["2026-11 > 2026-12 1 events: correction calls 12 100"]);
    house.reach(DECEMBER_IS_FINAL);
    assert_eq!(records(&house), ["2026-12 1 100: correction calls 12 100"]);
    check_sums(&house);
}

#[test]
fn without_a_next_period_corrections_get_a_revision_of_the_last_one() {
    let mut house = house();
    let ended = ROWS.lines().find(|line| line.contains("\"s1\"")).unwrap();
    house.rows(&ended.replace("\"effective_from\"", "\"effective_to\": \"2026-12-01T00:00:00Z\", \"effective_from\""));
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    house.reach("2026-12-04T07:00:00Z");
    house.feed(&calls("2", "2026-11-03T00:00:00Z", "2"));
    assert_eq!(pending(&house), ["2026-11 > 2026-11 2 events: reversal calls -12 -100, correction calls 14 200"]);
    house.reach("2026-12-04T23:59:00Z");
    assert_eq!(house.closed.len(), 1, "more may come in the same day");
    house.reach("2026-12-05T00:00:00Z");
    let revision = "2026-11 2 100: correction calls 14 200, reversal calls -12 -100";
    assert_eq!(records(&house), ["2026-11 1 100: usage calls 12 100", revision]);
    assert_eq!(pending(&house), [""; 0]);
    check_sums(&house);
    house.feed(&calls("3", "2026-11-03T00:00:00Z", "1"));
    assert_eq!(pending(&house), ["2026-11 > 2026-11 3 events: reversal calls -14 -200, correction calls 15 250"]);
}

/// Events of two organizations over three months, with the watermark that is reached after each step.
fn story() -> Vec<(Vec<String>, Option<&'static str>)> {
    let of = |organization: &str, id: &str, feature: &str, timestamp: &str, quantity: &str| {
        event(id, feature, timestamp, quantity).replace("org_1", organization)
    };
    vec![
        (
            vec![
                of("org_1", "1", "api_call", "2026-11-02T00:00:00Z", "12"),
                of("org_2", "1", "query", "2026-11-05T00:00:00Z", "2"),
                of("org_2", "2", "api_call", "2026-11-30T00:00:00Z", "40"),
            ],
            None,
        ),
        (vec![of("org_1", "2", "query", "2026-12-01T00:00:00Z", "4")], Some(NOVEMBER_IS_FINAL)),
        (
            vec![
                of("org_1", "3", "query", "2026-11-09T00:00:00Z", "5"),
                of("org_2", "3", "api_call", "2026-11-30T23:59:59Z", "1"),
                retract("1").replace("org_1", "org_2"),
            ],
            None,
        ),
        (vec![of("org_1", "4", "api_call", "2027-01-02T00:00:00Z", "11")], Some(DECEMBER_IS_FINAL)),
        (vec![of("org_1", "5", "api_call", "2026-11-02T00:00:00Z", "1"), retract("4")], None),
    ]
}

fn told(workers: usize, one_by_one: bool) -> House {
    let mut house = house_with(workers);
    for (lines, watermark) in story() {
        if one_by_one {
            lines.iter().for_each(|line| house.feed(std::slice::from_ref(line)));
            house.seal();
        } else {
            house.lines(&lines);
        }
        if let Some(watermark) = watermark {
            house.reach(watermark);
        }
    }
    house.seal();
    house
}

#[test]
fn workers_and_epochs_change_neither_records_nor_corrections() {
    let first = told(1, false);
    assert_eq!(first.closed.len(), 4);
    assert_eq!(first.corrections.len(), 1);
    check_sums(&first);
    for (workers, one_by_one) in [(1, true), (2, false), (2, true), (4, true)] {
        let other = told(workers, one_by_one);
        assert_eq!(other.closed, first.closed, "{workers} workers, {one_by_one}");
        assert_eq!(other.corrections, first.corrections, "{workers} workers, {one_by_one}");
    }
}

#[test]
fn g_4_what_was_closed_stays_so_over_a_restart_that_reads_everything_in_another_order() {
    let before = told(1, false);
    let all: Vec<String> = story().into_iter().flat_map(|(lines, _)| lines).collect();
    for (workers, rotate) in [(1, 0), (2, 3), (2, 6)] {
        let mut house = house_with(workers);
        let restored = Restored {
            watermark: Some(serde_json::from_str(&format!("\"{DECEMBER_IS_FINAL}\"")).unwrap()),
            closed: before.closed.clone(),
            held: Vec::new(),
        };
        house.engine.restore(restored);
        // Retracts stay behind what they retract.
        let (retracts, mut events): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|line| line.contains("retract"));
        events.rotate_left(rotate);
        house.lines(&events);
        house.lines(&retracts);
        house.seal();
        assert_eq!(house.corrections, before.corrections, "{workers} workers, {rotate}");
        house.reach(DECEMBER_IS_FINAL);
        assert_eq!(house.closed, [], "nothing is closed again");
        house.closed = before.closed.clone();
        check_sums(&house);
    }
}

#[test]
fn g_4_a_close_that_was_cut_off_is_closed_after_the_restart_with_what_is_known_then() {
    // The crash came before the records of December were durable.
    let before = told(1, false);
    let (november, _): (Vec<_>, Vec<_>) =
        before.closed.iter().cloned().partition(|it| it.period.start.to_string().starts_with("2026-11"));
    let mut house = house();
    house.engine.restore(Restored {
        watermark: Some(serde_json::from_str(&format!("\"{NOVEMBER_IS_FINAL}\"")).unwrap()),
        closed: november.clone(),
        held: Vec::new(),
    });
    story().iter().for_each(|(lines, _)| house.lines(lines));
    house.seal();
    house.reach(DECEMBER_IS_FINAL);
    assert!(!house.closed.is_empty());
    assert!(house.closed.iter().all(|it| it.period.start.to_string().starts_with("2026-12")));
    assert_eq!(house.corrections.len(), 0, "what came before the restart is billed with December");
    house.closed.splice(0..0, november);
    check_sums(&house);
}

#[test]
fn g_4_a_period_that_was_held_is_not_taken_for_one_that_was_final_with_nothing() {
    let mut house = house();
    let november = serde_json::from_str("\"2026-11-01T00:00:00Z\"").unwrap();
    let held = OrganizationPeriod { organization: organization_key("org_1"), period_start: november };
    house.engine.restore(Restored {
        watermark: Some(serde_json::from_str(&format!("\"{NOVEMBER_IS_FINAL}\"")).unwrap()),
        closed: Vec::new(),
        held: vec![held],
    });
    house.held.insert(held, RateError::UnknownCurrency);
    house.feed(&calls("1", "2026-11-02T00:00:00Z", "12"));
    assert_eq!(house.closed, [], "what is read may not be all yet");
    house.reach("2026-12-04T00:01:00Z");
    assert_eq!(records(&house), ["2026-11 1 100: usage calls 12 100"]);
}
