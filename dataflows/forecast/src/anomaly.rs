//! Days and hours that were not as expected, with a score: how many usual deviations they were off.
//!
//! What is usual is learnt as time passes, from what came before, and a deviation counts as four usual ones at the
//! most, so that one burst does not make the next look normal. A score never changes when later days close.

use crate::fit::Fit;
use crate::history::{History, to_float, to_quantity};
use highwater_rating::number::Quantity;
use serde::{Deserialize, Serialize};

/// A day or an hour that was not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Anomaly {
    /// Days, or hours, since 1970-01-01 in UTC.
    pub number: i64,
    pub quantity: Quantity,
    pub expected: Quantity,
    /// Usual deviations above what was expected, or below it; to two digits.
    pub score: Quantity,
}

/// From how many usual deviations on a day is told of.
pub const DAY_SCORE_LEAST: f64 = 4.0;
/// An hour needs more: there are 24 times as many.
pub const HOUR_SCORE_LEAST: f64 = 8.0;

/// Days before which nothing is usual yet.
const DAYS_LEARNING: usize = 14;
/// How fast what is usual follows.
const DEVIATION_SPEED: f64 = 0.05;
/// A deviation counts as so many usual ones at the most.
const BOUND: f64 = 4.0;
/// Deviations that are smaller than this share of what is expected are never unusual.
const LEAST_SHARE: f64 = 0.02;
/// Where most days, or hours, have no usage, any usage is far from what is expected. There only more than so many usual
/// ones of those that have some are told of.
const RARE_LEAST: f64 = 4.0;
/// From the mean absolute deviation to the standard one, for a normal law: √(π/2).
const STANDARD: f64 = 1.253_314_137_316;

/// What deviation is usual.
#[derive(Clone, Copy, Default)]
struct Usual {
    deviation: f64,
    seen: usize,
}

impl Usual {
    /// How many usual deviations `off` is, where `expected` was expected and no deviation is less than `least`.
    fn score(&self, off: f64, expected: f64, least: f64) -> f64 {
        let scale = (self.deviation * STANDARD).max(LEAST_SHARE * expected).max(least);
        if scale > 0.0 { off / scale } else { 0.0 }
    }

    fn learn(&mut self, off: f64) {
        self.seen += 1;
        let size = off.abs();
        let bounded = if self.seen > 7 && self.deviation > 0.0 { size.min(BOUND * self.deviation) } else { size };
        self.deviation += (bounded - self.deviation) * DEVIATION_SPEED.max(1.0 / self.seen as f64);
    }
}

/// How often there is usage at all, and how much it is then.
#[derive(Clone, Copy, Default)]
struct Activity {
    seen: usize,
    active: usize,
    sum: f64,
}

impl Activity {
    /// The least deviation that counts as a usual one, so that `RARE_LEAST` usual totals have `score_least`.
    fn least_deviation(&self, score_least: f64) -> f64 {
        let rare = 2 * self.active < self.seen;
        if rare && self.active > 0 { RARE_LEAST / score_least * self.sum / self.active as f64 } else { 0.0 }
    }

    fn learn(&mut self, total: f64) {
        self.seen += 1;
        if total != 0.0 {
            self.active += 1;
            self.sum += total.abs();
        }
    }
}

/// Of the closed days, in order.
pub fn day_anomalies(history: &History, fit: &Fit) -> Vec<Anomaly> {
    let mut anomalies = Vec::new();
    let mut usual = Usual::default();
    let mut activity = Activity::default();
    fit.totals.iter().take(7).for_each(|total| activity.learn(*total));
    let step = history.step();
    // Before a week is over there is no expectation to be off from.
    for place in 7..fit.days() {
        let expected = fit.expected_of(place);
        let off = fit.totals[place] - expected;
        let score = usual.score(off, expected, activity.least_deviation(DAY_SCORE_LEAST));
        if place >= DAYS_LEARNING && score.abs() >= DAY_SCORE_LEAST {
            let number = history.first_day() + place as i64;
            anomalies.extend(anomaly(number, history.totals()[place], expected, score, step));
        }
        usual.learn(off);
        activity.learn(fit.totals[place]);
    }
    anomalies
}

fn anomaly(number: i64, quantity: Quantity, expected: f64, score: f64, step: i128) -> Option<Anomaly> {
    let (expected, score) = (to_quantity(expected, step)?, to_quantity(score, 10_000_000)?);
    Some(Anomaly { number, quantity, expected, score })
}

/// How a day's usage falls on its hours, learnt week by week for each weekday.
struct Hours {
    /// By weekday and hour, older weeks counting less.
    sums: [[f64; 24]; 7],
    pooled: [f64; 24],
    weeks: [f64; 7],
}

const WEEK_KEPT: f64 = 0.8;
const DAY_KEPT: f64 = 0.95;
/// As many weeks of a weekday are taken to be like the other days.
const POOLED_WEEKS: f64 = 2.0;

impl Hours {
    fn share(&self, weekday: usize, hour: usize) -> f64 {
        let part = |sums: &[f64; 24]| {
            let sum: f64 = sums.iter().sum();
            if sum > 0.0 { sums[hour] / sum } else { 1.0 / 24.0 }
        };
        let weeks = self.weeks[weekday];
        (weeks * part(&self.sums[weekday]) + POOLED_WEEKS * part(&self.pooled)) / (weeks + POOLED_WEEKS)
    }

    fn learn(&mut self, weekday: usize, hours: &[f64; 24]) {
        self.weeks[weekday] = self.weeks[weekday] * WEEK_KEPT + 1.0;
        for (hour, total) in hours.iter().enumerate() {
            let sum = &mut self.sums[weekday][hour];
            *sum = *sum * WEEK_KEPT + total.max(0.0);
            self.pooled[hour] = self.pooled[hour] * DAY_KEPT + total.max(0.0);
        }
    }
}

/// Of the hours of closed days. `hours` are totals by hour number, ascending; hours that are not there had none.
pub fn hour_anomalies(history: &History, fit: &Fit, hours: impl IntoIterator<Item = (i64, Quantity)>) -> Vec<Anomaly> {
    let mut anomalies = Vec::new();
    let mut pattern = Hours { sums: [[0.0; 24]; 7], pooled: [0.0; 24], weeks: [0.0; 7] };
    let mut usual = [Usual::default(); 24];
    let mut activity = Activity::default();
    let step = history.step();
    let mut hours = hours.into_iter().peekable();
    for place in 0..fit.days() {
        let day = history.first_day() + place as i64;
        let mut totals = [Quantity::ZERO; 24];
        while let Some((number, total)) = hours.next_if(|(number, _)| *number < (day + 1) * 24) {
            if let Some(of_day) = usize::try_from(number - day * 24).ok().and_then(|hour| totals.get_mut(hour)) {
                *of_day = total;
            }
        }
        let weekday = day.rem_euclid(7) as usize;
        let expected_day = fit.expected_of(place);
        let least = activity.least_deviation(HOUR_SCORE_LEAST);
        for (hour, total) in totals.iter().enumerate() {
            let expected = expected_day * pattern.share(weekday, hour);
            let off = to_float(*total) - expected;
            let score = usual[hour].score(off, expected, least);
            if place >= DAYS_LEARNING && score.abs() >= HOUR_SCORE_LEAST {
                anomalies.extend(anomaly(day * 24 + hour as i64, *total, expected, score, step));
            }
            if place >= 7 {
                usual[hour].learn(off);
            }
        }
        let totals = totals.map(to_float);
        totals.iter().for_each(|total| activity.learn(*total));
        pattern.learn(weekday, &totals);
    }
    anomalies
}
