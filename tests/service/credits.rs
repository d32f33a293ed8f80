//! Credits from rows and events to ClickHouse, over a restart, and how a line that they cover or pay explains itself.

use crate::house::House;
use highwater_rating::time::EventTime;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000_000;

/// Days are billed, so that the day before is over.
fn catalog(begun: &str) -> Vec<Value> {
    let meter = json!({"table": "meters", "row": {"name": "queries", "feature": "query", "aggregation": "sum"}});
    let plan = json!({"table": "plans", "row": {"plan": "daily", "currency": "EUR", "effective_from": begun,
        "charges": [{"meter": "queries", "included": "10", "model": "per_unit", "price": "0.5"}]}});
    let subscription = json!({"table": "subscriptions", "row": {"id": "s", "organizationId": "acme", "plan": "daily",
        "effective_from": begun, "anchor": &begun[..19], "interval": "day", "time_zone": "UTC"}});
    let units = json!({"table": "grants", "row": {"id": "units", "organizationId": "acme", "meter": "queries",
        "amount": 3, "kind": "free", "effective_from": begun}});
    let money = json!({"table": "grants", "row": {"id": "money", "organizationId": "acme", "currency": "EUR",
        "amount": "2.25", "kind": "paid", "effective_from": begun}});
    vec![meter, plan, subscription, units, money]
}

fn query(house: &House, sql: &str, expected: &str) {
    let last = std::cell::RefCell::new(String::new());
    let look = || {
        *last.borrow_mut() = house.query(sql).unwrap_or_else(|error| error);
        (*last.borrow() == expected).then_some(())
    };
    crate::house::until(|| format!("{sql} shows {expected}, not {}\n{}", last.borrow(), house.said()), look);
}

const BALANCES: &str =
    "SELECT grant_id, meter, currency, granted, burned, balance FROM highwater.credit_balances ORDER BY ALL FORMAT TSV";
const LINES: &str = "SELECT kind, name, amount_minor_units FROM highwater.rated_lines ORDER BY ALL FORMAT TSV";
const LEDGER: &str =
    "SELECT grant_id, opening, granted, burned, closing FROM highwater.credit_ledger ORDER BY grant_id, at FORMAT TSV";

#[test]
fn what_credits_cover_and_pay_is_shown_explained_and_the_same_after_kill_9() {
    let Some(house) = House::new() else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as i64;
    let today = now - now % DAY;
    let process = house.start();
    house.wait_until_ready();
    house.publish(&catalog(&EventTime(today - 3 * DAY).to_string()));
    let event = json!({"organizationId": "acme", "id": "1", "feature": "query", "quantity": "18",
        "timestamp": EventTime(today - DAY).to_string()});
    let answer = house.post("/v1/events", "application/x-ndjson", event.to_string()).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);

    // 18 of 10: three units are covered, five cost 2.50, of which there is money for 2.25.
    query(&house, LINES, "credit\tmoney\t-225\nusage\tqueries\t250\n");
    query(&house, BALANCES, "money\t\tEUR\t2.25\t2.25\t0\nunits\tqueries\t\t3\t3\t0\n");
    let line = house.query("SELECT line_id FROM highwater.rated_lines WHERE kind = 'usage'").expect("a line");
    let explain = |arguments: &[&str]| {
        let output =
            house.command(&[&["explain", line.trim()], arguments].concat()).output().expect("the program runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let explained: Value = serde_json::from_str(&explain(&["--json"])).expect("JSON");
    assert_eq!(explained["covers"], json!([["units", "3"]]), "{explained:#}");
    let paid = &explained["credits"][0];
    assert_eq!((&paid["grant_id"], &paid["amount_minor_units"]), (&json!("money"), &json!("-225")), "{explained:#}");
    assert_eq!(explained["events_check"]["equal"], true, "{explained:#}");
    let text = explain(&[]);
    assert!(text.contains("grant units covers 3 more") && text.contains("grant money pays -2.25 EUR"), "{text}");

    // A grant that reaches back pays the rest.
    let more = json!({"table": "grants", "row": {"id": "more", "organizationId": "acme", "currency": "EUR",
        "amount": 1, "kind": "adjustment", "effective_from": EventTime(today - 3 * DAY).to_string()}});
    house.publish(&[more]);
    let lines = "credit\tmoney\t-150\ncredit\tmore\t-100\nusage\tqueries\t250\n";
    query(&house, LINES, lines);
    let ledger = house.query(LEDGER).expect("a ledger");
    process.kill();
    let _process = house.start();
    query(&house, "SELECT max(generation) FROM highwater.progress", "2\n");
    query(&house, LINES, lines);
    query(&house, LEDGER, &ledger);
}
