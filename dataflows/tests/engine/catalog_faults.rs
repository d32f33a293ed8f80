//! The catalog changes under the events that it rates (rows G-1 and G-2 of the fault matrix).

use crate::finals::{NOVEMBER_IS_FINAL, check_sums, pending, records};
use crate::house::{House, event, rows};
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::engine::Settings;
use highwater_dataflows::feed::TableChange;
use highwater_rating::tables::{RowKey, Table};

const ROWS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "api_call", "aggregation": "sum"}}
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}]}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;

fn house(workers: usize) -> House {
    let mut house = House::new(Settings { workers, ..Settings::default() });
    house.rows(ROWS);
    house
}

/// From this instant on; of two that begin together the one with the greater id holds.
fn dearer(id: &str, from: &str, price: &str) -> String {
    format!(
        r#"{{"table": "overrides", "row": {{"id": "{id}", "organizationId": "org_1", "meter": "calls", "effective_from": "{from}", "charge": {{"model": "per_unit", "price": "{price}"}}}}}}"#
    )
}

fn removed(table: Table, key: &str) -> Vec<TableChange> {
    vec![TableChange::Remove(RowKey { table, key: key.into() })]
}

/// `span start quantity overage cost` of November's lines.
fn lines(house: &House) -> Vec<String> {
    let november = house.rated("calls")[0];
    let line = |line: &highwater_rating::rate::RatedLine| {
        format!("{} {} {} {}", line.span.start, line.quantity, line.overage, line.amount_minor_units)
    };
    november.lines.iter().map(line).collect()
}

enum Fed {
    Event(&'static str, &'static str, &'static str),
    Override(&'static str, &'static str),
}

const CHANGE: &str = "2026-11-10T00:00:00Z";
/// Around the instant at which two overrides begin.
const STORY: [Fed; 6] = [
    Fed::Event("1", "2026-11-02T00:00:00Z", "12"),
    Fed::Override("a", "1"),
    Fed::Event("2", "2026-11-09T23:59:59.999999Z", "1"),
    Fed::Event("3", CHANGE, "3"),
    Fed::Override("b", "2"),
    Fed::Event("4", "2026-11-20T00:00:00Z", "4"),
];

#[test]
fn g_1_a_price_that_changes_while_events_are_in_flight_rates_by_event_time_wherever_it_comes() {
    // 13 of which 10 are included at 0.50, then 7 at 2.00.
    let expected = ["2026-11-01T00:00:00Z 13 3 150".to_owned(), format!("{CHANGE} 7 7 1400")];
    for (workers, one_by_one) in [(1, false), (2, true)] {
        for (first, backwards) in (0..STORY.len()).flat_map(|first| [(first, false), (first, true)]) {
            let mut house = house(workers);
            let mut order: Vec<&Fed> = STORY.iter().cycle().skip(first).take(STORY.len()).collect();
            if backwards {
                order.reverse();
            }
            for fed in order {
                match fed {
                    Fed::Event(id, time, quantity) => house.lines(&[event(id, "api_call", time, quantity)]),
                    Fed::Override(id, price) => house.rows(&dearer(id, CHANGE, price)),
                }
                if one_by_one {
                    house.seal();
                }
            }
            house.seal();
            assert_eq!(lines(&house), expected, "{workers} workers, from {first}, {backwards}");
            house.check_conservation();
        }
    }
}

#[test]
fn g_1_prices_that_reach_back_into_a_final_period_balance_with_their_corrections() {
    let mut house = house(1);
    house.feed(&[event("1", "api_call", "2026-11-02T00:00:00Z", "12"), event("2", "api_call", CHANGE, "3")]);
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!(records(&house), ["2026-11 1 250: usage calls 15 250"]);
    // Two at one instant, in one epoch, with an event of that instant after them.
    house.rows(&[dearer("b", CHANGE, "2"), dearer("a", CHANGE, "1")].join("\n"));
    house.lines(&[event("3", "api_call", CHANGE, "1")]);
    house.seal();
    let first = "2026-11 > 2026-12 1 events_and_terms: reversal calls -15 -250, correction calls 12 100";
    let second = "2026-11 > 2026-12 1 events: correction calls 4 800";
    let mut told = pending(&house);
    told.sort();
    assert_eq!(told, [second, first]);
    check_sums(&house);
    // The later of the two goes: the other one holds, as if there had never been more.
    house.engine.rows(removed(Table::Overrides, "b"));
    house.seal();
    assert!(pending(&house).contains(&second.replace("800", "400")), "{:?}", pending(&house));
    check_sums(&house);
    house.engine.rows(removed(Table::Overrides, "a"));
    house.seal();
    assert_eq!(pending(&house), ["2026-11 > 2026-12 1 events: reversal calls -15 -250, correction calls 16 300"]);
    check_sums(&house);
}

#[test]
fn g_2_a_meter_that_is_removed_keeps_what_it_counted_and_counts_no_more() {
    let mut house = house(1);
    house.feed(&[event("1", "api_call", "2026-11-02T00:00:00Z", "12")]);
    let counted = house.windows(WindowSize::Hour, "calls");
    house.engine.rows(removed(Table::Meters, "calls"));
    house.feed(&[event("2", "api_call", "2026-11-02T00:00:00Z", "5")]);
    assert_eq!(house.windows(WindowSize::Hour, "calls"), counted, "no zero, and no more");
    assert_eq!(lines(&house), ["2026-11-01T00:00:00Z 12 2 100"]);
    let counts = house.counts.last().unwrap();
    assert_eq!((counts.accepted, counts.unattributed), (1, 1), "the event is kept, and said to be nobody's");
    house.reach(NOVEMBER_IS_FINAL);
    assert_eq!(records(&house), ["2026-11 1 100: usage calls 12 100"], "and it is billed");
    // Under another name it is another meter, from where it is fed.
    let meter = ROWS.lines().find(|line| line.contains("\"meters\"")).unwrap();
    house.rows(&meter.replace("\"calls\"", "\"requests\""));
    house.feed(&[event("3", "api_call", "2026-12-02T00:00:00Z", "7")]);
    assert_eq!(house.windows(WindowSize::Hour, "calls"), counted);
    assert_eq!(house.windows(WindowSize::Hour, "requests"), ["2026-12-02T00:00:00Z 7"]);
    // The same again counts on beside what it had.
    house.rows(meter);
    house.feed(&[event("4", "api_call", "2026-12-02T00:00:00Z", "2")]);
    assert_eq!(house.windows(WindowSize::Hour, "calls"), [&counted[0], "2026-12-02T00:00:00Z 2"]);
    house.check_conservation();
}

#[test]
fn g_2_another_meaning_for_a_meter_with_data_is_refused_by_field_and_changes_nothing() {
    let meter = ROWS.lines().find(|line| line.contains("\"meters\"")).unwrap();
    let more = |fields: &str| meter.replace("\"aggregation\"", &format!("{fields}, \"aggregation\""));
    let cases = [
        (meter.replace("\"sum\"", "\"max\""), "aggregation"),
        (meter.replace("api_call", "query"), "feature"),
        (more(r#""value": "cost""#), "value"),
        (more(r#""dimensions": ["region"]"#), "dimensions"),
        (more(r#""effective_from": "2026-11-02T00:00:00Z""#), "effective_from"),
    ];
    let mut house = house(1);
    house.feed(&[event("1", "api_call", "2026-11-02T00:00:00Z", "12")]);
    for (row, field) in cases {
        let refused = house.engine.rows(rows(&row));
        let reasons: Vec<String> = refused.iter().map(|refused| refused.reason.to_string()).collect();
        let reason = format!("meter `calls` is immutable: `{field}` cannot change; declare a new meter");
        assert_eq!(reasons, [reason]);
        house.seal();
        assert_eq!((house.rerated.len(), lines(&house)), (0, vec!["2026-11-01T00:00:00Z 12 2 100".to_owned()]));
    }
    house.feed(&[event("2", "api_call", "2026-11-02T00:00:00Z", "1")]);
    assert_eq!(lines(&house), ["2026-11-01T00:00:00Z 13 3 150"], "it counts as before");
    // Words for people and room for more are no other meaning.
    house.rows(&more(r#""unit": "calls", "dimension_limit": 5"#));
    house.feed(&[event("3", "api_call", "2026-11-02T00:00:00Z", "1")]);
    assert_eq!(lines(&house), ["2026-11-01T00:00:00Z 14 4 200"]);
}
