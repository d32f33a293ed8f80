//! Daily totals on their way into estimates and back: exact quantities become floats here, and only rounded ones
//! return.

use crate::fit::Fit;
use highwater_rating::number::Quantity;

/// Beyond 10^37 billionths sums would leave the range of a quantity.
const NANOS_MOST: f64 = 1e37;

/// Closed days of one series, in order, one total each; days without usage are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    first_day: i64,
    totals: Vec<Quantity>,
}

impl History {
    /// `days` are totals by day number, ascending, gaps being days without usage. Days from `today` on are left out:
    /// they are not over. So is the first day where others follow: usage began somewhere inside it.
    pub fn new(days: impl IntoIterator<Item = (i64, Quantity)>, today: i64) -> History {
        let mut history = History { first_day: today, totals: Vec::new() };
        for (day, total) in days.into_iter().take_while(|(day, _)| *day < today) {
            if history.totals.is_empty() {
                history.first_day = day;
            }
            // A day that was already there, or a step back, has no place: the input is ascending.
            history.fill_to(day);
            history.totals.push(total);
        }
        history.fill_to(today);
        if history.totals.len() > 1 {
            history.totals.remove(0);
            history.first_day += 1;
        }
        history
    }

    fn fill_to(&mut self, day: i64) {
        let days = usize::try_from(day - self.first_day).unwrap_or_default();
        if !self.totals.is_empty() && days > self.totals.len() {
            self.totals.resize(days, Quantity::ZERO);
        }
    }

    pub fn first_day(&self) -> i64 {
        self.first_day
    }

    pub fn totals(&self) -> &[Quantity] {
        &self.totals
    }

    /// The finest step that usage has been measured in: 1 for calls, 0.01 for amounts in cents. In billionths.
    pub fn step(&self) -> i128 {
        let mut step = Quantity::ONE.0;
        for total in &self.totals {
            while total.0 % step != 0 {
                step /= 10;
            }
        }
        step
    }

    /// Whether usage is never taken back.
    pub fn only_grows(&self) -> bool {
        self.totals.iter().all(|total| total.0 >= 0)
    }

    pub fn fit(&self) -> Fit {
        let weekday = self.first_day.rem_euclid(7) as usize;
        Fit::new(weekday, self.totals.iter().map(|total| to_float(*total)).collect())
    }
}

pub fn to_float(quantity: Quantity) -> f64 {
    quantity.0 as f64 / 1e9
}

/// The nearest multiple of `step` billionths, half away from zero; `None` where it is out of range.
pub fn to_quantity(value: f64, step: i128) -> Option<Quantity> {
    let nanos = value * 1e9;
    if nanos.is_nan() || nanos.abs() > NANOS_MOST {
        return None;
    }
    let steps = (nanos / step as f64).round() as i128;
    steps.checked_mul(step).map(Quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(days: &[(i64, i64)], today: i64) -> Vec<i128> {
        let days = days.iter().map(|(day, units)| (*day, Quantity::units(*units)));
        History::new(days, today).totals.iter().map(|total| total.0 / Quantity::ONE.0).collect()
    }

    #[test]
    fn gaps_are_days_without_usage_and_today_is_left_out() {
        assert_eq!(history(&[], 10), [] as [i128; 0]);
        assert_eq!(history(&[(10, 5)], 10), [] as [i128; 0]);
        assert_eq!(history(&[(9, 5)], 10), [5]);
        assert_eq!(history(&[(3, 1), (4, 2), (6, 3), (10, 9)], 10), [2, 0, 3, 0, 0, 0]);
    }

    #[test]
    fn an_estimate_has_no_more_digits_than_usage_was_measured_in() {
        let step = |nanos: &[i128]| {
            let days = (0..).zip(nanos.iter().map(|nanos| Quantity(*nanos)));
            History::new(days, nanos.len() as i64).step()
        };
        assert_eq!(step(&[0, 3_000_000_000, 7_000_000_000]), 1_000_000_000);
        assert_eq!(step(&[0, 3_000_000_000, 7_250_000_000]), 10_000_000);
        assert_eq!(step(&[0, 1]), 1);
        for (value, step, nanos) in [
            (2.5, 1_000_000_000, Some(3_000_000_000)),
            (-2.5, 1_000_000_000, Some(-3_000_000_000)),
            (2.344, 10_000_000, Some(2_340_000_000)),
            (f64::NAN, 1, None),
            (1e300, 1, None),
        ] {
            assert_eq!(to_quantity(value, step).map(|quantity| quantity.0), nanos, "{value}");
        }
    }
}
