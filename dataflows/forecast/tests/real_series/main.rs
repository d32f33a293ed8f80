//! The forecast on real usage, beside plain run-rate and seasonal-naive, and its anomalies beside labelled windows.
//!
//! The series lie in the folder that `HIGHWATER_SERIES` names, or in `../shared/series` beside the repository. Where
//! there are none, nothing is shown, and a line says so. `cargo test -p highwater-forecast --test real_series --
//! --nocapture` prints the tables.

#[path = "../support/evaluation.rs"]
mod evaluation;
mod files;
#[path = "../support/mod.rs"]
mod support;

use evaluation::Evaluation;
use files::{Labelled, folder, labelled};
use highwater_forecast::{Anomaly, day_anomalies, hour_anomalies};

/// Both are asked of every period of thirty days, wherever it begins.
const LENGTH: usize = 30;
const ASKED_AFTER: [usize; 2] = [10, 20];

/// Periods that begin on each day of a series share most of their days: with fewer days than this there are hardly two
/// that do not, and how often an interval holds is chance.
const DAYS_TO_JUDGE_COVERAGE: usize = 120;

fn series() -> Vec<Labelled> {
    let folder = folder();
    if !folder.is_dir() {
        println!("skipped: there are no series in {} (HIGHWATER_SERIES names another folder)", folder.display());
        return Vec::new();
    }
    labelled(&folder)
}

#[test]
fn no_real_series_is_forecast_worse_than_by_both_simple_methods_and_intervals_hold_as_often_as_they_say() {
    let series = series();
    let long: Vec<&Labelled> = series.iter().filter(|series| series.daily.totals.len() >= LENGTH).collect();
    if long.is_empty() {
        return;
    }
    println!("{}", Evaluation::HEAD);
    let (mut within, mut asked, mut shares) = ([0, 0], 0, Vec::new());
    for series in &long {
        let mut of_series = (0, 0);
        for elapsed in ASKED_AFTER {
            let evaluation = Evaluation::of(std::slice::from_ref(&series.daily), LENGTH, elapsed);
            println!("{}", evaluation.row(&series.name, elapsed));
            let worst = evaluation.run_rate.of_total().max(evaluation.seasonal_naive.of_total());
            assert!(evaluation.own.of_total() <= worst, "{} at day {elapsed}", series.name);
            within[0] += evaluation.within_80;
            within[1] += evaluation.within_95;
            asked += evaluation.own.periods;
            of_series = (of_series.0 + evaluation.within_80, of_series.1 + evaluation.own.periods);
        }
        let share = of_series.0 as f64 / of_series.1 as f64;
        shares.push(share);
        if series.daily.totals.len() >= DAYS_TO_JUDGE_COVERAGE {
            assert!((0.72..=0.88).contains(&share), "the 80 % interval of {} holds in {share:.3}", series.name);
        }
    }
    let [of_80, of_95] = within.map(|within| within as f64 / asked as f64);
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    println!(
        "all periods: {:.1} % inside the 80 % interval, {:.1} % inside the 95 % one",
        100.0 * of_80,
        100.0 * of_95
    );
    println!("mean of the series: {:.1} % inside the 80 % interval", 100.0 * mean);
    assert!((0.72..=0.88).contains(&of_80), "{of_80}");
    assert!((0.72..=0.88).contains(&mean), "{mean}");
}

#[test]
fn anomalies_lie_in_the_labelled_windows_more_often_than_chance_would_have_it() {
    println!("series               by    told  inside | windows  found | precision  recall | labelled share of time");
    let mut days = Found::default();
    for Labelled { name, daily, hours, windows } in series() {
        let history = daily.history(daily.totals.len());
        let fit = history.fit();
        let of_days = Found::of(&day_anomalies(&history, &fit), 86_400_000_000, &windows);
        let of_hours = Found::of(&hour_anomalies(&history, &fit, hours.iter().copied()), 3_600_000_000, &windows);
        let labelled = windows.iter().map(|(from, to)| to - from).sum::<i64>() as f64;
        let share = labelled / (daily.totals.len() as f64 * 86_400e6);
        println!("{}", of_days.row(&name, "day", share));
        println!("{}", of_hours.row(&name, "hour", share));
        days.add(&of_days, share);
    }
    if days.told > 0 {
        println!("{}", days.row("all", "day", days.chance / days.told as f64));
        assert!(days.inside as f64 >= 2.0 * days.chance, "{days:?}");
    }
}

/// Anomalies against labelled windows, point in window.
#[derive(Debug, Default)]
struct Found {
    told: usize,
    inside: usize,
    windows: usize,
    found: usize,
    /// How many would lie inside by chance.
    chance: f64,
}

impl Found {
    fn of(anomalies: &[Anomaly], length_us: i64, windows: &[(i64, i64)]) -> Found {
        let touches = |anomaly: &Anomaly, (from, to): &(i64, i64)| {
            let start = anomaly.number * length_us;
            start < *to && start + length_us > *from
        };
        let inside = anomalies.iter().filter(|anomaly| windows.iter().any(|window| touches(anomaly, window)));
        let found = windows.iter().filter(|window| anomalies.iter().any(|anomaly| touches(anomaly, window)));
        let (inside, found) = (inside.count(), found.count());
        Found { told: anomalies.len(), inside, windows: windows.len(), found, chance: 0.0 }
    }

    fn add(&mut self, other: &Found, share: f64) {
        self.told += other.told;
        self.inside += other.inside;
        self.windows += other.windows;
        self.found += other.found;
        self.chance += share * other.told as f64;
    }

    fn row(&self, name: &str, by: &str, share: f64) -> String {
        let part = |of: usize, all: usize| if all == 0 { 0.0 } else { of as f64 / all as f64 };
        format!(
            "{name:20} {by:4} {:5} {:7} | {:7} {:6} | {:9.2} {:7.2} | {share:.2}",
            self.told,
            self.inside,
            self.windows,
            self.found,
            part(self.inside, self.told),
            part(self.found, self.windows),
        )
    }
}
