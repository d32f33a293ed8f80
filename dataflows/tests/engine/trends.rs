//! Forecasts follow the closed days' totals and the present day, whatever came when, and cost what rating says.

use crate::house::{House, event, retract};
use highwater_dataflows::engine::{Settings, Windows};
use highwater_dataflows::finals::changes::Restored;
use highwater_dataflows::trends::changes::{
    AmountEstimate, AnomalyKey, AnomalyValue, BillForecast, BillKey, Threshold, Trend, TrendKey,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const METERS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "f0", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "by_region", "feature": "f1", "aggregation": "count", "dimensions": ["region"]}}
    {"table": "meters", "row": {"name": "peak", "feature": "f0", "aggregation": "max"}}
"#;

/// `included` calls, then 0.01 each up to 200 above, then 0.02.
fn plan(included: &str, from: &str) -> String {
    format!(
        r#"{{"table": "plans", "row": {{"plan": "basic", "currency": "EUR", "effective_from": "{from}", "base_price": "7", "commitment": "50", "charges": [{{"meter": "calls", "included": "{included}", "model": "graduated", "tiers": [{{"up_to": "200", "price": "0.01"}}, {{"price": "0.02"}}]}}, {{"meter": "by_region", "model": "per_unit", "price": "1"}}, {{"meter": "peak", "model": "per_unit", "price": "1"}}]}}}}"#
    )
}

fn subscription(organization: &str, anchor: &str) -> String {
    format!(
        r#"{{"table": "subscriptions", "row": {{"id": "s_{organization}", "organizationId": "{organization}", "plan": "basic", "effective_from": "2025-01-01T00:00:00Z", "anchor": "{anchor}", "time_zone": "UTC"}}}}"#
    )
}

fn house(settings: Settings) -> House {
    let mut house = House::new(settings);
    house.rows(METERS);
    house.rows(&plan("300", "2025-01-01T00:00:00Z"));
    house.rows(&subscription("org_1", "2026-01-01T00:00:00"));
    house
}

/// The day of November 2026, or of October where it is below one; at noon.
fn noon(day: i32) -> String {
    if day >= 1 { format!("2026-11-{day:02}T12:00:00Z") } else { format!("2026-10-{:02}T12:00:00Z", 31 + day) }
}

/// `quantity(day)` calls a day.
fn calls(days: std::ops::RangeInclusive<i32>, quantity: impl Fn(i32) -> i32) -> Vec<String> {
    days.map(|day| event(&format!("c{day}"), "f0", &noon(day), &quantity(day).to_string())).collect()
}

fn trend(house: &House) -> &Trend {
    let meter = house.engine.meters().index_of("calls").unwrap();
    house.trends.iter().find(|(key, _)| key.meter == meter).map(|(_, trend)| &**trend).expect("a trend of calls")
}

fn text(instant: Option<highwater_rating::time::EventTime>) -> String {
    instant.map_or_else(|| "never".into(), |instant| instant.to_string())
}

#[test]
fn the_running_period_is_forecast_from_closed_days_with_its_bill_limit_and_next_tier() {
    let mut house = house(Settings::default());
    house.lines(&calls(-27..=10, |_| 20));
    house.seal();
    assert!(house.trends.is_empty(), "nobody has said how far time has come");
    house.reach("2026-11-11T06:00:00Z");
    let trend = trend(&house);
    assert_eq!(trend.present_day.to_string(), "2026-11-11T00:00:00Z");
    assert_eq!(trend.period.end.to_string(), "2026-12-01T00:00:00Z");
    assert_eq!((trend.used.to_string(), trend.usage.expected.to_string()), ("200".into(), "600".into()));
    assert!(trend.usage.low_95 < trend.usage.low_80 && trend.usage.low_80 < trend.usage.expected);
    assert!(trend.usage.high_95 > trend.usage.high_80 && trend.usage.high_80 > trend.usage.expected);
    // 300 are included, 200 at 0.01, 100 at 0.02.
    let bill = trend.bill.as_ref().unwrap();
    assert_eq!((&*bill.currency, bill.minor_units.expected), ("EUR", 400));
    let AmountEstimate { low_95, low_80, high_80, high_95, .. } = bill.minor_units;
    assert!(low_95 < low_80 && low_80 < 400 && 400 < high_80 && high_80 < high_95, "{bill:?}");
    let limit = trend.limit.unwrap();
    assert_eq!(
        (limit.quantity.to_string(), text(limit.reaching.expected)),
        ("300".into(), "2026-11-16T00:00:00Z".into())
    );
    let tier = trend.next_tier.unwrap();
    assert_eq!(
        (tier.quantity.to_string(), text(tier.reaching.expected)),
        ("500".into(), "2026-11-26T00:00:00Z".into())
    );
    assert_eq!(trend.pattern.as_ref().map(|pattern| pattern.peak % 24), Some(12));
}

#[test]
fn meters_that_do_not_add_up_have_no_trend() {
    let mut house = house(Settings::default());
    house.lines(&calls(-27..=10, |_| 20));
    house.reach("2026-11-11T06:00:00Z");
    let meters = house.engine.meters();
    let names: Vec<String> = house.trends.keys().map(|key| meters.meter(key.meter).name.to_string()).collect();
    assert_eq!(names, ["calls"]);
}

#[test]
fn a_day_without_windows_of_its_own_is_the_sum_of_its_hours() {
    let windows = Windows { minute: false, hour: true, day: false };
    let mut of_hours = house(Settings { windows, ..Settings::default() });
    let mut of_days = house(Settings::default());
    for house in [&mut of_hours, &mut of_days] {
        house.lines(&calls(-27..=10, |day| 20 + day % 5));
        house.reach("2026-11-11T06:00:00Z");
    }
    assert_eq!(of_hours.trends, of_days.trends);
    assert!(!of_days.trends.is_empty());
}

#[test]
fn dimensions_are_added_up_and_each_event_counts_once() {
    let mut house = house(Settings::default());
    let of_region = |day: i32, region: &str| {
        let line = event(&format!("{region}{day}"), "f1", &noon(day), "1");
        line.replace('}', &format!(r#","metadata":{{"region":"{region}"}}}}"#))
    };
    let lines: Vec<String> =
        (-27..=10).flat_map(|day| ["at", "de", "ch"].map(|region| of_region(day, region))).collect();
    house.lines(&lines);
    house.lines(&lines);
    house.reach("2026-11-11T06:00:00Z");
    let (_, trend) = house.trends.first_key_value().unwrap();
    assert_eq!((trend.used.to_string(), trend.usage.expected.to_string()), ("30".into(), "90".into()));
}

#[test]
fn a_period_that_begins_inside_a_day_has_what_was_used_since_then() {
    let mut house = House::new(Settings::default());
    house.rows(METERS);
    house.rows(&plan("300", "2025-01-01T00:00:00Z"));
    house.rows(&subscription("org_1", "2026-01-01T13:30:00"));
    let mut lines = calls(-27..=10, |_| 20);
    lines.push(event("early", "f0", "2026-11-01T13:29:59Z", "7"));
    lines.push(event("first", "f0", "2026-11-01T13:30:00Z", "5"));
    house.lines(&lines);
    house.reach("2026-11-11T00:00:00Z");
    let trend = trend(&house);
    assert_eq!(trend.period.start.to_string(), "2026-11-01T13:30:00Z");
    assert_eq!(trend.used.to_string(), "185");
}

#[test]
fn terms_ahead_price_the_days_that_they_hold_for() {
    let mut house = house(Settings::default());
    house.lines(&calls(-27..=10, |_| 20));
    house.reach("2026-11-11T06:00:00Z");
    // From the 21st on 400 are included: what is left of that is 0, as 400 were used by then.
    house.rows(&plan("400", "2026-11-21T00:00:00Z"));
    house.seal();
    let trend = trend(&house);
    // 400 at the old allowance cost 1.00; the step to 600 above 400 costs 200 at 0.01.
    assert_eq!(trend.bill.as_ref().unwrap().minor_units.expected, 300);
    assert_eq!(house.looked_at.len(), 1, "rows that change terms are taken up at once");
}

#[test]
fn unit_credits_that_earlier_periods_left_cover_what_is_ahead_and_end_on_a_day() {
    let mut house = house(Settings::default());
    house.rows(r#"{"table": "grants", "row": {"id": "g", "organizationId": "org_1", "meter": "calls", "amount": "300", "kind": "paid", "effective_from": "2026-10-01T00:00:00Z"}}"#);
    house.lines(&calls(-27..=10, |_| 20));
    house.reach("2026-11-11T06:00:00Z");
    let trend = trend(&house);
    // October's 560 calls used 260 of the units up. Of November's 300 above the allowance 40 are covered: 200 cost 0.01
    // each and 60 cost 0.02.
    assert_eq!(trend.bill.as_ref().unwrap().minor_units.expected, 320);
    let texts = |threshold: Option<Threshold>| {
        let Threshold { quantity, reaching } = threshold.unwrap();
        (quantity.to_string(), text(reaching.expected))
    };
    assert_eq!(texts(trend.limit), ("300".into(), "2026-11-16T00:00:00Z".into()));
    assert_eq!(texts(trend.credits_end), ("340".into(), "2026-11-18T00:00:00Z".into()));
    assert_eq!(texts(trend.next_tier), ("540".into(), "2026-11-28T00:00:00Z".into()));
}

#[test]
fn a_present_day_moves_the_forecast_only_when_it_is_beyond_what_was_expected() {
    let mut house = house(Settings::default());
    house.lines(&calls(-27..=10, |_| 20));
    house.reach("2026-11-11T06:00:00Z");
    let expected = trend(&house).clone();
    house.lines(&[event("usual", "f0", "2026-11-11T07:00:00Z", "20")]);
    house.reach("2026-11-11T08:00:00Z");
    assert_eq!((house.looked_at.len(), trend(&house)), (0, &expected));
    house.lines(&[event("burst", "f0", "2026-11-11T09:00:00Z", "100")]);
    house.reach("2026-11-11T10:00:00Z");
    assert!(trend(&house).departs);
    assert_eq!(trend(&house).used, expected.used, "the day is not over");
    assert!(trend(&house).usage.expected.to_string() == "700", "{:?}", trend(&house).usage);
    house.lines(&[retract("burst")]);
    house.seal();
    assert_eq!(trend(&house), &expected);
}

#[test]
fn a_late_event_moves_the_rows_of_its_own_key_and_a_retract_takes_them_back() {
    let mut house = house(Settings::default());
    house.rows(&subscription("org_2", "2026-01-01T00:00:00"));
    let lines = calls(-27..=10, |day| 20 + day.rem_euclid(3));
    let others: Vec<String> = lines.iter().map(|line| line.replace("org_1", "org_2")).collect();
    house.lines(&lines);
    house.lines(&others);
    house.reach("2026-11-11T06:00:00Z");
    assert_eq!(house.trends.len(), 2);
    let before = (house.trends.clone(), house.anomalies.clone());
    house.feed(&[event("late", "f0", "2026-11-03T12:30:00Z", "500")]);
    assert_eq!(house.looked_at.len(), 1);
    assert_eq!(trend(&house).used.to_string(), "710");
    let found: Vec<String> =
        house.anomalies.iter().map(|(key, it)| format!("{:?} {} {}", key.size, key.start, it.quantity)).collect();
    assert_eq!(found, ["Hour 2026-11-03T12:00:00Z 520", "Day 2026-11-03T00:00:00Z 520"]);
    house.feed(&[retract("late")]);
    assert_eq!((house.trends, house.anomalies), before);
}

#[test]
fn without_terms_or_usage_there_is_no_trend_any_more() {
    let mut house = House::new(Settings::default());
    house.rows(METERS);
    house.lines(&calls(5..=10, |_| 20));
    house.reach("2026-11-11T06:00:00Z");
    assert!(house.trends.is_empty(), "without a subscription there is no period");
    house.rows(&plan("300", "2025-01-01T00:00:00Z"));
    house.rows(&subscription("org_1", "2026-01-01T00:00:00"));
    house.seal();
    assert_eq!(trend(&house).used.to_string(), "120");
    house.feed(&(5..=10).map(|day| retract(&format!("c{day}"))).collect::<Vec<_>>());
    assert!(house.trends.is_empty());
}

#[test]
fn forecasts_are_there_after_a_start_before_time_goes_on() {
    let mut house = house(Settings { workers: 2, ..Settings::default() });
    house.lines(&calls(-27..=10, |_| 20));
    house.seal();
    let watermark = serde_json::from_str("\"2026-11-11T06:00:00Z\"").unwrap();
    house.engine.restore(Restored { watermark: Some(watermark), ..Restored::default() });
    house.seal();
    assert_eq!(trend(&house).usage.expected.to_string(), "600");
}

type Rows = (BTreeMap<TrendKey, Arc<Trend>>, BTreeMap<AnomalyKey, AnomalyValue>, BTreeMap<BillKey, BillForecast>);

/// One step of feeding: an event, or the watermark.
#[derive(Clone, Debug)]
enum Step {
    Event { organization: u8, feature: u8, hour: u32, quantity: u32 },
    Retract(usize),
    Reach(u32),
    Plan(u32),
}

fn hour(number: u32) -> String {
    let (month, day) = if number < 744 { (10, number / 24 + 1) } else { (11, (number - 744) / 24 + 1) };
    format!("2026-{month:02}-{day:02}T{:02}:15:00Z", number % 24)
}

/// What is shown at the end, with an epoch after each `seal_after` steps. The last day begins half way through, so that
/// what comes afterwards is late, and nobody is looked at for the day's sake.
fn run(workers: usize, seal_after: usize, steps: &[Step]) -> Rows {
    let mut house = house(Settings { workers, ..Settings::default() });
    (0..5).for_each(|number| house.rows(&subscription(&format!("org_{number}"), "2026-01-15T07:00:00")));
    for unit in [r#""currency": "EUR", "amount": "3""#, r#""meter": "calls", "amount": "50""#] {
        let id = unit.len();
        house.rows(&format!(r#"{{"table": "grants", "row": {{"id": "g{id}", "organizationId": "org_1", {unit}, "kind": "paid", "effective_from": "2026-10-20T00:00:00Z"}}}}"#));
    }
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Event { organization, feature, hour: at, quantity } => {
                let line = event(&format!("e{number}"), &format!("f{feature}"), &hour(*at), &quantity.to_string());
                house.lines(&[line.replace("org_1", &format!("org_{organization}"))]);
            }
            Step::Retract(of) => {
                if let Some(Step::Event { organization, .. }) = steps.get(*of) {
                    house.lines(&[retract(&format!("e{of}")).replace("org_1", &format!("org_{organization}"))]);
                }
            }
            Step::Reach(at) => house.engine.watermark(serde_json::from_str(&format!("\"{}\"", hour(*at))).unwrap()),
            Step::Plan(included) => house.rows(&plan(&included.to_string(), "2026-11-03T00:00:00Z")),
        }
        if number == steps.len() / 2 {
            house.reach("2026-11-18T00:00:00Z");
        }
        if number % seal_after == seal_after - 1 {
            house.seal();
        }
    }
    house.seal();
    (house.trends, house.anomalies, house.bills)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn trends_never_depend_on_workers_or_on_where_epochs_end(
        steps in prop::collection::vec(
            prop_oneof![
                20 => (0..5u8, 0..2u8, 0..1200u32, 1..400u32).prop_map(|(organization, feature, hour, quantity)| {
                    Step::Event { organization, feature, hour, quantity }
                }),
                2 => (0..150usize).prop_map(Step::Retract),
                2 => (0..1200u32).prop_map(Step::Reach),
                1 => (0..500u32).prop_map(Step::Plan),
            ],
            1..150,
        ),
        cuts in (1..60usize, 1..60usize),
    ) {
        let expected = run(1, 1000, &steps);
        for (workers, seal_after) in [(1, cuts.0), (2, cuts.1), (4, 7)] {
            prop_assert_eq!(&run(workers, seal_after, &steps), &expected, "{} workers, {}", workers, seal_after);
        }
    }
}
