//! One pass over a series: after each day, what was expected of the days that followed, knowing only what came before.
//!
//! Owns the pass. What was expected at each place is kept, as the misses of the past are what intervals and anomalies
//! are made of. Nothing in it looks ahead, so a day's expectation stays what it was when further days close.

use crate::level::{DAMPING, Levels, MEASURED_DAYS, Outlook, shares, trend_sum};
use crate::week::{Pattern, Week};

/// What was expected after some day.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    pub outlook: Outlook,
    pub week: Week,
}

impl Expectation {
    /// Of the `ahead`-th day from now, which is the day with this weekday; the first one is 1. Never below zero.
    pub fn day(&self, weekday: usize, trend: f64) -> f64 {
        (self.outlook.level + self.outlook.trend * trend).max(0.0) * self.week[weekday % 7]
    }

    /// Of the next `days` together.
    pub fn sum(&self, first_weekday: usize, days: usize, trend_sum: f64) -> f64 {
        let level = self.outlook.level + self.outlook.trend * trend_sum / days.max(1) as f64;
        level.max(0.0) * shares(&self.week, first_weekday, days)
    }
}

/// A series with what was expected of it all along.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Weekday of the first total.
    pub weekday: usize,
    pub totals: Vec<f64>,
    /// Sums of the totals before each place; one more than there are totals.
    pub sums: Vec<f64>,
    /// Before each total, and after the last one; one more than there are totals.
    pub expected: Vec<Expectation>,
}

/// Days of a week around a day: this many on either side.
const AROUND: usize = 3;

impl Fit {
    /// `weekday` is that of the first total: any number that goes round with the days.
    pub fn new(weekday: usize, totals: Vec<f64>) -> Fit {
        let mut levels = Levels::new();
        let mut pattern = Pattern::new();
        let measured_trend = trend_sum(MEASURED_DAYS);
        let mut sums = Vec::with_capacity(totals.len() + 1);
        let mut expected = Vec::with_capacity(totals.len() + 1);
        let mut snapshots = Vec::with_capacity(totals.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        expected.push(Expectation { outlook: levels.outlook(), week: *pattern.week() });
        snapshots.push(levels.snapshot());
        for (place, total) in totals.iter().copied().enumerate() {
            levels.close(total, pattern.week()[(weekday + place) % 7]);
            sum += total;
            sums.push(sum);
            if place >= 2 * AROUND {
                let mean = (sum - sums[place - 2 * AROUND]) / 7.0;
                // Of the first days the week around them is the first week.
                let first = if place == 2 * AROUND { 0 } else { place - AROUND };
                for (day, total) in totals.iter().enumerate().take(place - AROUND + 1).skip(first) {
                    pattern.learn(weekday + day, *total, mean);
                }
                pattern.settle();
            }
            if let Some(origin) = (place + 1).checked_sub(MEASURED_DAYS)
                && origin >= 7
            {
                levels.measure(sum - sums[origin], &snapshots[origin], measured_trend);
            }
            snapshots.push(levels.snapshot());
            expected.push(Expectation { outlook: levels.outlook(), week: *pattern.week() });
        }
        Fit { weekday, totals, sums, expected }
    }

    pub fn days(&self) -> usize {
        self.totals.len()
    }

    /// What is expected now.
    pub fn now(&self) -> &Expectation {
        &self.expected[self.totals.len()]
    }

    /// What was expected of the day at a place, the day before.
    pub fn expected_of(&self, place: usize) -> f64 {
        self.expected[place].day(self.weekday + place, DAMPING)
    }

    pub fn mean(&self) -> f64 {
        self.sums[self.days()] / self.days().max(1) as f64
    }
}
