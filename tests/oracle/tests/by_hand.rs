//! The oracle against numbers that a person worked out: it must not be taken at its word either.

use highwater_oracle::exact::{Fraction, decimal, round};
use highwater_oracle::{Outcome, PeriodKey, RatedPeriod, RawRecord, Step, TableChange, civil, expect};
use serde_json::{Value, json};

fn meter(aggregation: &str) -> Value {
    json!({"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": aggregation}})
}

fn plan(version: &str, charge: Value) -> Value {
    json!({"table": "plans", "row": {
        "plan": "growth", "currency": "USD", "effective_from": version, "charges": [charge]}})
}

fn subscription(time_zone: &str) -> Value {
    json!({"table": "subscriptions", "row": {
        "id": "s", "organizationId": "acme", "plan": "growth", "effective_from": "2026-01-01T00:00:00Z",
        "anchor": "2026-01-01T00:00:00", "time_zone": time_zone}})
}

fn event(id: &str, timestamp: &str, quantity: &str) -> Value {
    json!({"id": id, "organizationId": "acme", "feature": "api_call", "timestamp": timestamp, "quantity": quantity})
}

fn november(rows: Vec<Value>, events: Vec<Value>) -> RatedPeriod {
    let mut steps = vec![Step::Tables(rows.into_iter().map(TableChange::Upsert).collect())];
    let record = |event: Value| RawRecord { bytes: event.to_string().into_bytes(), received_at: None };
    steps.extend(events.into_iter().map(|event| Step::Record(record(event))));
    let start = civil::instant("2026-11-01T00:00:00Z").unwrap();
    let key = PeriodKey { organization: "acme".into(), meter: "calls".into(), start };
    expect(&steps).periods.remove(&key).expect("a period in November").expect("no error")
}

fn number(text: &str) -> Fraction {
    decimal(text).unwrap()
}

fn cents(period: &RatedPeriod) -> Vec<String> {
    period.lines.iter().map(|line| line.amount_minor_units.to_string()).collect()
}

#[test]
fn two_hundred_thousand_calls_over_cost_one_dollar() {
    let charge = json!({"meter": "calls", "included": "1000000", "model": "per_unit", "price": "5", "per": "1000000"});
    let rows = vec![meter("sum"), plan("2026-01-01T00:00:00Z", charge), subscription("UTC")];
    let period = november(rows, vec![event("1", "2026-11-05T00:00:00Z", "1200000")]);
    assert_eq!((period.limit, period.overage), (Some(number("1000000")), number("200000")));
    assert_eq!(period.cost_minor_units, 100.into());
}

/// 16 of November's 30 days are left when the price doubles.
fn price_doubles(allowance: &str) -> Vec<Value> {
    let charge = |price: &str| json!({"meter": "calls", "included": "100", "allowance": allowance, "model": "per_unit", "price": price});
    vec![
        plan("2026-01-01T00:00:00Z", charge("0.10")),
        plan("2026-11-15T00:00:00Z", charge("0.20")),
        subscription("UTC"),
    ]
}

#[test]
fn a_whole_allowance_carries_over_a_change_of_terms() {
    let rows = [vec![meter("sum")], price_doubles("whole")].concat();
    let events = vec![
        event("1", "2026-11-14T23:59:59.999999Z", "80"),
        event("2", "2026-11-15T00:00:00Z", "50"),
        event("3", "2026-11-30T23:59:59Z", "5"),
    ];
    let period = november(rows, events);
    // 80 of 100 are used up, so of the next 55 units 35 cost 20 cents each.
    assert_eq!(cents(&period), ["0", "700"]);
    assert_eq!(period.overage, number("35"));
}

#[test]
fn a_prorated_allowance_starts_anew() {
    let rows = [vec![meter("sum")], price_doubles("prorated")].concat();
    let events = vec![event("1", "2026-11-02T00:00:00Z", "80"), event("2", "2026-11-20T00:00:00Z", "50")];
    let period = november(rows, events);
    // 14/30 and 16/30 of 100 units are free: 33.333333333 units at 10 cents, then none.
    assert_eq!(period.lines[0].included, number("46.666666667"));
    assert_eq!(period.lines[0].overage, number("33.333333333"));
    assert_eq!(cents(&period), ["333", "0"]);
    assert_eq!(period.limit, Some(number("100")));
}

#[test]
fn a_level_costs_its_share_of_the_period() {
    let rows = [vec![meter("max")], price_doubles("whole")].concat();
    let events = vec![
        event("1", "2026-11-02T00:00:00Z", "130"),
        event("2", "2026-11-03T00:00:00Z", "110"),
        event("3", "2026-11-20T00:00:00Z", "115"),
    ];
    let period = november(rows, events);
    // 30 × 0.10 × 14/30 = 1.40, then 15 × 0.20 × 16/30 = 1.60.
    assert_eq!(cents(&period), ["140", "160"]);
    assert_eq!(period.quantity, number("130"));
    assert_eq!(round(&number("1.40"), 18), period.lines[0].amount_unrounded);
}

#[test]
fn graduated_tiers_begin_above_the_allowance() {
    let tiers = json!([
        {"up_to": "10", "price": "1", "flat": "2"},
        {"up_to": "20", "price": "0.5", "flat": "3"},
        {"price": "0.1"},
    ]);
    let charge = json!({"meter": "calls", "included": "5", "model": "graduated", "tiers": tiers});
    let rows = vec![meter("sum"), plan("2026-01-01T00:00:00Z", charge), subscription("UTC")];
    for (quantity, expected) in [("5", 0), ("6", 300), ("15", 1200), ("16", 1550), ("25", 2000), ("35", 2100)] {
        let period = november(rows.clone(), vec![event("1", "2026-11-02T00:00:00Z", quantity)]);
        assert_eq!(period.cost_minor_units, expected.into(), "{quantity}");
    }
}

#[test]
fn periods_begin_at_midnight_where_the_customer_is() {
    let charge = json!({"meter": "calls", "model": "per_unit", "price": "1"});
    let rows = [meter("sum"), plan("2026-01-01T00:00:00Z", charge), subscription("Asia/Kathmandu")];
    let mut steps = vec![Step::Tables(rows.into_iter().map(TableChange::Upsert).collect())];
    for (id, timestamp) in [("1", "2026-10-31T18:14:59.999999Z"), ("2", "2026-10-31T18:15:00Z")] {
        steps.push(Step::Record(RawRecord { bytes: event(id, timestamp, "1").to_string().into(), received_at: None }));
    }
    let starts: Vec<String> = expect(&steps).periods.keys().map(|key| civil::rfc3339(key.start)).collect();
    assert_eq!(starts, ["2026-09-30T18:15:00Z", "2026-10-31T18:15:00Z"]);
}

#[test]
fn every_record_has_one_outcome() {
    let retract = json!({"id": "1", "organizationId": "acme", "retract": true});
    let records = [
        (event("1", "2026-11-02T00:00:00Z", "1"), Outcome::Accepted),
        (event("1", "2026-11-02T01:00:00+01:00", "1.0"), Outcome::Duplicate),
        (event("1", "2026-11-02T00:00:00Z", "2"), Outcome::Conflicting),
        (retract.clone(), Outcome::Accepted),
        (event("1", "2026-11-02T00:00:00Z", "1"), Outcome::Duplicate),
        (retract, Outcome::Duplicate),
        (json!({"id": "2", "organizationId": "acme", "retract": true}), Outcome::Rejected("unknown_identity")),
        (event("3", "yesterday", "1"), Outcome::Rejected("invalid_time")),
    ];
    let record = |event: &Value| Step::Record(RawRecord { bytes: event.to_string().into(), received_at: None });
    let mut steps = vec![Step::Tables(vec![TableChange::Upsert(meter("count"))])];
    steps.extend(records.iter().map(|(event, _)| record(event)));
    let expected = expect(&steps);
    let outcomes: Vec<Outcome> = expected.outcomes.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, records.map(|(_, outcome)| outcome));
    assert!(expected.usage.is_empty(), "what was retracted leaves nothing behind");
}

/// Ten, then a hundred, under each model; each amount was worked out on paper.
#[test]
fn every_model_costs_what_a_person_worked_out() {
    let tiers = json!([{"up_to": "10", "price": "1"}, {"price": "0.5", "flat": "2"}]);
    #[rustfmt::skip]
    let cases = [
        (json!({"model": "flat", "price": "49"}),                           "4900"),
        (json!({"model": "per_unit", "price": "0.1"}),                      "1100"),
        // 10 at 1, 100 at 0.5, 2 for the second tier.
        (json!({"model": "graduated", "tiers": tiers}),                     "6200"),
        (json!({"model": "volume", "tiers": tiers}),                        "5700"),
        // Four packages of 30.
        (json!({"model": "package", "price": "7", "per": "30"}),            "2800"),
        (json!({"model": "stairstep", "tiers": [{"up_to": "10", "flat": "3"}, {"flat": "4"}]}), "400"),
        (json!({"model": "percentage", "percent": "2.5"}),                  "275"),
        // 10 % of 10 and 1 % of 100.
        (json!({"model": "graduated_percentage", "tiers": [{"up_to": "10", "percent": "10"}, {"percent": "1"}]}), "200"),
        (json!({"model": "dynamic"}),                                       "11000"),
        // Two dozen are begun ten times: 110 / 12, up to 10; one is free; a tenth off, then 0.10.
        (json!({"model": "per_unit", "price": "1", "conversion": {"per": "12", "rounding": "up", "digits": 0}, "free_units": "1", "discounts": [{"percent": "10"}, {"amount": "0.1"}]}), "800"),
        (json!({"model": "per_unit", "price": "1", "minimum": "200"}),      "20000"),
        (json!({"model": "per_unit", "price": "1", "maximum": "20"}),       "2000"),
    ];
    for (mut charge, expected) in cases {
        let shown = charge.to_string();
        charge["meter"] = "calls".into();
        let rows = vec![meter("sum"), plan("2026-01-01T00:00:00Z", charge), subscription("UTC")];
        let events = vec![event("1", "2026-11-05T00:00:00Z", "10"), event("2", "2026-11-06T00:00:00Z", "100")];
        assert_eq!(cents(&november(rows, events)), [expected], "{shown}");
    }
}
