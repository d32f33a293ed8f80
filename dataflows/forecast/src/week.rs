//! The weekly pattern: how much of an average day each weekday is.
//!
//! A day is compared with the mean of the seven days around it, so that neither growth nor level bends the pattern. Of
//! each weekday the last eight such ratios are kept; their middle half is averaged, which leaves bursts and holidays
//! out. What could as well be noise is shrunk towards a flat week, after James and Stein (1961).

/// Ratios that are kept of each weekday.
const KEPT: usize = 8;
/// A prior for the spread of a ratio, so that two equal weeks are not taken for certainty: this many observations ...
const PRIOR_COUNT: f64 = 3.0;
/// ... of this variance.
const PRIOR_VARIANCE: f64 = 0.04;
/// Seven estimated means less two, as in the estimator's formula.
const SHRINKAGE_DEGREES: f64 = 5.0;

pub type Week = [f64; 7];

pub const FLAT: Week = [1.0; 7];

/// The ratios of one weekday, and what was made of them.
#[derive(Clone, Copy, Default)]
struct Weekday {
    ratios: [f64; KEPT],
    seen: usize,
    middle: f64,
    /// Squared deviations of the ratios from their middle, and their degrees of freedom.
    deviation: f64,
    degrees: f64,
}

impl Weekday {
    fn learn(&mut self, ratio: f64) {
        self.ratios[self.seen % KEPT] = ratio;
        self.seen += 1;
        let count = self.seen.min(KEPT);
        let mut sorted = self.ratios;
        let sorted = &mut sorted[..count];
        sort(sorted);
        let cut = if count == 3 { 1 } else { count / 4 };
        let middle = &sorted[cut..count - cut];
        self.middle = middle.iter().sum::<f64>() / middle.len() as f64;
        // Outer values count as the nearest inner ones, and the rest therefore more.
        let (least, most) =
            if cut > 0 && count > 3 { (middle[0], middle[middle.len() - 1]) } else { (f64::MIN, f64::MAX) };
        let weight = if cut > 0 && count > 3 { 2.0 } else { 1.0 };
        let squares = sorted.iter().map(|ratio| ratio.clamp(least, most) - self.middle).map(|off| off * off);
        self.deviation = weight * squares.sum::<f64>();
        self.degrees = count as f64 - 1.0;
    }
}

/// Short lists: insertion is the fastest, and the order of equal values does not matter.
fn sort(values: &mut [f64]) {
    for end in 1..values.len() {
        let mut position = end;
        while position > 0 && values[position - 1] > values[position] {
            values.swap(position - 1, position);
            position -= 1;
        }
    }
}

/// Learns the pattern day by day.
#[derive(Clone)]
pub struct Pattern {
    weekdays: [Weekday; 7],
    week: Week,
}

impl Pattern {
    pub fn new() -> Pattern {
        Pattern { weekdays: [Weekday::default(); 7], week: FLAT }
    }

    /// Shares of an average day, by day number modulo 7. Their mean is 1.
    pub fn week(&self) -> &Week {
        &self.week
    }

    /// `total` of a day, and the mean of a week around it. A mean that is not above zero says nothing.
    pub fn learn(&mut self, day: usize, total: f64, mean: f64) {
        if mean > 0.0 {
            self.weekdays[day % 7].learn(total / mean);
        }
    }

    /// After a day's ratios were learnt.
    pub fn settle(&mut self) {
        let (mut sum, mut seen) = (0.0, 0);
        let (mut deviation, mut degrees) = (PRIOR_COUNT * PRIOR_VARIANCE, PRIOR_COUNT);
        let mut week = FLAT;
        for (share, weekday) in week.iter_mut().zip(&self.weekdays) {
            if weekday.seen > 0 {
                *share = weekday.middle;
                deviation += weekday.deviation;
                degrees += weekday.degrees;
            }
            sum += *share;
            seen += weekday.seen.min(KEPT);
        }
        if sum <= 0.0 || seen == 0 {
            self.week = FLAT;
            return;
        }
        let mut distance = 0.0;
        for share in &mut week {
            *share *= 7.0 / sum;
            distance += (*share - 1.0) * (*share - 1.0);
        }
        let noise = deviation / degrees / (seen as f64 / 7.0);
        let kept = if distance > 0.0 { (1.0 - SHRINKAGE_DEGREES * noise / distance).max(0.0) } else { 0.0 };
        self.week = week.map(|share| 1.0 + kept * (share - 1.0));
    }
}
