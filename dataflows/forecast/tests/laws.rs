//! What holds of every forecast, whatever the usage.

mod support;

use highwater_forecast::{
    Estimate, Fit, Forecast, History, HourOfWeek, Question, Stretch, day_anomalies, forecast, hour_anomalies,
};
use highwater_rating::number::Quantity;
use highwater_rating::time::{EventTime, Period};
use proptest::prelude::*;
use support::{DAY_US, Daily, ask};

fn daily(totals: Vec<Quantity>) -> Daily {
    Daily { first_day: 20_000, totals }
}

fn units(totals: &[i64]) -> Daily {
    daily(totals.iter().map(|units| Quantity::units(*units)).collect())
}

fn in_order(estimate: &Estimate) -> bool {
    estimate.low_95 <= estimate.low_80
        && estimate.low_80 <= estimate.expected
        && estimate.expected <= estimate.high_80
        && estimate.high_80 <= estimate.high_95
}

fn any_usage() -> impl Strategy<Value = Vec<Quantity>> {
    let total = prop_oneof![
        3 => Just(0i128),
        6 => 0i128..1_000_000_000_000_000,
        2 => 0i128..5,
        1 => -1_000_000_000_000i128..1_000_000_000_000,
        1 => Just(Quantity::LIMIT.0),
    ];
    prop::collection::vec(total.prop_map(Quantity), 11..120)
}

proptest! {
    #[test]
    fn intervals_hold_the_forecast_and_each_other_and_nothing_is_unsaid(totals in any_usage(), length in 11usize..60) {
        let only_grows = totals.iter().all(|total| total.0 >= 0);
        let series = daily(totals);
        let today = series.totals.len();
        let forecast = ask(&series, today - 10, today, length);
        prop_assert_eq!(forecast.path.len(), length);
        for (before, after) in forecast.path.iter().zip(&forecast.path[1..]) {
            prop_assert_eq!(before.end, after.start);
            prop_assert!(in_order(&after.used), "{:?}", after.used);
            prop_assert!(!only_grows || before.used.low_95 <= after.used.low_95);
            prop_assert!(!only_grows || before.used.expected <= after.used.expected);
        }
        let used = Quantity(series.sum(today - 10, today));
        prop_assert_eq!(forecast.path[9].used, Estimate::certain(used), "what was used is no estimate");
        prop_assert!(!only_grows || forecast.total().low_95 >= used);
    }

    #[test]
    fn more_is_reached_later_and_a_wider_interval_reaches_from_earlier_to_later(
        totals in any_usage(), low in 0i64..1_000_000, more in 0i64..1_000_000,
    ) {
        let series = daily(totals.iter().map(|total| Quantity(total.0.max(0))).collect());
        let forecast = ask(&series, series.totals.len() - 10, series.totals.len(), 30);
        let first = forecast.reaching(Quantity::units(low));
        let second = forecast.reaching(Quantity::units(low + more));
        // What is not reached comes after everything.
        let at = |instant: Option<EventTime>| instant.unwrap_or(EventTime::MAX);
        prop_assert!(at(first.expected) <= at(second.expected));
        prop_assert!(at(first.earliest_95) <= at(first.earliest_80));
        prop_assert!(at(first.earliest_80) <= at(first.expected));
        prop_assert!(at(first.expected) <= at(first.latest_80));
        prop_assert!(at(first.latest_80) <= at(first.latest_95));
        let reached = forecast.total().expected >= Quantity::units(low);
        prop_assert_eq!(first.expected.is_some(), reached);
    }

    #[test]
    fn what_an_anomaly_was_does_not_change_when_further_days_close(totals in any_usage(), cut in 15usize..110) {
        let series = daily(totals);
        let cut = cut.min(series.totals.len());
        let told = |today: usize| {
            let history = series.history(today);
            // All digits, as the digits that usage is measured in may come to be more.
            day_anomalies(&history, &history.fit()).into_iter().map(|told| (told.number, told.quantity, told.score)).collect::<Vec<_>>()
        };
        let (before, after) = (told(cut), told(series.totals.len()));
        let until = series.first_day + cut as i64;
        let of_then: Vec<_> = after.into_iter().filter(|(day, ..)| *day < until).collect();
        prop_assert_eq!(before, of_then);
    }

    #[test]
    fn no_usage_makes_it_panic(
        days in prop::collection::vec((0i64..400, any::<i128>()), 0..80), today in 0i64..400, start in 0i64..400, length in 1i64..800,
    ) {
        let mut days: Vec<_> = days.into_iter().map(|(day, total)| (day, Quantity(total))).collect();
        days.sort_by_key(|(day, _)| *day);
        days.dedup_by_key(|(day, _)| *day);
        let history = History::new(days.iter().copied(), today);
        let fit = history.fit();
        let period = Period { start: EventTime(start * DAY_US), end: EventTime((start + length) * DAY_US) };
        let question = Question { period, today, closed: &[], today_at_least: Quantity(i128::MAX) };
        let _ = forecast(&history, &fit, &question);
        let _ = day_anomalies(&history, &fit);
        let _ = hour_anomalies(&history, &fit, days.iter().copied());
        let _ = HourOfWeek::new(history.first_day(), today, history.step(), days.iter().copied());
    }
}

#[test]
fn without_a_closed_day_there_is_no_forecast_and_with_few_it_is_a_wide_one() {
    let relative_width = |days: usize| {
        let total = ask(&units(&vec![100; days]), 0, days, 30).total();
        (total.expected.0, (total.high_80.0 - total.low_80.0) as f64 / total.expected.0 as f64)
    };
    for days in [1, 5, 13] {
        let (expected, width) = relative_width(days);
        assert_eq!(expected, Quantity::units(3000).0, "{days} days");
        assert!(width > 0.1, "after {days} days it is not known within {width}");
    }
    assert!(relative_width(1).1 > relative_width(13).1);
    let history = History::new([(20_000, Quantity::ONE)], 20_000);
    let period = Period { start: EventTime(20_000 * DAY_US), end: EventTime(20_030 * DAY_US) };
    let question = Question { period, today: 20_000, closed: &[], today_at_least: Quantity::ZERO };
    assert_eq!(forecast(&history, &history.fit(), &question), None);
}

#[test]
fn usage_that_never_changes_goes_on_and_none_stays_none() {
    let total = ask(&units(&[700; 60]), 50, 60, 30).total();
    assert_eq!(total.expected, Quantity::units(21_000));
    let none = ask(&units(&[0; 60]), 50, 60, 30).total();
    assert_eq!(none, Estimate::certain(Quantity::ZERO));
}

#[test]
fn a_present_day_that_departs_lifts_what_is_expected_and_what_is_certain() {
    let series = units(&[100; 40]);
    let history = series.history(40);
    let at = |place: i64| EventTime((series.first_day + place) * DAY_US);
    let closed = [Stretch { start: at(30), end: at(40), quantity: Quantity::units(1000) }];
    let asked = |today_at_least| {
        let question = Question {
            period: Period { start: at(30), end: at(60) },
            today: series.first_day + 40,
            closed: &closed,
            today_at_least,
        };
        forecast(&history, &history.fit(), &question).expect("a forecast").total()
    };
    assert_eq!(asked(Quantity::ZERO).expected, Quantity::units(3000));
    let departed = asked(Quantity::units(900));
    assert_eq!(departed.expected, Quantity::units(3800));
    assert!(departed.low_95 >= Quantity::units(1900));
}

#[test]
fn the_limit_is_reached_where_a_straight_line_reaches_it() {
    let series = units(&[100; 40]);
    let forecast = ask(&series, 30, 40, 30);
    let at = |place: i64, hours: i64| EventTime((series.first_day + place) * DAY_US + hours * DAY_US / 24);
    for (limit, reached) in [
        (0, Some(at(30, 0))),
        (250, Some(at(32, 12))),
        (1000, Some(at(40, 0))),
        (1525, Some(at(45, 6))),
        (3000, Some(at(60, 0))),
        (3001, None),
    ] {
        assert_eq!(forecast.reaching(Quantity::units(limit)).expected, reached, "{limit}");
    }
}

#[test]
fn the_weekly_pattern_tells_the_peak_and_the_idle_hours() {
    // Monday is day 4 after a Thursday; usage on working days from 8 to 18, most of it on Tuesday at 10.
    let hours = (0..28i64 * 24).map(|hour| {
        let (day, of_day) = ((hour / 24 + 3) % 7, hour % 24);
        let used = if day < 5 && (8..18).contains(&of_day) { 10 } else { 0 };
        (hour, Quantity::units(if (day, of_day) == (1, 10) { 50 } else { used }))
    });
    let pattern = HourOfWeek::new(0, 28, Quantity::ONE.0, hours).expect("four weeks");
    assert_eq!(pattern.averages[34], Quantity::units(50));
    assert_eq!(pattern.averages[8], Quantity::units(10));
    assert_eq!((pattern.peak, pattern.idle_start, pattern.idle_hours), (34, 4 * 24 + 18, 6 + 48 + 8));
    assert_eq!(HourOfWeek::new(0, 6, Quantity::ONE.0, []), None, "no week is over");
}

#[test]
fn forecasts_are_the_same_numbers_on_every_machine() {
    let totals: Vec<i64> = (0..90)
        .map(|day| 1000 + 13 * day + [0, 90, 160, 80, -40, -400, -520][day as usize % 7] + day * 7919 % 211)
        .collect();
    let forecast: Forecast = ask(&units(&totals), 75, 90, 30);
    let fit: Fit = units(&totals).history(90).fit();
    // Bit by bit: nothing in between may depend on a library's or a processor's idea of a function.
    let bits = [fit.now().outlook.level, fit.now().outlook.trend, fit.now().week[3]].map(f64::to_bits);
    assert_eq!((forecast.total(), bits), expected_numbers());
}

fn expected_numbers() -> (Estimate, [u64; 3]) {
    let estimate = |expected, low_80, high_80, low_95, high_95| Estimate {
        expected: Quantity::units(expected),
        low_80: Quantity::units(low_80),
        high_80: Quantity::units(high_80),
        low_95: Quantity::units(low_95),
        high_95: Quantity::units(high_95),
    };
    (estimate(63_700, 60_076, 69_781, 58_157, 71_972), [0x40a0c41474970bc2, 0x4023d5e05b9a65c6, 0x3ff22b4458028cc0])
}
