//! One (organization, meter) looked at on a day: a function of its totals, its schedule and the day.

use super::bill::{Limits, bill, limits, period_on, spans};
use super::changes::{AnomalyKey, AnomalyValue, Trend, TrendKey};
use super::units::before_period;
use crate::changes::WindowSize;
use highwater_forecast::{
    Anomaly, Fit, Forecast, History, HourOfWeek, Path, Question, Stretch, day_anomalies, forecast, hour_anomalies,
};
use highwater_rating::number::Quantity;
use highwater_rating::tables::Aggregation;
use highwater_rating::terms::{Period, Schedule};
use highwater_rating::time::EventTime;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 86_400_000_000;

/// What is asked of an additive meter's account. Totals are over all dimensions; `None` where one is out of range.
pub trait Counted {
    fn key(&self) -> TrendKey;
    fn aggregation(&self) -> Aggregation;
    fn schedule(&self) -> &Schedule;
    /// Spans with usage by their start, ascending: events and quantity.
    fn spans(&self) -> Vec<(EventTime, u64, Option<Quantity>)>;
    /// By day number, ascending.
    fn days(&self) -> Option<Vec<(i64, Quantity)>>;
    /// By hour number, ascending; none where no windows are kept that are short enough.
    fn hours(&self) -> Option<Vec<(i64, Quantity)>>;
    /// Exact where the ends are those of windows that are kept.
    fn between(&self, start: EventTime, end: EventTime) -> Option<Quantity>;
}

#[derive(Default)]
pub struct Looked {
    pub trend: Option<Trend>,
    pub anomalies: Vec<(AnomalyKey, AnomalyValue)>,
    /// From more than this on the present day departs from what is expected of it.
    pub departs_above: Option<Quantity>,
}

pub fn look(counted: &dyn Counted, today: i64) -> Looked {
    let Some(days) = counted.days() else { return Looked::default() };
    if days.first().is_none_or(|(first, _)| *first >= today) {
        // Without a closed day nothing can be said.
        return Looked::default();
    }
    let Some(hours) = counted.hours() else { return Looked::default() };
    let history = History::new(days.iter().copied(), today);
    let fit = history.fit();
    let anomalies = anomalies(counted.key(), &history, &fit, &hours);
    let (trend, departs_above) = match Asked::of(counted, today, &days) {
        Some(asked) => asked.answer(counted, &history, &fit, &hours),
        None => (None, None),
    };
    Looked { trend, anomalies, departs_above }
}

fn anomalies(
    key: TrendKey,
    history: &History,
    fit: &Fit,
    hours: &[(i64, Quantity)],
) -> Vec<(AnomalyKey, AnomalyValue)> {
    let TrendKey { organization, meter } = key;
    let row = |size: WindowSize, length_us: i64| {
        move |Anomaly { number, quantity, expected, score }: Anomaly| {
            let start = EventTime(number * length_us);
            (AnomalyKey { organization, meter, size, start }, AnomalyValue { quantity, expected, score })
        }
    };
    let of_days = day_anomalies(history, fit).into_iter().map(row(WindowSize::Day, DAY_US));
    let of_hours = match hours.is_empty() {
        true => Vec::new(),
        false => hour_anomalies(history, fit, hours.iter().copied()),
    };
    of_days.chain(of_hours.into_iter().map(row(WindowSize::Hour, HOUR_US))).collect()
}

/// The running period, with what it used on each closed day.
struct Asked {
    period: Period,
    today: i64,
    present: EventTime,
    closed: Vec<Stretch>,
    of_today: Quantity,
}

impl Asked {
    fn of(counted: &dyn Counted, today: i64, days: &[(i64, Quantity)]) -> Option<Asked> {
        let present = EventTime(today.checked_mul(DAY_US)?);
        let end = EventTime(present.0.checked_add(DAY_US)?);
        let period = period_on(counted.schedule(), present, end)?;
        let of_day = |number: i64| {
            let place = days.binary_search_by_key(&number, |(day, _)| *day);
            place.map_or(Quantity::ZERO, |place| days[place].1)
        };
        let mut closed = Vec::new();
        // Nothing was used before the first day that has anything.
        let first = days.first().map_or(present.0, |(day, _)| day * DAY_US);
        let mut start = EventTime(period.start.0.max(first.min(present.0)));
        if start > period.start {
            closed.push(Stretch { start: period.start, end: start, quantity: Quantity::ZERO });
        }
        while start < present {
            let end = EventTime((start.day_number() + 1) * DAY_US);
            let whole = start == start.floor_day();
            let quantity = if whole { of_day(start.day_number()) } else { counted.between(start, end)? };
            closed.push(Stretch { start, end, quantity });
            start = end;
        }
        Some(Asked { period, today, present, closed, of_today: of_day(today) })
    }

    fn answer(
        &self,
        counted: &dyn Counted,
        history: &History,
        fit: &Fit,
        hours: &[(i64, Quantity)],
    ) -> (Option<Trend>, Option<Quantity>) {
        let ask = |today_at_least: Quantity| {
            let Asked { period, today, closed, .. } = self;
            forecast(history, fit, &Question { period: *period, today: *today, closed, today_at_least })
        };
        let Some(expected) = ask(Quantity::ZERO) else { return (None, None) };
        let departs_above = self.most_of_today(&expected);
        let departs = departs_above.is_some_and(|most| self.of_today > most);
        let forecast = if departs { ask(self.of_today) } else { Some(expected) };
        (forecast.and_then(|it| self.trend(counted, history, hours, &it, departs)), departs_above)
    }

    /// The upper end of what was expected of the present day, if all of it is the period's.
    fn most_of_today(&self, forecast: &Forecast) -> Option<Quantity> {
        let end = EventTime(self.present.0 + DAY_US);
        let whole = self.period.start <= self.present && end <= self.period.end;
        whole.then(|| forecast.used_by(end, Path::High95).checked_sub(self.used()?))?
    }

    fn used(&self) -> Option<Quantity> {
        self.closed.iter().try_fold(Quantity::ZERO, |sum, stretch| sum.checked_add(stretch.quantity))
    }

    fn trend(
        &self,
        counted: &dyn Counted,
        history: &History,
        hours: &[(i64, Quantity)],
        forecast: &Forecast,
        departs: bool,
    ) -> Option<Trend> {
        let spans = spans(counted, self.period, self.present)?;
        let credits = before_period(counted, self.period);
        let limits = limits(counted, credits.as_ref(), &spans, self.present, forecast);
        let Limits { limit, credits_end, next_tier } = limits.unwrap_or_default();
        let mut week = forecast.week;
        // Day 0 was a Thursday.
        week.rotate_left(4);
        let pattern = match hours.is_empty() {
            true => None,
            false => HourOfWeek::new(history.first_day(), self.today, history.step(), hours.iter().copied()),
        };
        Some(Trend {
            present_day: self.present,
            period: self.period,
            used: self.used()?,
            usage: forecast.total(),
            departs,
            bill: bill(counted, credits.as_ref(), &spans, self.present, forecast),
            limit,
            credits_end,
            next_tier,
            level: forecast.level,
            trend: forecast.trend,
            week,
            history_days: forecast.history_days,
            pattern,
        })
    }
}
