//! How wide a forecast is: what forecasts of the same series have missed over as many days, earlier on.
//!
//! Misses are taken relative to what was forecast, so that a series that has grown is not judged by what it was. With
//! little history they are few, and overlap: quantiles of them are then widened, and mixed with a normal law whose
//! spread is a prior that gives way to what is seen.

use crate::fit::Fit;
use crate::level::trend_sum;

/// How far the sum of some days may lie from its forecast, below and above.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    pub below: f64,
    pub above: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    pub band_80: Band,
    pub band_95: Band,
}

/// Of the days that a series has, misses are measured over half at the most, so that there are several of them.
const MEASURED_SHARE: usize = 2;
/// Forecasts of the first third are left out: they knew too little to be like today's.
const LEARNING_SHARE: usize = 3;
/// By how much quantiles are widened when a single stretch of days is all there is; with more of them by less.
const WIDENING: f64 = 0.6;
/// Below so many misses their quantiles mean nothing.
const MISSES_LEAST: usize = 5;
/// What one day is taken to miss, relative to the level, before anything was seen ...
const PRIOR_MISS: f64 = 0.25;
/// ... and how many stretches of days outweigh that.
const PRIOR_WEIGHT: f64 = 2.0;
/// How many stretches of days make the quantiles that were seen weigh as much as the normal law's.
const NORMAL_WEIGHT: f64 = 4.0;
/// Relative misses are taken of this share of the usual usage at least, so that nothing is divided by almost nothing.
const LEAST_SHARE: f64 = 0.1;

/// Normal quantiles over the mean absolute deviation, √(2/π).
const NORMAL_80: f64 = 1.281_551_565_545 / 0.797_884_560_803;
const NORMAL_95: f64 = 1.959_963_984_540 / 0.797_884_560_803;

impl Spread {
    /// A share of the way to another one.
    pub fn towards(&self, other: &Spread, share: f64) -> Spread {
        let band = |from: Band, to: Band| Band {
            below: from.below + (to.below - from.below) * share,
            above: from.above + (to.above - from.above) * share,
        };
        Spread { band_80: band(self.band_80, other.band_80), band_95: band(self.band_95, other.band_95) }
    }
}

impl Fit {
    /// The spread of the sum of the next `days` around its forecast.
    pub fn spread(&self, days: usize, forecast: f64) -> Spread {
        let count = self.days();
        let days = days.max(1);
        let measured = (count.saturating_sub(7) / MEASURED_SHARE).clamp(1, days);
        let trend = trend_sum(measured);
        let least = LEAST_SHARE * measured as f64 * self.mean();
        let from = (count / LEARNING_SHARE).max(7);
        let mut misses: Vec<f64> = (from..(count + 1).saturating_sub(measured))
            .filter_map(|origin| {
                let forecast = self.expected[origin].sum(self.weekday + origin, measured, trend);
                let base = forecast.max(least);
                (base > 0.0).then(|| (self.sums[origin + measured] - self.sums[origin] - forecast) / base)
            })
            .collect();
        misses.sort_unstable_by(f64::total_cmp);
        let seen = misses.len() as f64;
        let independent = (seen / measured as f64).max(0.5);
        let usual = misses.iter().map(|miss| miss.abs()).sum::<f64>();
        // Of a sum of n days the relative miss shrinks with n^(1/4): more slowly than by chance alone, as levels move.
        let shrinking = |days: usize| 1.0 / (days as f64).sqrt().sqrt();
        let weight = PRIOR_WEIGHT * measured as f64;
        let usual = (usual + PRIOR_MISS * shrinking(measured) * weight) / (seen + weight);
        let trust = if misses.len() < MISSES_LEAST { 0.0 } else { seen / (seen + NORMAL_WEIGHT * measured as f64) };
        let widened = (1.0 + WIDENING / independent) * shrinking(days) / shrinking(measured);
        let base = forecast.max(LEAST_SHARE * days as f64 * self.mean());
        let band = |share: f64, normal: f64| {
            let (low, high) = match trust > 0.0 {
                true => (quantile(&misses, (1.0 - share) / 2.0), quantile(&misses, (1.0 + share) / 2.0)),
                false => (0.0, 0.0),
            };
            let off = |seen: f64| base * widened * (trust * seen.max(0.0) + (1.0 - trust) * normal * usual);
            Band { below: off(-low), above: off(high) }
        };
        Spread { band_80: band(0.8, NORMAL_80), band_95: band(0.95, NORMAL_95) }
    }
}

/// Between the two nearest of the sorted values, of which there are some.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() + 1) as f64 - 1.0;
    let last = sorted.len() - 1;
    if place <= 0.0 {
        return sorted[0];
    }
    if place >= last as f64 {
        return sorted[last];
    }
    let below = place as usize;
    sorted[below] + (place - below as f64) * (sorted[below + 1] - sorted[below])
}
