//! Credits cover units, pay money, and say so in their ledgers; what comes late moves what it touches and nothing else.

use crate::house::{House, event};
use highwater_dataflows::credit_burn::changes::CreditChanges;
use highwater_dataflows::engine::Settings;
use highwater_rating::finals::LineKind;
use highwater_rating::rate::RatedLine;

const ROWS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "users", "feature": "seat", "aggregation": "max"}}
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}, {"meter": "users", "model": "per_unit", "price": "1"}]}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;

fn grant(id: &str, unit: &str, amount: &str, from: &str, more: &str) -> String {
    format!(
        r#"{{"table": "grants", "row": {{"id": "{id}", "organizationId": "org_1", {unit}, "amount": "{amount}", "kind": "paid", "effective_from": "{from}T00:00:00Z"{more}}}}}"#
    )
}

const UNITS: &str = r#""meter": "calls""#;
const MONEY: &str = r#""currency": "EUR""#;

/// 17 calls in November, 7 of them above the allowance, 5 of all after the 16th; 11 in December.
fn calls() -> Vec<String> {
    vec![
        event("1", "api_call", "2026-11-01T00:00:00Z", "8"),
        event("2", "api_call", "2026-11-15T23:59:59.999999Z", "4"),
        event("3", "api_call", "2026-11-16T00:00:00Z", "5"),
        event("4", "api_call", "2026-12-01T00:00:00Z", "11"),
    ]
}

fn house(grants: &[String]) -> House {
    let mut house = House::new(Settings { workers: 2, ..Settings::default() });
    house.rows(ROWS);
    grants.iter().for_each(|row| house.rows(row));
    house
}

/// `span start overage amount (grant covers, …)` of every line of calls.
fn lines(house: &House) -> Vec<String> {
    let line = |line: &RatedLine| {
        let covers: Vec<String> = line.covers.iter().map(|it| format!("{} {}", it.grant, it.quantity)).collect();
        let start = &line.span.start.to_string()[5..10];
        format!("{start} {} {} ({})", line.overage, line.amount_minor_units, covers.join(", "))
    };
    house.rated("calls").into_iter().flat_map(|period| &period.lines).map(line).collect()
}

/// `span start grant amount` of every credit line.
fn paid(house: &House) -> Vec<String> {
    let lines = house.credits.lines.values();
    lines.map(|it| format!("{} {} {}", &it.span_start.to_string()[5..10], it.grant, it.amount_minor_units)).collect()
}

/// `grant day opening +granted -burned -expired closing` of every entry.
fn entries(house: &House) -> Vec<String> {
    let entries = house.credits.entries.values();
    let text = |it: &highwater_rating::credits::Entry| {
        let day = &it.at.to_string()[5..10];
        format!("{} {day} {} +{} -{} -{} {}", it.grant, it.opening, it.granted, it.burned, it.expired, it.closing)
    };
    entries.map(text).collect()
}

fn moved(CreditChanges { entries, balances, requests, lines }: &CreditChanges) -> [usize; 4] {
    [entries.len(), balances.len(), requests.len(), lines.len()]
}

#[test]
fn units_are_covered_above_the_allowance_and_before_they_are_priced() {
    for (grants, expected) in [
        (vec![grant("g", UNITS, "4", "2026-11-01", "")], ["11-01 3 150 (g 4)", "12-01 1 50 ()"].to_vec()),
        // Usage before a grant is not covered by it.
        (
            vec![grant("g", UNITS, "4", "2026-11-16", "")],
            ["11-01 2 100 ()", "11-16 1 50 (g 4)", "12-01 1 50 ()"].to_vec(),
        ),
        // What is left carries on, and one after the other is burnt.
        (
            vec![grant("a", UNITS, "5", "2026-11-01", ""), grant("b", UNITS, "3", "2026-11-01", r#", "priority": -1"#)],
            ["11-01 0 0 (b 3, a 4)", "12-01 0 0 (a 1)"].to_vec(),
        ),
        // Credits of another meter, of one that is not used up, and money, cover no calls.
        (vec![grant("g", r#""meter": "users""#, "9", "2026-11-16", "")], ["11-01 7 350 ()", "12-01 1 50 ()"].to_vec()),
    ] {
        let mut before = house(&grants);
        before.feed(&calls());
        assert_eq!(lines(&before), expected, "{grants:?}");
        let mut after = house(&[]);
        after.feed(&calls());
        grants.iter().for_each(|row| after.rows(row));
        after.seal();
        assert_eq!((lines(&after), entries(&after)), (lines(&before), entries(&before)), "as if it had been there");
    }
}

#[test]
fn money_pays_rounded_lines_in_the_order_of_time() {
    let mut house = house(&[grant("g", MONEY, "3.75", "2026-11-01", "")]);
    house.feed(&calls());
    house.feed(&[event("5", "seat", "2026-11-20T00:00:00Z", "2")]);
    // Calls before users, as both lines begin with the period; nothing is left for December.
    assert_eq!(paid(&house), ["11-01 g -350", "11-01 g -25"]);
    assert_eq!(lines(&house), ["11-01 7 350 ()", "12-01 1 50 ()"], "the lines themselves are what they were");
    assert_eq!(entries(&house), ["g 11-01 0 +3.75 -3.75 -0 0"]);
}

#[test]
fn a_late_event_moves_what_is_paid_and_nothing_else() {
    let mut house = house(&[grant("g", MONEY, "4", "2026-11-01", ""), grant("u", UNITS, "9", "2027-06-01", "")]);
    house.feed(&calls());
    assert_eq!(paid(&house), ["11-01 g -350", "12-01 g -50"]);
    house.feed(&[event("late", "api_call", "2026-11-02T00:00:00Z", "1")]);
    assert_eq!(paid(&house), ["11-01 g -400"], "November takes what December had");
    assert_eq!(entries(&house), ["g 11-01 0 +4 -4 -0 0"]);
    // Both entries and both lines, the balance's last change, and November alone.
    assert_eq!((moved(&house.moved), house.rerated.len()), ([2, 1, 0, 2], 1));
}

#[test]
fn a_grant_that_reaches_back_moves_what_it_touches_and_nothing_else() {
    let mut house = house(&[grant("g", MONEY, "1", "2026-12-01", "")]);
    house.feed(&calls());
    assert_eq!(paid(&house), ["12-01 g -50"]);
    // At a boundary that is there already no line is cut, and none moves.
    house.rows(&grant("early", MONEY, "3", "2026-11-01", ""));
    house.seal();
    assert_eq!(paid(&house), ["11-01 early -300", "12-01 g -50"]);
    assert_eq!((moved(&house.moved), house.rerated.len()), ([1, 1, 0, 1], 0));
    // Inside a period it cuts that one.
    house.rows(&grant("later", MONEY, "9", "2026-11-16", ""));
    house.seal();
    assert_eq!(lines(&house), ["11-01 2 100 ()", "11-16 5 250 ()", "12-01 1 50 ()"]);
    assert_eq!(paid(&house), ["11-01 early -100", "11-16 early -200", "11-16 later -50", "12-01 later -50"]);
    assert_eq!(house.rerated.len(), 1);
}

#[test]
fn credits_expire_and_are_given_anew_when_time_has_come_to_it_whoever_brings_it() {
    let monthly = r#", "expires_at": "2026-12-15T00:00:00Z", "rollover": "1", "recurrence": {"anchor": "2026-11-01T00:00:00", "interval": "month", "time_zone": "UTC"}"#;
    let mut house = house(&[grant("g", UNITS, "9", "2026-11-01", monthly)]);
    house.feed(&calls()[..3]);
    assert_eq!(entries(&house), ["g 11-01 0 +9 -7 -0 2"]);
    house.feed(&[event("x", "api_call", "2026-12-20T00:00:00Z", "1").replace("org_1", "org_2")]);
    let expected = ["g 11-01 0 +9 -7 -0 2", "g 12-01 2 +9 -0 -1 10", "g 12-15 10 +0 -0 -10 0"];
    assert_eq!(entries(&house), expected);
    assert_eq!(moved(&house.moved), [2, 1, 0, 0]);
}

#[test]
fn more_is_asked_for_once() {
    let policy = r#"{"table": "credit_policies", "row": {"id": "p", "organizationId": "org_1", "meter": "calls", "effective_from": "2026-11-01T00:00:00Z", "recharge": {"threshold": "5", "amount": "20", "anchor": "2026-11-01T00:00:00", "interval": "month", "time_zone": "UTC", "pending_hours": 8000}}}"#;
    let mut house = house(&[grant("g", UNITS, "6", "2026-11-01", ""), policy.to_owned()]);
    house.feed(&calls()[..1]);
    assert_eq!(house.credits.requests.len(), 0, "8 of 10 are included");
    house.feed(&calls()[1..]);
    house.feed(&[event("5", "api_call", "2026-12-02T00:00:00Z", "11")]);
    let requests: Vec<String> = house.credits.requests.values().map(|it| format!("{} {}", it.id, it.amount)).collect();
    assert_eq!(requests, ["p/2026-11-01T00:00:00Z/1 20"]);
}

#[test]
fn what_credits_paid_is_frozen_with_the_period_and_corrected_as_its_lines_are() {
    let mut house = house(&[grant("g", MONEY, "3", "2026-11-01", "")]);
    house.feed(&calls());
    house.reach("2026-12-04T00:00:00Z");
    let frozen = |house: &House, of: usize| {
        let mut lines: Vec<_> = house.closed[of].lines.iter().map(|it| (it.kind, it.amount_minor_units)).collect();
        lines.sort();
        (house.closed[of].total_minor_units, lines)
    };
    assert_eq!(frozen(&house, 0), (50, vec![(LineKind::Usage, 350), (LineKind::Credit, -300)]));
    assert_eq!(house.closed[0].verify(), Ok(()));
    house.rows(&grant("more", MONEY, "0.5", "2026-11-01", ""));
    house.reach("2027-01-04T00:00:00Z");
    // December pays for itself, and gives back what the grant pays of November.
    assert_eq!(frozen(&house, 1), (0, vec![(LineKind::Usage, 50), (LineKind::Correction, -50)]));
}
