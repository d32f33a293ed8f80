//! Customers, their terms and what they use: seeded, around the present, with everything that goes wrong among it.

use oracle::civil::{Micros, rfc3339};
use oracle::generate::Dice;
use oracle::{DAY, HOUR, MINUTE, RawRecord, Step, TableChange};
use serde_json::{Value, json};

/// Organizations whose additive usage never goes down: they take nothing back.
pub const STEADY: [&str; 3] = ["steady-1", "steady-2", "steady-3"];
/// One that retracts.
pub const FICKLE: &str = "fickle";

pub fn now() -> Micros {
    jiff::Timestamp::now().as_microsecond()
}

/// One record as it is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub organization: &'static str,
    pub text: String,
    pub received_at: Micros,
}

impl Sent {
    pub fn step(&self) -> Step {
        Step::Record(RawRecord { bytes: self.text.clone().into_bytes(), received_at: Some(self.received_at) })
    }
}

fn table(table: &str, row: Value) -> Value {
    json!({"table": table, "row": row})
}

/// Terms with two versions of a plan and an override, all changing within the reach of the events.
pub fn catalog(now: Micros) -> Vec<Value> {
    let day = now - now.rem_euclid(DAY);
    let at = |days_ago: i64| rfc3339(day - days_ago * DAY);
    let mut rows = vec![
        table(
            "meters",
            json!({"name": "api_calls", "feature": "api_call", "aggregation": "sum", "dimensions": ["region"]}),
        ),
        table("meters", json!({"name": "queries", "feature": "ai_query", "aggregation": "count"})),
        table("meters", json!({"name": "peak", "feature": "api_call", "aggregation": "max"})),
        table(
            "meters",
            json!({"name": "people", "feature": "ai_query", "aggregation": "unique", "value": "metadata.user"}),
        ),
        table(
            "meters",
            json!({"name": "latency", "feature": "api_call", "aggregation": "average", "value": "metadata.ms"}),
        ),
    ];
    let charges = |price: &str| {
        let tiers = json!([{"up_to": "100", "price": "0.02", "flat": "1"}, {"price": "0.005"}]);
        json!([
            {"meter": "api_calls", "included": "500", "model": "per_unit", "price": price, "per": "1000"},
            {"meter": "queries", "included": "20", "allowance": "prorated", "model": "per_unit", "price": "0.10"},
            {"meter": "people", "included": "3", "model": "graduated", "tiers": tiers},
            {"meter": "peak", "included": "40", "model": "per_unit", "price": "15"},
        ])
    };
    for (days_ago, price) in [(400, "5"), (6, "7.5")] {
        let row =
            json!({"plan": "growth", "currency": "USD", "effective_from": at(days_ago), "charges": charges(price)});
        rows.push(table("plans", row));
    }
    let zones = ["UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Europe/Vienna"];
    for (organization, zone) in [STEADY[0], STEADY[1], STEADY[2], FICKLE].into_iter().zip(zones) {
        let row = json!({
            "id": format!("s-{organization}"), "organizationId": organization, "plan": "growth",
            "effective_from": at(300), "anchor": "2026-01-31T00:00:00", "time_zone": zone,
        });
        rows.push(table("subscriptions", row));
    }
    let row = json!({
        "id": "o-1", "organizationId": STEADY[1], "meter": "api_calls", "included": "900",
        "effective_from": at(9), "effective_to": at(2),
    });
    rows.push(table("overrides", row));
    rows
}

pub fn catalog_step(rows: &[Value]) -> Step {
    Step::Tables(rows.iter().cloned().map(TableChange::Upsert).collect())
}

/// `count` records of each organization, in the order in which it sends them.
pub fn records(seed: u64, count: usize, now: Micros) -> Vec<Sent> {
    let mut dice = Dice::of_seed(seed);
    let mut records = Vec::new();
    for organization in [STEADY[0], STEADY[1], STEADY[2], FICKLE] {
        let mut events: Vec<Value> = Vec::new();
        for number in 0..count {
            let text = record(&mut dice, organization, number, now, &mut events);
            records.push(Sent { organization, text, received_at: now });
        }
    }
    records
}

fn record(dice: &mut Dice, organization: &str, number: usize, now: Micros, events: &mut Vec<Value>) -> String {
    let earlier = |dice: &mut Dice, events: &[Value]| dice.pick(events).clone();
    match dice.between(0, 99) {
        0..=4 if !events.is_empty() => earlier(dice, events).to_string(),
        5..=7 if !events.is_empty() => {
            let mut other = earlier(dice, events);
            other["quantity"] = json!("77.5");
            other.to_string()
        }
        8..=13 if organization == FICKLE && !events.is_empty() => {
            let event = earlier(dice, events);
            json!({"organizationId": organization, "id": event["id"], "retract": true}).to_string()
        }
        14..=16 => {
            let id = format!("late-{number}");
            event(dice, organization, &id, now - 36 * DAY - dice_time(number)).to_string()
        }
        17..=20 => malformed(dice, organization, number),
        _ => {
            let at = now - HOUR - dice.between(0, 15 * DAY);
            let event = event(dice, organization, &number.to_string(), at);
            events.push(event.clone());
            event.to_string()
        }
    }
}

fn dice_time(number: usize) -> Micros {
    number as i64 % 60 * MINUTE
}

fn event(dice: &mut Dice, organization: &str, id: &str, at: Micros) -> Value {
    let quantity = format!("{}{}", dice.mostly_small(60), dice.pick(&["", "", ".5", ".000000001", ".333333333"]));
    json!({
        "id": id,
        "organizationId": organization,
        "feature": dice.pick(&["api_call", "api_call", "ai_query"]),
        "timestamp": rfc3339(at),
        "quantity": quantity,
        "endpoint": "/api/data/query",
        "metadata": {"region": dice.pick(&["eu", "us"]), "user": format!("u{}", dice.between(0, 9)), "ms": dice.between(1, 900)},
    })
}

fn malformed(dice: &mut Dice, organization: &str, number: usize) -> String {
    let broken = [
        r#"{"id":"ID","organizationId":"ORG","feature":"api_call","timestamp":"TIME","quantity":"1,5"}"#,
        r#"{"id":"ID","organizationId":"ORG","feature":"api_call","timestamp":"yesterday"}"#,
        r#"{"id":"ID","organizationId":"ORG","feature":"api_call","timestamp":"TIME","quantty":1}"#,
        r#"{"id":"ID","feature":"api_call","timestamp":"TIME"}"#,
        r#"{"id":"ID","organizationId":"ORG","organizationId":"ORG","feature":"api_call","timestamp":"TIME"}"#,
        r#"{"id":"ID","organizationId":"ORG""#,
    ];
    let text = dice.pick(&broken).replace("ID", &format!("broken-{number}")).replace("ORG", organization);
    text.replace("TIME", "2026-11-01T00:00:00Z")
}
