//! What an account has used, over all dimensions, read from its windows: what trends ask for.
//!
//! A day's total is kept nowhere else. Reading the windows costs as much as there are days, once a day and account; a
//! copy would have to be kept up to date with every event, and could differ.

use super::account::AccountOf;
use super::accumulator::Accumulator;
use super::window::{SIZES, Series, Windows, length_us};
use crate::changes::WindowSize;
use crate::trends::Counted;
use crate::trends::changes::TrendKey;
use highwater_rating::number::Quantity;
use highwater_rating::tables::Aggregation;
use highwater_rating::terms::Schedule;
use highwater_rating::time::EventTime;

pub struct Totals<'a, A> {
    pub account: &'a AccountOf<A>,
    pub aggregation: Aggregation,
    pub windows: Windows,
}

/// Sums of a unit of time that windows of a size make up, ascending.
fn by_unit<'a, A: Accumulator + 'a>(
    series: impl Iterator<Item = &'a Series<A>>,
    size: WindowSize,
    unit_us: i64,
) -> Option<Vec<(i64, Quantity)>> {
    let windows_a_unit = unit_us / length_us(size);
    let mut totals = Vec::new();
    for series in series {
        for (number, total) in series.iter(size) {
            totals.push((number.div_euclid(windows_a_unit), total.quantity().ok()?));
        }
    }
    // Those of one series are in order already, which a stable sort is quick to see.
    totals.sort_by_key(|(number, _)| *number);
    let mut sums: Vec<(i64, Quantity)> = Vec::with_capacity(totals.len());
    for (number, quantity) in totals {
        match sums.last_mut() {
            Some((last, sum)) if *last == number => *sum = sum.checked_add(quantity)?,
            _ => sums.push((number, quantity)),
        }
    }
    Some(sums)
}

impl<A: Accumulator> Totals<'_, A> {
    pub fn of_day(&self, day: i64) -> Option<Quantity> {
        let start = day * length_us(WindowSize::Day);
        self.between(EventTime(start), EventTime(start + length_us(WindowSize::Day)))
    }

    fn sum(&self, size: WindowSize, numbers: std::ops::Range<i64>) -> Option<Quantity> {
        let mut sum = Quantity::ZERO;
        for series in self.account.all_series() {
            for total in series.range(size, numbers.clone()) {
                sum = sum.checked_add(total.quantity().ok()?)?;
            }
        }
        Some(sum)
    }

    /// With windows of these sizes, finest first: as long ones as fit, and shorter ones at the ends.
    fn sum_between(&self, sizes: &[WindowSize], start: i64, end: i64) -> Option<Quantity> {
        let Some((size, finer)) = sizes.split_last() else { return Some(Quantity::ZERO) };
        if start >= end {
            return Some(Quantity::ZERO);
        }
        let length = length_us(*size);
        let (first, last) = (-(-start).div_euclid(length), end.div_euclid(length));
        if finer.is_empty() {
            // Nothing shorter is kept: a window is where it begins.
            return self.sum(*size, first..-(-end).div_euclid(length));
        }
        if first >= last {
            return self.sum_between(finer, start, end);
        }
        let ends = self.sum_between(finer, start, first * length)?;
        let ends = ends.checked_add(self.sum_between(finer, last * length, end)?)?;
        ends.checked_add(self.sum(*size, first..last)?)
    }
}

impl<A: Accumulator> Counted for Totals<'_, A> {
    fn key(&self) -> TrendKey {
        TrendKey { organization: self.account.organization, meter: self.account.meter }
    }

    fn aggregation(&self) -> Aggregation {
        self.aggregation
    }

    fn schedule(&self) -> &Schedule {
        self.account.schedule()
    }

    fn spans(&self) -> Vec<(EventTime, u64, Option<Quantity>)> {
        let spans = self.account.spans().totals().filter(|(_, total)| total.events() > 0);
        spans.map(|(start, total)| (start, total.events(), total.quantity().ok())).collect()
    }

    fn days(&self) -> Option<Vec<(i64, Quantity)>> {
        let Some(size) = self.windows.coarsest() else { return Some(Vec::new()) };
        by_unit(self.account.all_series(), size, length_us(WindowSize::Day))
    }

    fn hours(&self) -> Option<Vec<(i64, Quantity)>> {
        let kept = [WindowSize::Hour, WindowSize::Minute].into_iter().find(|size| self.windows.keeps(*size));
        let Some(size) = kept else { return Some(Vec::new()) };
        by_unit(self.account.all_series(), size, length_us(WindowSize::Hour))
    }

    fn between(&self, start: EventTime, end: EventTime) -> Option<Quantity> {
        let kept: Vec<WindowSize> = SIZES.into_iter().filter(|size| self.windows.keeps(*size)).collect();
        self.sum_between(&kept, start.0, end.0)
    }
}
