//! The forecast of a billing period: what was used, what the rest of it will bring, and how sure that is.
//!
//! The present is a day, not an instant: what is known of it is only that it is not over. Five cumulative paths lead
//! from the period's start to its end: the expected one and the ends of an 80 % and a 95 % interval. Each of them can
//! be priced, and asked when it reaches a quantity.

use crate::fit::Fit;
use crate::history::{History, to_float, to_quantity};
use crate::level::DAMPING;
use crate::spread::Spread;
use highwater_rating::number::Quantity;
use highwater_rating::time::{EventTime, Period};
use serde::{Deserialize, Serialize};

const DAY_US: i64 = 86_400_000_000;

/// Days ahead further than this are not forecast: the longest period is a year, and a leap day.
pub const DAYS_AHEAD_MOST: usize = 366;

/// An expected quantity with the ends of its intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Estimate {
    pub expected: Quantity,
    pub low_80: Quantity,
    pub high_80: Quantity,
    pub low_95: Quantity,
    pub high_95: Quantity,
}

/// One of the paths of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Expected,
    Low80,
    High80,
    Low95,
    High95,
}

impl Estimate {
    pub fn certain(quantity: Quantity) -> Estimate {
        Estimate { expected: quantity, low_80: quantity, high_80: quantity, low_95: quantity, high_95: quantity }
    }

    pub fn of(&self, path: Path) -> Quantity {
        match path {
            Path::Expected => self.expected,
            Path::Low80 => self.low_80,
            Path::High80 => self.high_80,
            Path::Low95 => self.low_95,
            Path::High95 => self.high_95,
        }
    }
}

/// Usage of a stretch of time, a day at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub start: EventTime,
    pub end: EventTime,
    pub quantity: Quantity,
}

/// What is asked about a period.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub period: Period,
    /// The present day, which is not over.
    pub today: i64,
    /// What the period used before the present day, in order.
    pub closed: &'a [Stretch],
    /// What the present day has used already, where that says more than was expected of it; otherwise zero.
    pub today_at_least: Quantity,
}

/// What the period has used at the end of a stretch of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    pub start: EventTime,
    pub end: EventTime,
    pub used: Estimate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// From the period's start to its end, a day a step: what was used, then what is expected.
    pub path: Vec<Reached>,
    /// What an average day is expected to bring.
    pub level: Quantity,
    /// By how much more, or less, each day.
    pub trend: Quantity,
    /// Shares of an average day, by day number modulo 7 (0 is a Thursday), to three digits.
    pub week: [Quantity; 7],
    /// How many closed days the forecast was made from.
    pub history_days: u32,
}

impl Forecast {
    /// The period's total.
    pub fn total(&self) -> Estimate {
        self.path.last().map_or_else(Estimate::default, |reached| reached.used)
    }
}

/// Forecasts a period; `None` without a closed day, for a period that is over or has not begun, and where a number is
/// out of range.
pub fn forecast(history: &History, fit: &Fit, question: &Question<'_>) -> Option<Forecast> {
    let today_start = EventTime(question.today.checked_mul(DAY_US)?);
    let Question { period, closed, .. } = question;
    if fit.days() == 0 || period.end <= today_start || period.start.0 >= today_start.0.checked_add(DAY_US)? {
        return None;
    }
    let mut path = Vec::new();
    let mut used = Quantity::ZERO;
    for stretch in *closed {
        used = used.checked_add(stretch.quantity)?;
        path.push(Reached { start: stretch.start, end: stretch.end, used: Estimate::certain(used) });
    }
    let from = period.start.max(today_start);
    let end = period.end.min(EventTime(today_start.0.checked_add(DAYS_AHEAD_MOST as i64 * DAY_US)?));
    let ahead = Ahead::new(fit, usize::try_from((end.0 - today_start.0 + DAY_US - 1) / DAY_US).ok()?);
    let at_least = to_float(question.today_at_least);
    let surprise = (at_least - ahead.expected(1.0)).max(0.0);
    let step = history.step();
    let mut least = Estimate::certain(used);
    let mut day = 0;
    while today_start.0 + day * DAY_US < end.0 {
        let start = EventTime(today_start.0 + day * DAY_US).max(from);
        let stop = EventTime(today_start.0 + (day + 1) * DAY_US).min(end);
        // Days since the present one began. A period that begins inside it leaves its beginning out.
        let reached = (stop.0 - today_start.0) as f64 / DAY_US as f64;
        let before = (from.0 - today_start.0) as f64 / DAY_US as f64;
        let expected = ahead.expected(reached) - ahead.expected(before) + surprise * (1.0 - before);
        let spread = ahead.spread(reached);
        let floor = at_least * (1.0 - before);
        let with = |off: f64| {
            let more = (expected + off).max(if history.only_grows() { floor } else { f64::MIN });
            used.checked_add(to_quantity(more, step)?)
        };
        let estimate = Estimate {
            expected: with(0.0)?,
            low_80: with(-spread.band_80.below)?,
            high_80: with(spread.band_80.above)?,
            low_95: with(-spread.band_95.below)?,
            high_95: with(spread.band_95.above)?,
        };
        // A path of what only grows never goes back, however the intervals of two horizons lie.
        least = if history.only_grows() { later(least, estimate) } else { estimate };
        path.push(Reached { start, end: stop, used: least });
        day += 1;
    }
    let outlook = fit.now().outlook;
    Some(Forecast {
        path,
        level: to_quantity(outlook.level, step)?,
        trend: to_quantity(outlook.trend, 1_000_000)?,
        week: week(fit)?,
        history_days: fit.days() as u32,
    })
}

fn later(before: Estimate, now: Estimate) -> Estimate {
    Estimate {
        expected: before.expected.max(now.expected),
        low_80: before.low_80.max(now.low_80),
        high_80: before.high_80.max(now.high_80),
        low_95: before.low_95.max(now.low_95),
        high_95: before.high_95.max(now.high_95),
    }
}

fn week(fit: &Fit) -> Option<[Quantity; 7]> {
    let mut week = [Quantity::ZERO; 7];
    for (share, of_fit) in week.iter_mut().zip(fit.now().week) {
        *share = to_quantity(of_fit, 1_000_000)?;
    }
    Some(week)
}

/// Sums of the days ahead, and their spread, at any time of any of them.
struct Ahead {
    sums: Vec<f64>,
    knots: Vec<(f64, Spread)>,
}

/// Days ahead at which the spread is measured; between them it is drawn straight.
const KNOTS: [usize; 8] = [1, 3, 7, 14, 28, 92, 183, DAYS_AHEAD_MOST];

impl Ahead {
    fn new(fit: &Fit, days: usize) -> Ahead {
        let first = fit.weekday + fit.days();
        let (mut sum, mut step, mut trend) = (0.0, 1.0, 0.0);
        let mut sums = Vec::with_capacity(days + 1);
        sums.push(sum);
        for ahead in 0..days {
            step *= DAMPING;
            trend += step;
            sum += fit.now().day(first + ahead, trend);
            sums.push(sum);
        }
        let mut knots = vec![(0.0, Spread::default())];
        for days in KNOTS.into_iter().take_while(|knot| *knot < days).chain([days]) {
            knots.push((days as f64, fit.spread(days, sums[days])));
        }
        Ahead { sums, knots }
    }

    fn expected(&self, days: f64) -> f64 {
        let whole = (days as usize).min(self.sums.len() - 1);
        let next = (whole + 1).min(self.sums.len() - 1);
        self.sums[whole] + (self.sums[next] - self.sums[whole]) * (days - whole as f64)
    }

    fn spread(&self, days: f64) -> Spread {
        let after = self.knots.partition_point(|(knot, _)| *knot < days).clamp(1, self.knots.len() - 1);
        let ((from, before), (to, after)) = (&self.knots[after - 1], &self.knots[after]);
        before.towards(after, (days - from) / (to - from))
    }
}
