//! How fast a series is refitted, beside the cheapest method that knows a week: seasonal-naive.
//!
//! A refit is everything that a closed day costs: the fit over the whole history, the path to the period's end twenty
//! days on, and both intervals. The per-second figure is by CPU time.

use highwater_forecast::{History, Question, Stretch, forecast};
use highwater_rating::number::Quantity;
use highwater_rating::time::{EventTime, Period};
use std::hint::black_box;

const DAY_US: i64 = 86_400_000_000;
const AHEAD: i64 = 20;
const ROUNDS: usize = 7;
/// So many of each, as a processor's time is told in steps of milliseconds.
const REFITS: usize = 4_000;
const NAIVE_FORECASTS: usize = 4_000_000;

fn main() {
    println!("days of history   refits per CPU second   seasonal-naive per CPU second   ratio");
    for days in [28, 56, 90, 180] {
        let series: Vec<Vec<(i64, Quantity)>> = (0..64).map(|nth| series(days, nth)).collect();
        // Taken in turns, so that a disturbance hits both.
        let mut times: [Vec<f64>; 2] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(cpu_seconds(REFITS, |nth| refit(&series[nth % series.len()], days)));
            times[1].push(cpu_seconds(NAIVE_FORECASTS, |nth| seasonal_naive(black_box(&series[nth % series.len()]))));
        }
        let [own, naive] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            1.0 / times[ROUNDS / 2]
        });
        println!("{days:15} {own:23.0} {naive:31.0} {:7.4}", own / naive);
    }
}

fn series(days: i64, seed: i64) -> Vec<(i64, Quantity)> {
    let week = [0, 90, 160, 80, -40, -400, -520];
    let total = |day: i64| 1_000 + 3 * day + week[day as usize % 7] + (day * 7_919 + seed * 104_729) % 211;
    (0..=days).map(|day| (day, Quantity::units(total(day)))).collect()
}

fn refit(series: &[(i64, Quantity)], days: i64) -> i128 {
    let today = days + 1;
    let history = History::new(series.iter().copied(), today);
    let at = |day: i64| EventTime(day * DAY_US);
    let stretch =
        |(day, quantity): &(i64, Quantity)| Stretch { start: at(*day), end: at(day + 1), quantity: *quantity };
    let closed: Vec<Stretch> = series[series.len() - 10..].iter().map(stretch).collect();
    let period = Period { start: at(today - 10), end: at(today + AHEAD) };
    let question = Question { period, today, closed: &closed, today_at_least: Quantity::ZERO };
    forecast(&history, &history.fit(), &question).map_or(0, |forecast| forecast.total().high_95.0)
}

fn seasonal_naive(series: &[(i64, Quantity)]) -> i128 {
    let week = &series[series.len() - 7..];
    (0..AHEAD as usize).map(|day| week[day % 7].1.0).sum()
}

/// For each time that the work is done.
fn cpu_seconds(times: usize, mut work: impl FnMut(usize) -> i128) -> f64 {
    let before = cpu_nanoseconds();
    for nth in 0..times {
        black_box(work(black_box(nth)));
    }
    // A clock that ticks coarsely must not make anything infinitely fast.
    (cpu_nanoseconds() - before).max(1_000) as f64 / 1e9 / times as f64
}

/// What this process has had of the processors; elapsed time where the system does not say.
fn cpu_nanoseconds() -> u64 {
    let of_process = std::fs::read_to_string("/proc/self/schedstat").ok();
    let used = of_process.and_then(|text| text.split_whitespace().next().and_then(|first| first.parse().ok()));
    used.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |passed| passed.as_nanos() as u64)
    })
}
