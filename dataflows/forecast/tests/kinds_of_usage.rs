//! Kinds of usage that real series are mixtures of, made from seeds: what a forecast must do with each of them.

#[path = "support/evaluation.rs"]
mod evaluation;
mod support;

use evaluation::Evaluation;
use highwater_forecast::{History, day_anomalies, hour_anomalies};
use highwater_rating::number::Quantity;
use support::Daily;

const WEEK: [f64; 7] = [1.0, 1.05, 1.1, 1.05, 1.1, 0.6, 0.5];

/// Xorshift: the same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn even(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Twelve even numbers make nearly a normal one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// Twelve series of a kind, two to five months long.
fn made(mut day: impl FnMut(usize, &mut Chance) -> f64) -> Vec<Daily> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let series = |nth: usize| {
        let totals =
            (0..60 + nth % 4 * 30).map(|place| Quantity((day(place, &mut chance).max(0.0) * 1e9) as i128)).collect();
        Daily { first_day: 20_000, totals }
    };
    (0..12).map(series).collect()
}

/// At most so much of run-rate's and of seasonal-naive's error, and the 80 % interval's coverage between two bounds.
fn check(name: &str, series: &[Daily], to_run_rate: f64, to_seasonal_naive: f64, coverage: (f64, f64)) {
    println!("{}", Evaluation::HEAD);
    for elapsed in [10, 20] {
        let evaluation = Evaluation::of(series, 30, elapsed);
        println!("{}", evaluation.row(name, elapsed));
        assert!(evaluation.to_run_rate() <= to_run_rate, "{}", evaluation.row("to run-rate", elapsed));
        assert!(evaluation.to_seasonal_naive() <= to_seasonal_naive, "{}", evaluation.row("to s-naive", elapsed));
        let within = evaluation.coverage_80();
        assert!(coverage.0 <= within && within <= coverage.1, "{within} {}", evaluation.row("coverage", elapsed));
    }
}

#[test]
fn weekly_usage_is_forecast_with_less_than_six_tenths_of_run_rates_error() {
    let usage = made(|day, chance| 100.0 * WEEK[day % 7] * (1.0 + 0.1 * chance.normal()));
    check("weekly", &usage, 0.6, 0.9, (0.72, 1.0));
    let usage = made(|day, chance| if day % 7 < 5 { 100.0 * (1.0 + 0.2 * chance.normal()) } else { 0.0 });
    check("working days", &usage, 0.6, 0.9, (0.72, 1.0));
}

#[test]
fn flat_usage_is_not_given_a_pattern_that_it_does_not_have() {
    let usage = made(|_, chance| 100.0 * (1.0 + 0.2 * chance.normal()));
    check("flat", &usage, 1.0, 0.8, (0.72, 1.0));
}

#[test]
fn growth_is_followed() {
    let usage = made(|day, chance| (100.0 + 3.0 * day as f64) * WEEK[day % 7] * (1.0 + 0.1 * chance.normal()));
    check("linear", &usage, 1.0, 1.15, (0.6, 1.0));
}

#[test]
fn a_level_that_has_moved_is_found_within_a_week() {
    let level = |day| if day < 30 { 100.0 } else { 250.0 };
    let usage = made(|day, chance| level(day) * WEEK[day % 7] * (1.0 + 0.1 * chance.normal()));
    check("level shift", &usage, 1.0, 1.15, (0.6, 1.0));
}

#[test]
fn usage_now_and_then_is_forecast_by_how_much_it_comes_to() {
    let usage = made(|_, chance| if chance.even() < 0.2 { 20.0 + 80.0 * chance.even() } else { 0.0 });
    check("intermittent", &usage, 1.05, 0.95, (0.65, 1.0));
    let usage = made(|day, chance| if chance.even() < 0.4 { 0.0 } else { 100.0 * WEEK[day % 7] });
    check("zero-inflated", &usage, 1.05, 0.95, (0.65, 1.0));
}

#[test]
fn bursts_widen_the_interval_instead_of_leading_it_astray() {
    let burst = |chance: &mut Chance| if chance.even() < 0.07 { 2.0 + 3.0 * chance.even() } else { 1.0 };
    let usage = made(|day, chance| 100.0 * WEEK[day % 7] * burst(chance));
    check("bursts", &usage, 1.0, 1.0, (0.65, 0.95));
}

/// What an average day is expected to bring.
fn level(totals: &[f64]) -> f64 {
    let today = totals.len() as i64;
    let totals = totals.iter().map(|total| Quantity((total * 1e9) as i128));
    let history = History::new((0..).zip(totals), today);
    history.fit().now().outlook.level
}

#[test]
fn one_odd_day_moves_the_level_by_a_few_usual_deviations_however_odd_it_is() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let usual: Vec<f64> = (0..60).map(|day| 100.0 * WEEK[day % 7] * (1.0 + 0.05 * chance.normal())).collect();
    let with = |odd: f64| {
        let mut totals = usual.clone();
        totals[57] = odd;
        level(&totals)
    };
    let (usual, odd, odder) = (level(&usual), with(10_000.0), with(10_000_000.0));
    assert!((odd - usual).abs() < 0.35 * usual, "{usual} {odd}");
    assert!((odder - odd).abs() < 0.01 * usual, "{odd} {odder}");
}

#[test]
fn usage_that_never_varied_is_followed_when_it_does() {
    let totals: Vec<f64> = (0..60).map(|day| if day < 55 { 100.0 } else { 300.0 }).collect();
    assert!(level(&totals) > 110.0, "{}", level(&totals));
    assert!((level(&totals[..55]) - 100.0).abs() < 1e-9);
}

#[test]
fn usage_now_and_then_is_no_anomaly_unless_it_is_much_more_than_usual() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let unit = 1_000_000_000;
    // One unit in some hours of some days; much of it in one hour.
    let burst = 20_050 * 24 + 11;
    let mut hours: Vec<(i64, Quantity)> = Vec::new();
    for hour in 20_000 * 24..20_060 * 24 {
        if hour == burst {
            hours.push((hour, Quantity(20 * unit)));
        } else if chance.even() < 0.015 {
            hours.push((hour, Quantity(unit)));
        }
    }
    let mut days: Vec<(i64, Quantity)> = Vec::new();
    for (hour, total) in &hours {
        match days.last_mut() {
            Some((day, sum)) if *day == hour / 24 => sum.0 += total.0,
            _ => days.push((hour / 24, *total)),
        }
    }
    let history = History::new(days, 20_060);
    let fit = history.fit();
    let told: Vec<i64> = hour_anomalies(&history, &fit, hours).iter().map(|told| told.number).collect();
    assert_eq!(told, [burst], "of hours");
    let told: Vec<i64> = day_anomalies(&history, &fit).iter().map(|told| told.number).collect();
    assert_eq!(told, [burst / 24], "of days");
}
