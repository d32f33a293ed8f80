//! What a whole organization's running period will come to: every meter, what recurs, commitments and money credits.

use crate::house::{House, event};
use highwater_dataflows::engine::Settings;
use highwater_dataflows::trends::changes::{AmountEstimate, BillAmounts};
use highwater_rating::rate::RateError;

const METERS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "f0", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "users", "feature": "f1", "aggregation": "max"}}
    {"table": "subscriptions", "row": {"id": "s1", "organizationId": "org_1", "plan": "basic", "effective_from": "2025-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC", "quantity": "2"}}
"#;

/// 0.01 a call, 1 a user, and `more`.
fn plan(more: &str) -> String {
    format!(
        r#"{{"table": "plans", "row": {{"plan": "basic", "currency": "EUR", "effective_from": "2025-01-01T00:00:00Z", {more} "charges": [{{"meter": "calls", "model": "per_unit", "price": "0.01"}}, {{"meter": "users", "model": "per_unit", "price": "1"}}]}}}}"#
    )
}

fn grant(amount: &str) -> String {
    format!(
        r#"{{"table": "grants", "row": {{"id": "g", "organizationId": "org_1", "currency": "EUR", "amount": "{amount}", "kind": "paid", "effective_from": "2026-10-01T00:00:00Z"}}}}"#
    )
}

/// 20 calls a day from 4 October on, at noon on 11 November; three users.
fn house(rows: &[String]) -> House {
    let mut house = House::new(Settings { workers: 2, ..Settings::default() });
    house.rows(METERS);
    rows.iter().for_each(|row| house.rows(row));
    let date = |day: i32| if day < 29 { format!("10-{:02}", day + 3) } else { format!("11-{:02}", day - 28) };
    let calls = (1..=38).map(|day| event(&format!("c{day}"), "f0", &format!("2026-{}T12:00:00Z", date(day)), "20"));
    house.lines(&calls.collect::<Vec<_>>());
    house.lines(&[event("u", "f1", "2026-11-02T00:00:00Z", "3")]);
    house.reach("2026-11-11T12:00:00Z");
    house
}

fn bill(house: &House) -> &BillAmounts {
    let bills: Vec<_> = house.bills.iter().map(|(key, bill)| (&*key.currency, &bill.amounts)).collect();
    let [("EUR", Ok(amounts))] = bills[..] else { panic!("one bill: {bills:?}") };
    amounts
}

fn certain(minor_units: i128) -> AmountEstimate {
    AmountEstimate::of([minor_units; 5])
}

#[test]
fn a_bill_is_the_sum_of_all_meters_and_of_what_recurs() {
    let house = house(&[plan(r#""base_price": "10","#)]);
    let bill = bill(&house);
    // 600 calls and three users, as they are known now; two seats.
    assert_eq!((bill.usage.expected, bill.recurring, bill.true_up, bill.credits), (900, 2000, certain(0), certain(0)));
    assert_eq!((bill.total.expected, bill.credits_left), (2900, None));
    let (_, forecast) = house.bills.first_key_value().unwrap();
    assert_eq!((forecast.meters_forecast, forecast.period.end.to_string()), (1, "2026-12-01T00:00:00Z".into()));
    assert!(bill.total.low_95 < bill.total.low_80 && bill.total.low_80 < 2900, "{bill:?}");
    assert!(bill.total.high_95 > bill.total.high_80 && bill.total.high_80 > 2900, "{bill:?}");
}

#[test]
fn what_usage_leaves_of_a_commitment_is_billed_so_that_the_total_is_certain() {
    let house = house(&[plan(r#""base_price": "10", "commitment": "100","#)]);
    let bill = bill(&house);
    assert_eq!((bill.usage.expected, bill.true_up.expected, bill.total), (900, 7100, certain(10000)));
    assert!(bill.true_up.low_80 < 7100 && 7100 < bill.true_up.high_80);
}

#[test]
fn money_credits_pay_what_earlier_periods_left_of_them() {
    // October's calls cost 5.60, of which nothing else was paid.
    for (amount, paid, left) in [("7.60", -200, 0), ("5.60", 0, 0), ("40", -900, 2540)] {
        let house = house(&[plan(""), grant(amount)]);
        let bill = bill(&house);
        assert_eq!((bill.credits.expected, bill.total.expected), (paid, 900 + paid), "{amount}");
        assert_eq!(bill.credits_left.map(|left| left.expected), Some(left), "{amount}");
    }
}

#[test]
fn a_level_that_changes_and_terms_that_come_move_the_bill_at_once() {
    let mut house = house(&[plan("")]);
    house.feed(&[event("more", "f1", "2026-11-11T13:00:00Z", "8")]);
    assert_eq!(bill(&house).usage.expected, 1400);
    house.rows(&plan(r#""base_price": "1","#));
    house.seal();
    assert_eq!(bill(&house).total.expected, 1600);
}

#[test]
fn a_meter_without_an_amount_leaves_the_bill_without_one() {
    let mut house = house(&[plan("")]);
    house.rows(r#"{"table": "overrides", "row": {"id": "o", "organizationId": "org_1", "meter": "users", "effective_from": "2025-01-01T00:00:00Z", "charge": {"model": "per_unit", "price": "1000000000", "per": "0.000000001"}}}"#);
    house.feed(&[event("many", "f1", "2026-11-11T13:00:00Z", "999999999999999999")]);
    let bills: Vec<_> = house.bills.iter().map(|(key, bill)| (&*key.currency, bill.amounts.clone())).collect();
    assert_eq!(bills, [("EUR", Err(RateError::AmountOverflow))]);
}
