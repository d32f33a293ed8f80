//! Series as the tests have them, and the question that is asked of them.

use highwater_forecast::{Fit, Forecast, History, Question, Stretch, forecast};
use highwater_rating::number::Quantity;
use highwater_rating::time::{EventTime, Period};

pub const DAY_US: i64 = 86_400_000_000;

/// Daily totals of a series, in units of 10^-9.
#[derive(Clone)]
pub struct Daily {
    pub first_day: i64,
    pub totals: Vec<Quantity>,
}

impl Daily {
    /// The closed days before `today`, a place in the series.
    pub fn history(&self, today: usize) -> History {
        let days = (self.first_day..).zip(self.totals[..today].iter().copied());
        // One more in front, as a series that is watched from its first hour on has no partial first day.
        let before = (self.first_day - 1, Quantity::ZERO);
        History::new(std::iter::once(before).chain(days), self.first_day + today as i64)
    }

    pub fn sum(&self, from: usize, to: usize) -> i128 {
        self.totals[from..to].iter().map(|total| total.0).sum()
    }
}

/// The forecast of the period of `length` days from place `start`, made when `today` begins.
pub fn ask(series: &Daily, start: usize, today: usize, length: usize) -> Forecast {
    let at = |place: usize| EventTime((series.first_day + place as i64) * DAY_US);
    let closed: Vec<Stretch> = (start..today)
        .map(|place| Stretch { start: at(place), end: at(place + 1), quantity: series.totals[place] })
        .collect();
    let history = series.history(today);
    let fit: Fit = history.fit();
    let question = Question {
        period: Period { start: at(start), end: at(start + length) },
        today: series.first_day + today as i64,
        closed: &closed,
        today_at_least: Quantity::ZERO,
    };
    forecast(&history, &fit, &question).expect("a forecast")
}
