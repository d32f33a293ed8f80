//! Forecasts beside the two simple methods, period by period: what the evaluations share.

use super::support::{Daily, ask};

/// What a method missed, over many periods.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    /// Absolute misses of the period's total, in parts of it, summed.
    relative: f64,
    missed: f64,
    remaining: f64,
    pub periods: usize,
}

impl Errors {
    fn add(&mut self, forecast: i128, actual: i128, total: i128) {
        let missed = (forecast - actual).abs() as f64;
        self.relative += if total > 0 { missed / total as f64 } else { 0.0 };
        self.missed += missed;
        self.remaining += actual as f64;
        self.periods += 1;
    }

    /// Mean absolute error in percent of the period's total.
    pub fn of_total(&self) -> f64 {
        100.0 * self.relative / self.periods as f64
    }

    /// Summed absolute error in percent of what remained.
    pub fn of_remaining(&self) -> f64 {
        100.0 * self.missed / self.remaining
    }
}

#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub own: Errors,
    pub run_rate: Errors,
    pub seasonal_naive: Errors,
    pub within_80: usize,
    pub within_95: usize,
}

impl Evaluation {
    /// Periods of `length` days that begin on every day of the series, asked after `elapsed` of them.
    pub fn of(series: &[Daily], length: usize, elapsed: usize) -> Evaluation {
        let mut evaluation = Evaluation::default();
        for series in series {
            for start in 0..(series.totals.len() + 1).saturating_sub(length) {
                evaluation.add(series, start, length, elapsed);
            }
        }
        evaluation
    }

    fn add(&mut self, series: &Daily, start: usize, length: usize, elapsed: usize) {
        let (today, end) = (start + elapsed, start + length);
        let (used, actual) = (series.sum(start, today), series.sum(today, end));
        let total = ask(series, start, today, length).total();
        let whole = used + actual;
        self.own.add(total.expected.0 - used, actual, whole);
        self.run_rate.add(used * (length - elapsed) as i128 / elapsed as i128, actual, whole);
        let week_before = |place: usize| series.totals[today - 7 + (place - today) % 7].0;
        self.seasonal_naive.add((today..end).map(week_before).sum(), actual, whole);
        self.within_80 += usize::from(total.low_80.0 <= whole && whole <= total.high_80.0);
        self.within_95 += usize::from(total.low_95.0 <= whole && whole <= total.high_95.0);
    }

    pub fn coverage_80(&self) -> f64 {
        self.within_80 as f64 / self.own.periods as f64
    }

    pub fn coverage_95(&self) -> f64 {
        self.within_95 as f64 / self.own.periods as f64
    }

    pub fn to_run_rate(&self) -> f64 {
        self.own.of_total() / self.run_rate.of_total()
    }

    pub fn to_seasonal_naive(&self) -> f64 {
        self.own.of_total() / self.seasonal_naive.of_total()
    }

    pub const HEAD: &str = "series               at  periods | of the total, %: own  run-rate  s-naive | of the rest, %: own  run-rate  s-naive | to run-rate  to s-naive | in 80 %  in 95 %";

    pub fn row(&self, name: &str, elapsed: usize) -> String {
        let Evaluation { own, run_rate, seasonal_naive, .. } = self;
        format!(
            "{name:20} {elapsed:2}  {:7} | {:20.2} {:9.2} {:8.2} | {:19.2} {:9.2} {:8.2} | {:11.2} {:11.2} | {:6.1} {:8.1}",
            own.periods,
            own.of_total(),
            run_rate.of_total(),
            seasonal_naive.of_total(),
            own.of_remaining(),
            run_rate.of_remaining(),
            seasonal_naive.of_remaining(),
            self.to_run_rate(),
            self.to_seasonal_naive(),
            100.0 * self.coverage_80(),
            100.0 * self.coverage_95(),
        )
    }
}
