//! The running period of one organization as a whole: every meter's lines, what recurs, what is missing to a commitment
//! and what money credits pay, along each path of the forecasts.
//!
//! All meters are taken to lie at the same end of their intervals together, as a busy month is busy for most of them:
//! the interval of the sum is wide rather than narrow. A meter without a forecast (a level, or one without history)
//! counts with what is known of it now.

use super::changes::{AmountEstimate, BillAmounts, BillForecast, LineEstimate, PATHS, Trend};
use crate::changes::PeriodValue;
use crate::event::MeterIndex;
use crate::schedules::OrganizationTerms;
use highwater_rating::credits::{CreditUnit, Ledger};
use highwater_rating::finals::LineKind;
use highwater_rating::number::{Currency, Quantity};
use highwater_rating::rate::RateError;
use highwater_rating::recurring::{PeriodCharges, RecurringLine};
use highwater_rating::terms::Period;
use highwater_rating::time::EventTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of one organization.
#[derive(Default)]
pub struct Organization {
    pub terms: Option<Arc<OrganizationTerms>>,
    pub trends: BTreeMap<MeterIndex, Arc<Trend>>,
    /// As rated, of all periods: earlier ones have used credits up.
    pub rated: BTreeMap<(EventTime, MeterIndex), PeriodValue>,
}

/// By currency.
pub type Bills = BTreeMap<Arc<str>, BillForecast>;

type ByPath = [i128; PATHS.len()];

impl Organization {
    /// The period that the newest forecasts are of.
    pub fn running(&self) -> Option<(Period, EventTime)> {
        let newest = self.trends.values().max_by_key(|trend| (trend.period.start, trend.present_day))?;
        Some((newest.period, newest.present_day))
    }

    /// Whether what is rated of this period changes a forecast.
    pub fn depends_on(&self, start: EventTime, meter: MeterIndex) -> bool {
        let Some((running, _)) = self.running() else { return false };
        match start < running.start {
            true => self.terms.as_ref().is_some_and(|terms| !terms.credits().0.is_empty()),
            false => start == running.start && !self.trends.contains_key(&meter),
        }
    }

    pub fn bills(&self, name: impl Fn(MeterIndex) -> Arc<str>) -> Bills {
        let Some((period, present_day)) = self.running() else { return Bills::new() };
        let (lines, error) = self.lines(period, &name);
        let recurring = (0..PATHS.len()).map(|path| self.recurring(period, &lines, path));
        let by_path: Result<Vec<Vec<RecurringLine>>, RateError> = error.map_or_else(|| recurring.collect(), Err);
        let mut currencies: BTreeSet<Arc<str>> = lines.iter().map(|line| line.estimate.currency.clone()).collect();
        currencies.extend(by_path.iter().flatten().flatten().map(|line| line.currency.clone()));
        let meters_forecast = self.trends.values().filter(|trend| trend.period == period).count() as u32;
        let bill = |code: Arc<str>| {
            let by_path = by_path.as_ref().map_err(|error| *error);
            let amounts = by_path.and_then(|by_path| self.amounts(period, &code, &lines, by_path, &name));
            (code, BillForecast { present_day, period, meters_forecast, amounts })
        };
        currencies.into_iter().map(bill).collect()
    }

    /// All lines of usage of the period, along each path, and the least error of any meter, which is one of the bill in
    /// each currency.
    fn lines(&self, period: Period, name: &impl Fn(MeterIndex) -> Arc<str>) -> (Vec<Line>, Option<RateError>) {
        let (mut lines, mut errors) = (Vec::new(), BTreeSet::new());
        let forecast = self.trends.iter().filter(|(_, trend)| trend.period == period);
        for (meter, trend) in forecast {
            match &trend.bill {
                Ok(bill) => lines.extend(bill.lines.iter().map(|it| Line::new(name(*meter), it.clone()))),
                Err(error) => _ = errors.insert(*error),
            }
        }
        for ((_, meter), value) in
            self.rated.range((period.start, MeterIndex(0))..=(period.start, MeterIndex(u16::MAX)))
        {
            if self.has_forecast(*meter, period) {
                continue;
            }
            match value {
                PeriodValue::Rated(rated) => lines.extend(rated.lines.iter().map(|line| {
                    let by_path = [line.amount_minor_units; PATHS.len()];
                    let currency = line.span.terms.currency.clone();
                    Line::new(name(*meter), LineEstimate { span_start: line.span.start, currency, by_path })
                })),
                PeriodValue::Error(error) => _ = errors.insert(*error),
            }
        }
        (lines, errors.into_iter().next())
    }

    fn has_forecast(&self, meter: MeterIndex, period: Period) -> bool {
        self.trends.get(&meter).is_some_and(|trend| trend.period == period)
    }

    /// What recurs in the period when it has ended, with the usage of one path.
    fn recurring(&self, period: Period, lines: &[Line], path: usize) -> Result<Vec<RecurringLine>, RateError> {
        let Some(terms) = &self.terms else { return Ok(Vec::new()) };
        let recurring = terms.recurring();
        let billed = recurring.periods(period.start, period.start).find(|billed| billed.period == period);
        let Some(billed) = billed else { return Ok(Vec::new()) };
        let mut charges = PeriodCharges::default();
        for line in lines {
            let sum = charges.by_currency.entry(line.estimate.currency.clone()).or_default();
            *sum = add(*sum, line.estimate.by_path[path])?;
        }
        Ok(recurring.lines(&billed, period.end, &charges))
    }

    fn amounts(
        &self,
        period: Period,
        code: &Arc<str>,
        lines: &[Line],
        by_path: &[Vec<RecurringLine>],
        name: &impl Fn(MeterIndex) -> Arc<str>,
    ) -> Result<BillAmounts, RateError> {
        let mut parts: [ByPath; 5] = Default::default();
        let [usage, recurring, true_up, credits, total] = &mut parts;
        let mut left = ByPath::default();
        let mut has_credits = false;
        for path in 0..PATHS.len() {
            for line in lines.iter().filter(|line| line.estimate.currency == *code) {
                usage[path] = add(usage[path], line.estimate.by_path[path])?;
            }
            for line in by_path[path].iter().filter(|line| line.currency == *code) {
                let part = if line.kind == LineKind::TrueUp { &mut true_up[path] } else { &mut recurring[path] };
                *part = add(*part, line.amount?.minor_units)?;
            }
            if let Some((paid, balance)) = self.paid(period, code, lines, path, name)? {
                (credits[path], left[path], has_credits) = (-paid, balance, true);
            }
            let sum = [usage[path], recurring[path], true_up[path], credits[path]];
            total[path] = sum.into_iter().try_fold(0, add)?;
        }
        Ok(BillAmounts {
            usage: AmountEstimate::of(*usage),
            recurring: recurring[0],
            true_up: AmountEstimate::of(*true_up),
            credits: AmountEstimate::of(*credits),
            total: AmountEstimate::of(*total),
            credits_left: has_credits.then(|| AmountEstimate::of(left)),
        })
    }

    /// What money credits pay of the period's lines on one path, and what is left of them just before it ends; `None`
    /// without a grant.
    fn paid(
        &self,
        period: Period,
        code: &Arc<str>,
        lines: &[Line],
        path: usize,
        name: &impl Fn(MeterIndex) -> Arc<str>,
    ) -> Result<Option<(i128, i128)>, RateError> {
        let Some(terms) = &self.terms else { return Ok(None) };
        let (grants, policies) = terms.credits();
        let unit = CreditUnit::Currency(code.clone());
        let grants = || grants.iter().map(|row| &**row).filter(|row| CreditUnit::of_grant(row).as_ref() == Some(&unit));
        if grants().next().is_none() {
            return Ok(None);
        }
        let currency = Currency::from_code(code).map_err(|_| RateError::UnknownCurrency)?;
        let mut needs: Vec<(EventTime, Arc<str>, i128)> = Vec::new();
        for ((_, meter), value) in self.rated.range(..(period.start, MeterIndex(0))) {
            let PeriodValue::Rated(rated) = value else { continue };
            let due = rated.lines.iter().filter(|line| line.span.terms.currency == *code);
            needs.extend(due.map(|line| (line.span.start, name(*meter), line.amount_minor_units)));
        }
        let running = lines.iter().filter(|line| line.estimate.currency == *code);
        needs.extend(running.map(|line| (line.estimate.span_start, line.meter.clone(), line.estimate.by_path[path])));
        needs.retain(|(_, _, minor_units)| *minor_units > 0);
        needs.sort();
        let policies =
            policies.iter().map(|row| &**row).filter(|row| CreditUnit::of_policy(row).as_ref() == Some(&unit));
        let end = EventTime(period.end.0.saturating_sub(1));
        let mut ledger = Ledger::new(grants(), policies, unit.grain(), end);
        let minor_unit = currency.minor_unit().0;
        let mut paid = 0;
        for (at, _, minor_units) in needs {
            let covers = ledger.burn(at, Quantity(minor_units.saturating_mul(minor_unit)))?;
            if at >= period.start {
                let covered = covers.iter().map(|cover| cover.quantity.0 / minor_unit);
                paid = covered.into_iter().try_fold(paid, add)?;
            }
        }
        ledger.burn(end, Quantity::ZERO)?;
        Ok(Some((paid, ledger.balance()?.0 / minor_unit)))
    }
}

/// A line of usage of the running period.
struct Line {
    meter: Arc<str>,
    estimate: LineEstimate,
}

impl Line {
    fn new(meter: Arc<str>, estimate: LineEstimate) -> Line {
        Line { meter, estimate }
    }
}

fn add(sum: i128, amount: i128) -> Result<i128, RateError> {
    sum.checked_add(amount).ok_or(RateError::AmountOverflow)
}
