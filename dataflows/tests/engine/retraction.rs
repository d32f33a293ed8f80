//! A retract takes an event out of every number that it touched, whatever the meter.

use crate::house::{House, event, retract};
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::engine::Settings;

const TERMS: &str = r#"
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "use", "included": "1", "model": "per_unit", "price": "2"}]}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}}
"#;

fn house(aggregation: &str) -> House {
    let mut house = House::new(Settings::default());
    house.rows(TERMS);
    let meter =
        format!(r#"{{"table": "meters", "row": {{"name": "use", "feature": "use", "aggregation": "{aggregation}"}}}}"#);
    house.rows(&meter);
    house
}

#[test]
fn every_aggregation_forgets_a_retracted_event() {
    // Values 5, 9, 2, 9 in this order of time; with all, without the second, without the fourth too.
    for (aggregation, quantities) in [
        ("count", ["4", "3", "2"]),
        ("sum", ["25", "16", "7"]),
        ("max", ["9", "9", "5"]),
        ("min", ["2", "2", "2"]),
        ("latest", ["9", "9", "2"]),
        ("unique", ["3", "3", "2"]),
        ("average", ["6.25", "5.333333333", "3.5"]),
    ] {
        let mut house = house(aggregation);
        let values = ["5", "9", "2", "9"];
        let events = values.iter().enumerate();
        let events: Vec<String> = events
            .map(|(number, value)| event(&number.to_string(), "use", &format!("2026-11-01T10:1{number}:00Z"), value))
            .collect();
        house.feed(&events);
        for (quantity, next) in quantities.into_iter().zip([retract("1"), retract("3"), retract("0")]) {
            let day = [format!("2026-11-01T00:00:00Z {quantity}")];
            assert_eq!(house.windows(WindowSize::Day, "use"), day, "{aggregation}");
            assert_eq!(house.windows(WindowSize::Hour, "use").len(), 1, "{aggregation}");
            let rated = house.rated("use");
            assert_eq!(rated[0].quantity.to_string(), quantity, "{aggregation}");
            house.feed(&[next]);
        }
        house.feed(&[retract("2")]);
        assert!(house.usage.is_empty() && house.periods.is_empty(), "{aggregation}: nothing is left");
        assert_eq!(house.outcomes.len(), 0, "{aggregation}");
        house.check_conservation();
    }
}

#[test]
fn a_second_retract_is_a_duplicate_and_so_is_the_event_sent_again() {
    let mut house = house("sum");
    let first = event("1", "use", "2026-11-01T10:15:00Z", "7");
    house.feed(&[first.clone(), retract("1")]);
    house.feed(&[retract("1"), first]);
    assert_eq!(house.outcomes_as_text(), ["Duplicate  1", "Duplicate  1"]);
    assert!(house.usage.is_empty() && house.periods.is_empty());
}

#[test]
fn a_retract_whose_original_is_gone_is_rejected_by_name() {
    let mut house = house("sum");
    house.feed(&[event("1", "use", "2026-11-01T10:15:00Z", "7")]);
    house.shelf.forget();
    house.feed(&[retract("1")]);
    assert_eq!(house.outcomes_as_text(), ["Rejected original_gone 1"]);
    assert_eq!(house.windows(WindowSize::Day, "use"), ["2026-11-01T00:00:00Z 7"]);
}

#[test]
fn an_amount_that_overflows_is_an_error_row_until_it_is_retracted() {
    use highwater_dataflows::changes::PeriodValue;
    use highwater_rating::rate::RateError;
    let mut house = house("sum");
    house.rows(&TERMS.replace(r#""price": "2""#, r#""price": "1000000""#));
    house.feed(&[
        event("1", "use", "2026-11-01T10:15:00Z", "11"),
        event("2", "use", "2026-11-01T10:15:00Z", "1000000000000000000"),
    ]);
    let errors: Vec<_> = house.periods.values().collect();
    assert_eq!(errors, [&PeriodValue::Error(RateError::AmountOverflow)]);
    house.feed(&[retract("2")]);
    assert_eq!(house.rated("use")[0].cost_minor_units, 1_000_000_000);
}
