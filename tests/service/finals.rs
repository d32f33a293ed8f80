//! A period that was closed stays as it was billed, and every line of it can be explained down to its events.

use crate::house::House;
use highwater_rating::time::EventTime;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000_000;
const METERS: [&str; 7] = ["count", "sum", "max", "min", "latest", "unique", "average"];

/// A meter of each kind, billed by the day, final as soon as the day is over. Beside it a customer who uses nothing for
/// one day, and pays all the same.
fn catalog(today: i64) -> Vec<Value> {
    let begun = EventTime(today - 10 * DAY).to_string();
    let meter = |name: &&str| json!({"table": "meters", "row": {"name": name, "feature": name, "aggregation": name}});
    // A discount of nothing but a step: it changes no amount that is expected below.
    let charge =
        |name: &&str| json!({"meter": name, "model": "per_unit", "price": "0.74", "discounts": [{"percent": 50}]});
    let charges: Vec<Value> = METERS.iter().map(charge).collect();
    let plan = json!({"table": "plans", "row":
        {"plan": "daily", "currency": "EUR", "effective_from": begun, "grace_hours": 0, "charges": charges}});
    let subscription = json!({"table": "subscriptions", "row": {"id": "s", "organizationId": "acme", "plan": "daily",
        "effective_from": begun, "anchor": &begun[..19], "interval": "day", "time_zone": "UTC"}});
    let seats = json!({"table": "plans", "row": {"plan": "seats", "currency": "EUR", "effective_from": begun, "grace_hours": 0,
        "base_price": "2.5", "billing": "in_arrears", "commitment": "10"}});
    let (from, to) = (EventTime(today - 2 * DAY).to_string(), EventTime(today - DAY).to_string());
    let idle = json!({"table": "subscriptions", "row": {"id": "t", "organizationId": "idle", "plan": "seats", "quantity": 3,
        "effective_from": from, "effective_to": to, "anchor": &from[..19], "interval": "day", "time_zone": "UTC"}});
    METERS.iter().map(meter).chain([plan, subscription, seats, idle]).collect()
}

fn event(id: &str, meter: &str, time: i64, quantity: &str) -> Value {
    json!({"organizationId": "acme", "id": id, "feature": meter, "timestamp": EventTime(time).to_string(), "quantity": quantity})
}

fn send(house: &House, events: &[Value]) {
    let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
    let answer = house.post("/v1/events", "application/x-ndjson", lines.join("\n")).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
}

const RECORDS: &str = "SELECT period_start, revision, currency, lines, total_minor_units, checksum, final_at \
                       FROM highwater.close_records ORDER BY ALL FORMAT TSV";
const LINES: &str = "SELECT line_id, kind, name, quantity, overage, amount_unrounded, amount_minor_units, terms, \
                     steps.step, steps.discount, steps.quantity, steps.amount_unrounded \
                     FROM highwater.final_lines ORDER BY ALL FORMAT TSV";
const RECURRING: &str = "SELECT kind, name, quantity, amount_unrounded, amount_minor_units, total_minor_units \
                         FROM highwater.final_lines JOIN highwater.close_records USING (organization_id, period_start, revision, currency) \
                         WHERE organization_id = 'idle' ORDER BY ALL FORMAT TSV";
const PENDING: &str = "SELECT name, cause, quantity_before, quantity_after, amount_minor_units_before, amount_minor_units_after \
                       FROM highwater.pending_corrections ORDER BY ALL FORMAT TSV";
const HISTORY: &str = "SELECT name, at_close, known_to IS NULL, quantity FROM highwater.rated_line_history \
                       WHERE name IN ('count', 'sum') ORDER BY name, known_from, NOT at_close FORMAT TSV";

fn shown(house: &House, sql: &str) -> String {
    house.query(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

fn wait_for(house: &House, sql: &str, expected: &str) {
    let last = std::cell::RefCell::new(String::new());
    let look = || {
        *last.borrow_mut() = house.query(sql).unwrap_or_else(|error| error);
        (*last.borrow() == expected).then_some(())
    };
    crate::house::until(|| format!("{sql} shows {expected}, not {}\n{}", last.borrow(), house.said()), look);
}

/// Runs the command, which must find the line's events to be what the line says.
fn explain(house: &House, id: &str) -> Value {
    let output = house.command(&["explain", id, "--json"]).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{id}: {said}{}", String::from_utf8_lossy(&output.stderr));
    let explained: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(explained["events_check"]["equal"], true, "{explained:#}");
    let text = house.command(&["explain", id]).output().expect("the program runs");
    assert!(String::from_utf8_lossy(&text.stdout).contains(": equal to the line"));
    explained
}

#[test]
fn g_4_what_was_closed_stays_so_over_kill_9_and_over_the_loss_of_its_folder() {
    let Some(house) = House::new() else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as i64;
    let today = now - now % DAY;
    let closed_day = today - 2 * DAY;
    let process = house.start();
    house.wait_until_ready();
    house.publish(&catalog(today));
    let mut events = Vec::new();
    for (number, meter) in METERS.iter().enumerate() {
        for (nth, quantity) in ["7", "2.5", "7"].iter().enumerate() {
            let time = closed_day + (nth as i64 + 1) * DAY / 5 + number as i64;
            events.push(event(&format!("{meter}-{nth}"), meter, time, quantity));
        }
    }
    send(&house, &events);
    wait_for(&house, "SELECT count() FROM highwater.rated_lines", "7\n");
    send(&house, &[event("now", "sum", now, "1")]);
    wait_for(
        &house,
        "SELECT sum(lines) FROM highwater.close_records GROUP BY organization_id ORDER BY ALL FORMAT TSV",
        "2\n7\n",
    );
    wait_for(&house, RECURRING, "base_price\tseats\t3\t7.5\t750\t1000\ntrue_up\tseats\t1\t2.5\t250\t1000\n");
    let steps = "SELECT DISTINCT steps.step, steps.quantity, steps.amount_unrounded = [-amount_unrounded] FROM highwater.final_lines \
                 WHERE kind = 'usage' FORMAT TSV";
    assert_eq!(shown(&house, steps), "['discount']\t[0]\t1\n", "half the price is half the amount");
    for id in shown(&house, "SELECT line_id FROM highwater.final_lines WHERE kind = 'usage'").lines() {
        assert_eq!(explain(&house, id)["state"], "final");
    }
    for id in shown(&house, "SELECT line_id FROM highwater.final_lines WHERE kind != 'usage'").lines() {
        let output = house.command(&["explain", id, "--json"]).output().expect("the program runs");
        let explained: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&explained["state"], &explained["events_check"]), (&json!("final"), &Value::Null), "{explained:#}");
    }
    let open = "SELECT line_id FROM highwater.rated_lines WHERE quantity = 1 AND meter = 'sum'";
    assert_eq!(explain(&house, shown(&house, open).trim())["state"], "known_now");

    // After the close: one more event, and one taken out.
    let retract = json!({"organizationId": "acme", "id": "count-1", "retract": true});
    send(&house, &[event("late", "sum", closed_day + DAY - 1, "10"), retract]);
    let pending = "count\tevents\t3\t2\t111\t74\nsum\tevents\t16.5\t26.5\t611\t981\n";
    wait_for(&house, PENDING, pending);
    let (records, lines) = (shown(&house, RECORDS), shown(&house, LINES));
    let history = "count\ttrue\t0\t3\ncount\tfalse\t1\t2\nsum\ttrue\t0\t16.5\nsum\tfalse\t1\t26.5\n";
    wait_for(&house, HISTORY, history);
    let check = |house: &House| {
        assert_eq!((shown(house, RECORDS), shown(house, LINES)), (records.clone(), lines.clone()));
        assert_eq!(shown(house, HISTORY), history);
        let all = "SELECT line_id FROM highwater.final_lines WHERE name IN ('count', 'sum') UNION ALL \
                   SELECT arrayJoin([reversal_line_id, correction_line_id]) FROM highwater.pending_corrections";
        for id in shown(house, all).lines() {
            let explained = explain(house, id);
            let corrects = explained["corrects_line_id"].as_str().expect("a text");
            assert_eq!(corrects.is_empty(), explained["state"] == "final", "{explained:#}");
        }
    };
    check(&house);

    let unknown = house.command(&["explain", &"0".repeat(32)]).output().expect("the program runs");
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(unknown.status.code() == Some(1) && said.contains("no line has the id 0000"), "{said}");
    let nowhere = ["--set", "clickhouse.embedded=false", "--set", "clickhouse.url=http://127.0.0.1:1"];
    let unreachable = house.command(&["explain", &"0".repeat(32)]).args(nowhere).output().expect("the program runs");
    let said = String::from_utf8_lossy(&unreachable.stderr);
    assert!(unreachable.status.code() == Some(69) && said.contains("ClickHouse at http://127.0.0.1:1"), "{said}");

    process.kill();
    let generation = "SELECT max(generation) FROM highwater.progress";
    let process = house.start();
    wait_for(&house, generation, "2\n");
    wait_for(&house, PENDING, pending);
    check(&house);

    process.kill();
    std::fs::remove_dir_all(house.path("data").join("finals")).expect("the folder goes");
    let _process = house.start();
    wait_for(&house, generation, "3\n");
    wait_for(&house, PENDING, pending);
    check(&house);
    assert!(house.said().contains("read back from ClickHouse"));
}
