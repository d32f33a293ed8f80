//! Terms that change while the service runs.

use crate::house::House;
use crate::{rows, usage};
use oracle::DAY;
use oracle::civil::rfc3339;
use serde_json::json;
use std::collections::BTreeMap;

/// (organization, meter) → (start of the span → version of its line)
type Versions = BTreeMap<(String, String), BTreeMap<String, String>>;

/// From the table behind the view: only there does a row say when it was written last.
fn versions(house: &House) -> Versions {
    let sql = "SELECT organization_id, meter, toString(span_start), version FROM highwater_store.rated_lines FINAL FORMAT TSV";
    let mut versions = Versions::new();
    for line in house.query(sql).expect("lines").lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let key = (columns[0].to_owned(), columns[1].to_owned());
        versions.entry(key).or_default().insert(columns[2].to_owned(), columns[3].to_owned());
    }
    versions
}

#[test]
fn a_changed_term_rates_anew_what_it_touches_and_nothing_else() {
    let Some(house) = House::new() else { return };
    let now = usage::now();
    let mut catalog = usage::catalog(now);
    let records = usage::records(4, 120, now);
    let _process = house.start();
    house.wait_until_ready();
    house.publish(&catalog);
    let body = records.iter().map(|sent| sent.text.as_str()).collect::<Vec<_>>().join("\n");
    assert_eq!(house.post("/v1/events", "application/x-ndjson", body).expect("an answer").status, 200);
    rows::settle(&house, "before");
    let expect = |catalog: &[serde_json::Value]| {
        let steps = [usage::catalog_step(catalog)].into_iter().chain(records.iter().map(usage::Sent::step));
        rows::expected(&oracle::expect(&steps.collect::<Vec<_>>()))
    };
    rows::assert_same(&rows::shown(house.clickhouse_port), &expect(&catalog));

    let middle = now - now.rem_euclid(DAY) - 3 * DAY;
    let meter = ("steady-3".to_owned(), "api_calls".to_owned());
    let change = json!({"table": "overrides", "row": {"id": "o-live", "organizationId": meter.0, "meter": meter.1,
        "included": "10000", "effective_from": rfc3339(middle)}});
    let before = versions(&house);
    house.publish(std::slice::from_ref(&change));
    rows::settle(&house, "override");
    catalog.push(change);
    rows::assert_same(&rows::shown(house.clickhouse_port), &expect(&catalog));
    let after = versions(&house);
    assert_ne!(before[&meter], after[&meter], "the line is rated anew");
    let moved = "rows of tables came into force rows=1 periods=1 ";
    assert!(house.said().contains(moved), "it says how many rows moved:\n{}", house.said());
    let others = |versions: &Versions| -> Versions {
        versions.iter().filter(|(key, _)| **key != meter).map(|(key, lines)| (key.clone(), lines.clone())).collect()
    };
    assert_eq!(others(&before), others(&after), "no other line is written again");

    // A version of the plan that changes the price of one meter, for everybody from now on and back to the middle.
    let mut plan = catalog.iter().rfind(|row| row["table"] == "plans").cloned().expect("a plan");
    plan["row"]["effective_from"] = rfc3339(middle).into();
    plan["row"]["charges"][1]["price"] = json!("0.25");
    house.publish(std::slice::from_ref(&plan));
    rows::settle(&house, "plan");
    catalog.push(plan);
    rows::assert_same(&rows::shown(house.clickhouse_port), &expect(&catalog));
    let last = versions(&house);
    let of_others = |versions: &Versions| -> Versions {
        versions
            .iter()
            .filter(|((_, meter), _)| meter != "queries")
            .map(|(key, lines)| (key.clone(), lines.clone()))
            .collect()
    };
    assert_eq!(of_others(&after), of_others(&last), "lines of other meters are not written again");
    assert_ne!(after, last);
}

#[test]
fn a_row_that_was_acknowledged_holds_for_every_event_sent_after_it() {
    let Some(house) = House::new() else { return };
    let _process = house.start();
    house.wait_until_ready();
    for number in 0..20 {
        let name = format!("meter_{number}");
        house.publish(&[json!({"table": "meters", "row": {"name": name, "feature": name, "aggregation": "count"}})]);
        let event = json!({"id": name, "organizationId": "acme", "feature": name, "timestamp": rfc3339(usage::now())});
        assert_eq!(house.post("/v1/events", "application/json", event.to_string()).expect("an answer").status, 200);
    }
    rows::settle(&house, "last");
    let counted = "SELECT count(), sum(events) FROM highwater.usage_hour WHERE organization_id = 'acme' FORMAT TSV";
    assert_eq!(house.query(counted).as_deref(), Ok("20\t20\n"));
}
