//! `quote prorate` is what the graph charges for the same prices, and what fractions without limits come to.

mod rows;

use highwater_rating::number::Quantity;
use highwater_rating::quote;
use highwater_rating::recurring::{PeriodCharges, Recurring, RecurringRows};
use highwater_rating::tables::{Plan, Subscription};
use highwater_rating::time::EventTime;
use oracle::exact;
use proptest::prelude::*;
use rows::{months, plan, subscription};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn january(minute: i64) -> EventTime {
    EventTime(rows::instant("2026-01-01").0 + minute * 60_000_000)
}

const MINUTES: i64 = 31 * 24 * 60;

proptest! {
    #[test]
    fn a_quoted_share_is_the_graphs_line_and_the_oracles_fraction(
        first in 0..5_000i64,
        // From which minute on, in cents.
        changes in prop::collection::btree_map(1..MINUTES, 0..3i64, 0..6),
        seats in 1..50i64,
        cancelled in prop::option::of(1..=MINUTES),
    ) {
        let changes: BTreeMap<i64, i64> = [(0, first)].into_iter().chain(changes).collect();
        let last = *changes.keys().max().unwrap();
        let to = cancelled.filter(|to| *to > last);
        let prices: Vec<Value> = changes.iter().map(|(minute, cents)| json!({
            "from": january(*minute),
            "price": Decimal::new(*cents, 2),
            "quantity": seats,
        })).collect();
        let period = json!({"start": january(0), "end": january(MINUTES)});
        let case = json!({"currency": "USD", "period": period, "prices": prices, "to": to.map(january)});
        let answer = quote::prorate(case.to_string().as_bytes()).unwrap_or_else(|refused| panic!("{case}: {refused:?}"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let lines = answer["lines"].as_array().unwrap();

        let plans = changes.iter().map(|(minute, cents)| Arc::new(Plan {
            base_price: Some(Decimal::new(*cents, 2)),
            effective_from: january(*minute),
            ..plan("pro", "2025-01-01", vec![])
        }));
        let subscribed = Subscription {
            quantity: Quantity::units(seats),
            effective_to: to.map(january),
            ..subscription("s", "pro", "2026-01-01", None, months())
        };
        let recurring = Recurring::new(RecurringRows {
            subscriptions: vec![Arc::new(subscribed)],
            plans: plans.collect(),
            ..RecurringRows::default()
        });
        let until = january(0);
        let billed = recurring.periods(EventTime::MIN, until).next().unwrap();
        let charged = recurring.lines(&billed, until, &PeriodCharges::default());
        prop_assert_eq!(lines.len(), charged.len(), "{}", answer);
        let mut total = 0;
        for (line, charged) in lines.iter().zip(&charged) {
            let amount = charged.amount.unwrap();
            let shown = json!([charged.start, charged.end, charged.charged_seconds, amount.minor_units.to_string()]);
            prop_assert_eq!(&json!([line["start"], line["end"], line["charged_seconds"], line["amount_minor_units"]]), &shown);
            let seconds = exact::integer(line["charged_seconds"].as_i64().unwrap());
            let price = exact::row_decimal(&line["price"]) * exact::row_decimal(&line["quantity"]);
            let exactly = price * seconds / exact::integer(MINUTES * 60);
            prop_assert_eq!(&line["amount_minor_units"], &exact::round(&exactly, 2).to_string());
            let unrounded = exact::decimal(line["amount_unrounded"].as_str().unwrap()).unwrap();
            prop_assert_eq!(exact::round(&unrounded, 18), exact::round(&exactly, 18));
            total += amount.minor_units;
        }
        prop_assert_eq!(&answer["total_minor_units"], &total.to_string());
    }
}

#[test]
fn what_is_out_of_order_or_outside_is_refused_by_place() {
    let period = json!({"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"});
    let priced = |from: Option<&str>| json!({"from": from.map(rows::instant), "price": 1});
    #[rustfmt::skip]
    let cases = [
        (json!({"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}), vec![priced(None)], None, "empty_validity", "/period/end"),
        (period.clone(), vec![], None, "empty_list", "/prices"),
        (period.clone(), vec![priced(Some("2025-12-31"))], None, "out_of_range", "/prices/0/from"),
        (period.clone(), vec![priced(Some("2026-02-01"))], None, "out_of_range", "/prices/0/from"),
        (period.clone(), vec![priced(None), priced(Some("2026-01-01"))], None, "out_of_range", "/prices/1/from"),
        (period.clone(), vec![priced(Some("2026-01-02")), priced(Some("2026-01-02"))], None, "out_of_range", "/prices/1/from"),
        (period.clone(), vec![priced(None), priced(None)], None, "missing_field", "/prices/1/from"),
        (period.clone(), vec![priced(Some("2026-01-02"))], Some("2026-01-02"), "out_of_range", "/to"),
        (period.clone(), vec![priced(None)], Some("2026-02-01T00:01"), "out_of_range", "/to"),
    ];
    for (period, prices, to, code, field) in cases {
        let case = json!({"id": 7.to_string(), "currency": "USD", "period": period, "prices": prices, "to": to.map(rows::instant)});
        let refused = quote::prorate(case.to_string().as_bytes()).expect_err(&case.to_string());
        assert_eq!((refused.error.code.as_str(), refused.error.field.as_str()), (code, field), "{case}");
        assert_eq!(refused.case_id.as_deref(), Some("7"));
    }
    // Far more than all money: named, not wrapped.
    let case = json!({"currency": "USD", "period": period, "prices": [{"price": 1_000_000_000, "quantity": 1_000_000_000_000_000_000i64}]});
    assert_eq!(quote::prorate(case.to_string().as_bytes()).expect_err("an overflow").error.code, "amount_overflow");
}
