//! Minute, hour and day windows of one series: append-mostly lists in order of time.
//!
//! Owns which windows there are and which of them changed in the open epoch. Does not own spans, which are cut from
//! the finest windows when terms move (`span`).

use super::accumulator::{Accumulator, Reading};
use super::prefetch::prefetch;
use crate::changes::{WindowSize, WindowValue};
use crate::event::DimensionsKey;
use crate::snapshot::{Malformed, Reader};
use highwater_rating::time::EventTime;
use std::ops::Range;

/// Which sizes of windows are kept. Rows move spans exactly only as far as the finest of them reaches: with minutes
/// everywhere, otherwise where a boundary falls between two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub minute: bool,
    pub hour: bool,
    pub day: bool,
}

impl Default for Windows {
    fn default() -> Windows {
        Windows { minute: true, hour: true, day: true }
    }
}

pub const SIZES: [WindowSize; 3] = [WindowSize::Minute, WindowSize::Hour, WindowSize::Day];

impl Windows {
    pub fn keeps(self, size: WindowSize) -> bool {
        match size {
            WindowSize::Minute => self.minute,
            WindowSize::Hour => self.hour,
            WindowSize::Day => self.day,
        }
    }

    pub fn finest(self) -> Option<WindowSize> {
        SIZES.into_iter().find(|size| self.keeps(*size))
    }

    pub fn coarsest(self) -> Option<WindowSize> {
        SIZES.into_iter().rfind(|size| self.keeps(*size))
    }
}

pub fn length_us(size: WindowSize) -> i64 {
    match size {
        WindowSize::Minute => 60_000_000,
        WindowSize::Hour => 3_600_000_000,
        WindowSize::Day => 86_400_000_000,
    }
}

/// The number of the window that an instant falls into, counted from 1970.
#[inline]
pub fn number_of(size: WindowSize, instant: EventTime) -> i64 {
    // Three constants rather than one variable: the compiler divides by them with a multiplication.
    match size {
        WindowSize::Minute => instant.0.div_euclid(60_000_000),
        WindowSize::Hour => instant.0.div_euclid(3_600_000_000),
        WindowSize::Day => instant.0.div_euclid(86_400_000_000),
    }
}

pub fn start_of(size: WindowSize, number: i64) -> EventTime {
    EventTime(number * length_us(size))
}

/// One window: its number above two marks, and what it counted. 32 bytes for a sum.
#[derive(Clone, Debug)]
struct Window<A> {
    number_and_marks: i64,
    total: A,
}

/// Changed in the open epoch.
const CHANGED: i64 = 1;
/// Given out in an earlier epoch.
const SHOWN: i64 = 2;

impl<A> Window<A> {
    #[inline]
    fn number(&self) -> i64 {
        self.number_and_marks >> 2
    }
}

/// The windows of one combination of dimension values, by size.
#[derive(Clone, Debug)]
pub struct Series<A> {
    pub dimensions: DimensionsKey,
    sizes: [Vec<Window<A>>; 3],
}

/// What became of a window that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Row(WindowValue),
    Gone,
    /// It came and went within the epoch.
    Never,
}

impl<A: Accumulator> Series<A> {
    pub fn new(dimensions: DimensionsKey) -> Series<A> {
        Series { dimensions, sizes: [Vec::new(), Vec::new(), Vec::new()] }
    }

    /// The window's total; the flag says that the epoch had not changed it before.
    #[inline]
    fn total_mut(&mut self, size: WindowSize, number: i64) -> (&mut A, bool) {
        let windows = &mut self.sizes[size as usize];
        let position = match windows.last() {
            Some(last) if last.number() == number => windows.len() - 1,
            Some(last) if last.number() > number => late_position(windows, number),
            _ => {
                windows.push(Window { number_and_marks: number << 2, total: A::default() });
                windows.len() - 1
            }
        };
        let window = &mut windows[position];
        let first = window.number_and_marks & CHANGED == 0;
        window.number_and_marks |= CHANGED;
        (&mut window.total, first)
    }

    /// Adds to one window; whether it is the epoch's first change of it.
    #[inline]
    pub fn add(&mut self, size: WindowSize, number: i64, reading: &Reading<'_>) -> bool {
        let (total, first) = self.total_mut(size, number);
        total.add(reading);
        first
    }

    pub fn subtract(&mut self, size: WindowSize, number: i64, reading: &Reading<'_>) -> bool {
        let (total, first) = self.total_mut(size, number);
        total.subtract(reading);
        first
    }

    /// Ends the epoch for one window, which is forgotten when nothing is left in it.
    pub fn show(&mut self, size: WindowSize, number: i64) -> Shown {
        let windows = &mut self.sizes[size as usize];
        let last = windows.len().saturating_sub(1);
        let position = match windows.last() {
            Some(window) if window.number() == number => last,
            _ => match windows.binary_search_by_key(&number, Window::number) {
                Ok(position) => position,
                Err(_) => return Shown::Never,
            },
        };
        let window = &mut windows[position];
        let shown_before = window.number_and_marks & SHOWN != 0;
        let events = window.total.events();
        if events == 0 {
            windows.remove(position);
            return if shown_before { Shown::Gone } else { Shown::Never };
        }
        window.number_and_marks = (window.number_and_marks | SHOWN) & !CHANGED;
        Shown::Row(match window.total.quantity() {
            Ok(quantity) => WindowValue::Usage { events, quantity },
            Err(_) => WindowValue::Overflow { events },
        })
    }

    /// Windows of a size in order of time.
    pub fn iter(&self, size: WindowSize) -> impl Iterator<Item = (i64, &A)> {
        self.sizes[size as usize].iter().map(|window| (window.number(), &window.total))
    }

    /// Those of a size with numbers in a range, in order of time.
    pub fn range(&self, size: WindowSize, numbers: Range<i64>) -> impl Iterator<Item = &A> {
        let windows = &self.sizes[size as usize];
        let from = windows.partition_point(|window| window.number() < numbers.start);
        let inside = windows[from..].iter().take_while(move |window| window.number() < numbers.end);
        inside.map(|window| &window.total)
    }

    /// Appends it to a snapshot, between two epochs.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.dimensions.0.to_le_bytes());
        for windows in &self.sizes {
            out.extend_from_slice(&(windows.len() as u32).to_le_bytes());
            for window in windows {
                out.extend_from_slice(&window.number().to_le_bytes());
                window.total.write(out);
            }
        }
    }

    /// As it was, with every window changed: each is shown anew.
    pub fn read(reader: &mut Reader<'_>) -> Result<Series<A>, Malformed> {
        let mut series = Series::new(DimensionsKey(reader.u64()?));
        for size in SIZES {
            let bound = i64::MAX / length_us(size) - 1;
            let windows = &mut series.sizes[size as usize];
            for _ in 0..reader.u32()? {
                let number = reader.i64()?;
                let in_order = windows.last().is_none_or(|last: &Window<A>| last.number() < number);
                if !in_order || !(-bound..=bound).contains(&number) {
                    return Err(Malformed::Number(number as u64));
                }
                windows.push(Window { number_and_marks: number << 2 | CHANGED, total: A::read(reader)? });
            }
        }
        Ok(series)
    }

    #[inline]
    pub fn prefetch_tails(&self) {
        for windows in &self.sizes {
            prefetch(windows.as_ptr().wrapping_add(windows.len().saturating_sub(1)));
        }
    }
}

/// Where a window behind the last one stands, or is put.
#[cold]
fn late_position<A: Accumulator>(windows: &mut Vec<Window<A>>, number: i64) -> usize {
    windows.binary_search_by_key(&number, Window::number).unwrap_or_else(|position| {
        windows.insert(position, Window { number_and_marks: number << 2, total: A::default() });
        position
    })
}

#[cfg(test)]
mod tests {
    use super::super::accumulator::{Count, Sum};
    use super::*;
    use highwater_rating::number::Quantity;

    fn reading(value: i128) -> Reading<'static> {
        Reading { value, event_time: EventTime(0), source: "", id: "" }
    }

    #[test]
    fn late_events_fix_their_own_window() {
        let mut series = Series::<Sum>::new(DimensionsKey(0));
        for (number, value, first) in [(5, 1, true), (9, 2, true), (5, 10, false), (7, 4, true), (3, 8, true)] {
            assert_eq!(series.add(WindowSize::Hour, number, &reading(value)), first, "{number}");
        }
        let totals: Vec<_> = series.iter(WindowSize::Hour).map(|(number, sum)| (number, sum.total())).collect();
        assert_eq!(totals, [(3, 8), (5, 11), (7, 4), (9, 2)]);
        let row = WindowValue::Usage { events: 2, quantity: Quantity(11) };
        assert_eq!(series.show(WindowSize::Hour, 5), Shown::Row(row));
        assert!(series.add(WindowSize::Hour, 5, &reading(1)), "a new epoch");
    }

    #[test]
    fn an_emptied_window_is_gone_only_if_it_was_ever_shown() {
        let mut series = Series::<Count>::new(DimensionsKey(0));
        series.add(WindowSize::Day, -1, &reading(1));
        series.subtract(WindowSize::Day, -1, &reading(1));
        assert_eq!(series.show(WindowSize::Day, -1), Shown::Never);
        series.add(WindowSize::Day, -1, &reading(1));
        assert!(matches!(series.show(WindowSize::Day, -1), Shown::Row(_)));
        series.subtract(WindowSize::Day, -1, &reading(1));
        assert_eq!(series.show(WindowSize::Day, -1), Shown::Gone);
        assert_eq!(series.iter(WindowSize::Day).count(), 0);
    }

    #[test]
    fn windows_before_1970_begin_where_they_should() {
        let instant = EventTime(-1);
        for size in SIZES {
            assert_eq!(number_of(size, instant), -1);
            assert_eq!(start_of(size, -1).0, -length_us(size));
        }
    }

    #[test]
    fn a_window_of_an_additive_meter_is_small() {
        assert_eq!(size_of::<Window<Count>>(), 16);
        assert_eq!(size_of::<Window<Sum>>(), 32);
    }
}
