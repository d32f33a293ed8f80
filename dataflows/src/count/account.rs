//! One (organization, meter): its windows by dimensions, and its spans.
//!
//! Owns what an event changes once it is accepted. Does not own whether it is (`mod`), or how windows and spans work.

use super::accumulator::{self, Accumulator, Reading};
use super::span::Spans;
use super::usage::{Amount, SpanFigure};
use super::window::{SIZES, Series, Shown, Windows, length_us, number_of, start_of};
use crate::changes::WindowSize;
use crate::event::{DimensionsKey, MeterIndex, OrganizationKey};
use crate::snapshot::{Malformed, Reader};
use hashbrown::HashMap;
use highwater_rating::tables::Aggregation;
use highwater_rating::terms::Schedule;
use smallvec::SmallVec;

/// More series than this are found through a map.
const LISTED_SERIES: usize = 8;

/// What an event touches stands first, in three cache lines.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct AccountOf<A> {
    /// Whether the epoch's list of changed accounts has it.
    listed: bool,
    pub meter: MeterIndex,
    series: SmallVec<[Series<A>; 1]>,
    spans: Spans<A>,
    pub organization: OrganizationKey,
    schedule: Schedule,
    /// The schedule that differential holds; none while there was nothing to rate.
    entered_schedule: Option<Schedule>,
    positions: Option<Box<HashMap<DimensionsKey, u32, foldhash::fast::FixedState>>>,
}

/// A window that changed, to be shown when the epoch ends.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    pub account: u32,
    pub series: u32,
    pub size: WindowSize,
    pub number: i64,
}

/// What an account enters into differential.
pub enum Entry {
    Usage(SpanFigure, Amount),
    Schedule(Schedule, Amount),
}

impl<A: Accumulator> AccountOf<A> {
    pub fn new(organization: OrganizationKey, meter: MeterIndex, schedule: Schedule) -> AccountOf<A> {
        AccountOf {
            organization,
            meter,
            listed: false,
            schedule,
            entered_schedule: None,
            spans: Spans::default(),
            series: SmallVec::new(),
            positions: None,
        }
    }

    /// Whether it is to be put on the epoch's list of changed accounts: once an epoch.
    #[inline]
    pub fn list(&mut self) -> bool {
        !std::mem::replace(&mut self.listed, true)
    }

    #[inline]
    pub fn find_series(&self, dimensions: DimensionsKey) -> Option<u32> {
        match &self.positions {
            Some(positions) => positions.get(&dimensions).copied(),
            None => self.series.iter().position(|series| series.dimensions == dimensions).map(|found| found as u32),
        }
    }

    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    pub fn begin_series(&mut self, dimensions: DimensionsKey) -> u32 {
        let position = self.series.len() as u32;
        self.series.push(Series::new(dimensions));
        if let Some(positions) = &mut self.positions {
            positions.insert(dimensions, position);
        } else if self.series.len() > LISTED_SERIES {
            let positions = self.series.iter().zip(0..).map(|(series, position)| (series.dimensions, position));
            self.positions = Some(Box::new(positions.collect()));
        }
        position
    }

    /// Undoes the last `begin_series`.
    #[cold]
    pub fn forget_last_series(&mut self) {
        if let (Some(series), Some(positions)) = (self.series.pop(), &mut self.positions) {
            positions.remove(&series.dimensions);
        }
    }

    pub fn add(&mut self, windows: Windows, at: (u32, u32), reading: &Reading<'_>, touched: &mut Vec<Touched>) {
        self.spans.add(&self.schedule, reading);
        self.each_window(windows, at, reading, touched, Series::add);
    }

    pub fn subtract(&mut self, windows: Windows, at: (u32, u32), reading: &Reading<'_>, touched: &mut Vec<Touched>) {
        self.spans.subtract(&self.schedule, reading);
        self.each_window(windows, at, reading, touched, Series::subtract);
    }

    #[inline]
    fn each_window(
        &mut self,
        windows: Windows,
        (account, series): (u32, u32),
        reading: &Reading<'_>,
        touched: &mut Vec<Touched>,
        change: impl Fn(&mut Series<A>, WindowSize, i64, &Reading<'_>) -> bool,
    ) {
        let changed = &mut self.series[series as usize];
        for size in SIZES {
            if windows.keeps(size) {
                let number = number_of(size, reading.event_time);
                if change(changed, size, number, reading) {
                    touched.push(Touched { account, series, size, number });
                }
            }
        }
    }

    pub fn show(&mut self, touched: &Touched) -> (DimensionsKey, Shown) {
        let series = &mut self.series[touched.series as usize];
        (series.dimensions, series.show(touched.size, touched.number))
    }

    /// Puts a schedule in force; whether anything is different now.
    pub fn reschedule(&mut self, schedule: Schedule, windows: Windows) -> bool {
        if schedule == self.schedule {
            return false;
        }
        self.schedule = schedule;
        let finest = windows.finest().unwrap_or(WindowSize::Day);
        let all = self.series.iter().flat_map(|series| series.iter(finest));
        let all = all.map(|(number, total)| (start_of(finest, number), total));
        self.spans.reschedule(&self.schedule, length_us(finest), all);
        true
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub fn spans(&self) -> &Spans<A> {
        &self.spans
    }

    pub fn all_series(&self) -> impl Iterator<Item = &Series<A>> {
        self.series.iter()
    }

    pub fn meter_name(&self) -> &std::sync::Arc<str> {
        self.schedule.meter()
    }

    /// What the epoch changed, as differences.
    pub fn enter(&mut self, mut give: impl FnMut(Entry)) {
        self.listed = false;
        if self.entered_schedule.as_ref() != Some(&self.schedule) {
            if let Some(schedule) = self.entered_schedule.take() {
                give(Entry::Schedule(schedule, Amount { events: -1, quantity: 0 }));
            }
            give(Entry::Schedule(self.schedule.clone(), Amount::PRESENT));
            self.entered_schedule = Some(self.schedule.clone());
        }
        self.spans.enter(|figure, amount| give(Entry::Usage(figure, amount)));
    }

    pub fn dimensions(&self) -> impl Iterator<Item = DimensionsKey> {
        self.series.iter().map(|series| series.dimensions)
    }

    /// Appends its usage to a snapshot, between two epochs. Spans are not written: they follow from the windows and the
    /// terms.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.series.len() as u32).to_le_bytes());
        self.series.iter().for_each(|series| series.write(out));
    }

    /// Takes the usage up into an account without any; `account` is its number.
    pub fn read(
        &mut self,
        reader: &mut Reader<'_>,
        finest: WindowSize,
        account: u32,
        touched: &mut Vec<Touched>,
    ) -> Result<(), Malformed> {
        let mut events: u64 = 0;
        for series in 0..reader.u32()? {
            let read = Series::<A>::read(reader)?;
            if self.find_series(read.dimensions).is_some() {
                return Err(Malformed::Number(read.dimensions.0));
            }
            let position = self.begin_series(read.dimensions);
            for size in SIZES {
                let changed = |(number, _)| Touched { account, series, size, number };
                touched.extend(read.iter(size).map(changed));
            }
            for (_, total) in read.iter(finest) {
                events = events.checked_add(total.events()).ok_or(Malformed::Number(total.events()))?;
            }
            self.series[position as usize] = read;
        }
        self.spans = Spans::outside(events);
        Ok(())
    }

    /// Starts to fetch the windows that the next events of a series most likely go to.
    #[inline]
    pub fn prefetch_tails(&self, series: u32) {
        if let Some(series) = self.series.get(series as usize) {
            series.prefetch_tails();
        }
    }
}

/// An account by its meter's aggregation.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub enum Account {
    Count(AccountOf<accumulator::Count>),
    Sum(AccountOf<accumulator::Sum>),
    Max(AccountOf<accumulator::Max>),
    Min(AccountOf<accumulator::Min>),
    Latest(AccountOf<accumulator::Latest>),
    Unique(AccountOf<accumulator::Unique>),
    Average(AccountOf<accumulator::Average>),
}

/// Does the same with the account, whatever it aggregates.
macro_rules! with_account {
    ($account:expr, $inner:ident => $body:expr) => {
        match $account {
            $crate::count::account::Account::Count($inner) => $body,
            $crate::count::account::Account::Sum($inner) => $body,
            $crate::count::account::Account::Max($inner) => $body,
            $crate::count::account::Account::Min($inner) => $body,
            $crate::count::account::Account::Latest($inner) => $body,
            $crate::count::account::Account::Unique($inner) => $body,
            $crate::count::account::Account::Average($inner) => $body,
        }
    };
}
pub(super) use with_account;

impl Account {
    pub fn new(
        aggregation: Aggregation,
        organization: OrganizationKey,
        meter: MeterIndex,
        schedule: Schedule,
    ) -> Account {
        match aggregation {
            Aggregation::Count => Account::Count(AccountOf::new(organization, meter, schedule)),
            Aggregation::Sum => Account::Sum(AccountOf::new(organization, meter, schedule)),
            Aggregation::Max => Account::Max(AccountOf::new(organization, meter, schedule)),
            Aggregation::Min => Account::Min(AccountOf::new(organization, meter, schedule)),
            Aggregation::Latest => Account::Latest(AccountOf::new(organization, meter, schedule)),
            Aggregation::Unique => Account::Unique(AccountOf::new(organization, meter, schedule)),
            Aggregation::Average => Account::Average(AccountOf::new(organization, meter, schedule)),
        }
    }

    pub fn aggregation(&self) -> Aggregation {
        match self {
            Account::Count(_) => Aggregation::Count,
            Account::Sum(_) => Aggregation::Sum,
            Account::Max(_) => Aggregation::Max,
            Account::Min(_) => Aggregation::Min,
            Account::Latest(_) => Aggregation::Latest,
            Account::Unique(_) => Aggregation::Unique,
            Account::Average(_) => Aggregation::Average,
        }
    }
}
