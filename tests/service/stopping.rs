//! Ending, starting again, and going on while ClickHouse is away.

use crate::house::{House, free_port, query};
use crate::{rows, usage};
use serde_json::json;

fn event(id: &str) -> String {
    json!({"id": id, "organizationId": "acme", "feature": "api_call", "timestamp": oracle::civil::rfc3339(usage::now() - oracle::HOUR)}).to_string()
}

fn post(house: &House, ids: std::ops::Range<usize>) {
    let lines: Vec<String> = ids.map(|id| event(&id.to_string())).collect();
    let answer = house.post("/v1/events", "application/x-ndjson", lines.join("\n")).expect("an answer");
    assert_eq!(
        (answer.status, answer.json()["acknowledged"].as_u64()),
        (200, Some(lines.len() as u64)),
        "{}",
        answer.body
    );
}

const COUNTED: &str =
    "SELECT toUInt64(sum(events)) FROM highwater.usage_hour WHERE organization_id = 'acme' FORMAT TSV";

fn meter() -> serde_json::Value {
    json!({"table": "meters", "row": {"name": "api_calls", "feature": "api_call", "aggregation": "count"}})
}

#[test]
fn asked_to_end_it_writes_what_was_acknowledged_and_ends_with_0() {
    let Some(house) = House::new() else { return };
    let process = house.start();
    house.wait_until_ready();
    house.publish(&[meter()]);
    post(&house, 0..200);
    let status = process.terminate();
    assert_eq!(status.code(), Some(0), "{}", house.said());
    let manifest = std::fs::read_to_string(house.path("data/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let manifest: serde_json::Value = serde_json::from_str(manifest["manifest"].as_str().expect("text")).expect("JSON");
    assert_eq!(manifest["written"], manifest["released"], "what was released is written");

    let second = house.start();
    house.wait_until_ready();
    rows::settle(&house, "after");
    assert_eq!(house.query(COUNTED).as_deref(), Ok("200\n"));
    assert_eq!(second.terminate().code(), Some(0), "{}", house.said());
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let house =
        House::bare().set("clickhouse.embedded=false").set(format!("clickhouse.url=http://127.0.0.1:{}", free_port()));
    let _first = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let listen = format!("service.listen_http=127.0.0.1:{}", free_port());
    let second = house.command(&["run"]).args(["--set", &listen]).output().expect("it starts");
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(69), "{said}");
    assert!(said.contains("in use by another process") && said.contains("data_dir"), "{said}");
    assert_eq!(house.get("/healthz").map(|answer| answer.status), Ok(200), "the first one goes on");
}

#[test]
fn numbers_for_monitoring_have_their_agreed_names() {
    let Some(house) = House::new() else { return };
    let _process = house.start();
    house.wait_until_ready();
    house.publish(&[meter()]);
    post(&house, 0..7);
    rows::settle(&house, "counted");
    for line in [
        "highwater_events_received_total{outcome=\"accepted\"} 8",
        "highwater_events_received_total{outcome=\"duplicate\"} 0",
        "highwater_events_received_total{outcome=\"conflicting\"} 0",
        "highwater_events_received_total{outcome=\"late\"} 0",
        "highwater_events_received_total{outcome=\"rejected\"} 0",
        "highwater_freshness_seconds{table=\"rated_lines\"}",
        "highwater_consumer_lag_records{topic=",
        "highwater_rated_changes_total",
        "highwater_build_info{version=",
    ] {
        // What a write took is known a moment after its rows are there.
        house.until(line, || {
            let metrics = house.get("/metrics").ok()?.body;
            metrics.lines().any(|found| found.starts_with(line)).then_some(())
        });
    }
    let metrics = house.get("/metrics").expect("metrics");
    assert!(!metrics.body.contains("acme"), "no customer is a label");
    for (path, status) in [("/healthz", 200), ("/livez", 200), ("/readyz", 200), ("/version", 200)] {
        assert_eq!(house.get(path).map(|answer| answer.status), Ok(status), "{path}");
    }
}

#[test]
fn while_clickhouse_is_away_events_are_taken_and_shown_when_it_comes() {
    // The engine inside another process stands for a server.
    let Some(server) = House::new() else { return };
    let house = House::bare()
        .set("clickhouse.embedded=false")
        .set(format!("clickhouse.url=http://127.0.0.1:{}", server.clickhouse_port));
    let process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    house.publish(&[meter()]);
    post(&house, 0..50);
    let not_ready = house.until("it says that ClickHouse is away", || {
        let answer = house.get("/readyz").ok()?;
        (answer.status == 503 && answer.body.contains("clickhouse: ")).then(|| answer.json())
    });
    assert_eq!(not_ready["ready"], false);
    // The graph has counted it, or the door remembers it: neither needs ClickHouse.
    let outcome = house.get("/v1/events/outcome?organizationId=acme&id=1").expect("an answer");
    let known = outcome.json()["outcome"].as_str().is_some_and(|outcome| ["accepted", "pending"].contains(&outcome));
    assert!(outcome.status == 200 && known, "{}", outcome.body);

    let counted = |wanted: &str| {
        house.until("the events are shown", || {
            query(server.clickhouse_port, COUNTED).ok().filter(|answer| answer.trim() == wanted).map(drop)
        });
    };
    let first_server = server.start();
    house.wait_until_ready();
    counted("50");

    // It goes away in the middle of it all.
    first_server.kill();
    post(&house, 50..80);
    house.until("it says that ClickHouse is away again", || {
        let answer = house.get("/readyz").ok()?;
        (answer.status == 503 && answer.body.contains("clickhouse: ")).then_some(())
    });
    post(&house, 80..90);
    let _second_server = server.start();
    counted("90");
    house.wait_until_ready();
    assert_eq!(process.terminate().code(), Some(0), "{}", house.said());
}

/// The feeder stops reading when enough epochs wait; the door goes on.
#[test]
fn an_event_that_is_kept_and_not_counted_yet_is_pending() {
    let house =
        House::bare().set("clickhouse.embedded=false").set(format!("clickhouse.url=http://127.0.0.1:{}", free_port()));
    let _process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let mut sent = 0..;
    let outcome = house.until("an event waits", || {
        let id = sent.next()?;
        post(&house, id..id + 1);
        let answer = house.get(&format!("/v1/events/outcome?organizationId=acme&id={id}")).ok()?.json();
        let outcome = answer["outcome"].as_str()?.to_owned();
        (outcome != "accepted").then_some(outcome)
    });
    assert_eq!(outcome, "pending");
}

#[test]
fn asked_to_end_while_clickhouse_is_away_it_ends_and_forgets_nothing() {
    let Some(house) = House::new() else { return };
    let away = format!("clickhouse.url=http://127.0.0.1:{}", free_port());
    let process = house.spawn(&["run", "--set", "clickhouse.embedded=false", "--set", &away]);
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    house.publish(&[meter()]);
    post(&house, 0..30);
    // As a signal would: not everything that was acknowledged is shown.
    assert_eq!(process.terminate().code(), Some(143), "{}", house.said());
    let _second = house.start();
    house.wait_until_ready();
    rows::settle(&house, "after");
    assert_eq!(house.query(COUNTED).as_deref(), Ok("30\n"));
}
