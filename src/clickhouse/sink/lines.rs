//! Which rated lines stand under each period, to take away those that a change of terms has removed.
//!
//! A period's row is written over; its lines are rows of their own, and a boundary that moved leaves one behind. Almost
//! every period has one line that begins with it, so only the others are remembered: a period that was never seen is
//! taken for one of them, at the price of one tombstone that hits nothing.

use super::rows::period::shown_lines;
use highwater_dataflows::changes::{PeriodKey, PeriodValue};
use highwater_rating::rate::RatedLine;
use highwater_rating::time::EventTime;
use std::collections::HashMap;

#[derive(Default)]
pub struct StandingLines {
    /// Starts of the lines of the periods that have not exactly one, beginning with the period.
    unusual: HashMap<PeriodKey, Vec<EventTime>, foldhash::fast::FixedState>,
}

impl StandingLines {
    /// Starts of lines that stand and are not among `lines`.
    pub fn gone<'a>(&'a self, key: &'a PeriodKey, lines: &'a [RatedLine]) -> impl Iterator<Item = EventTime> + 'a {
        let usual = std::slice::from_ref(&key.period_start);
        let standing = self.unusual.get(key).map_or(usual, Vec::as_slice);
        standing.iter().copied().filter(|start| lines.iter().all(|line| line.span.start != *start))
    }

    /// After the change was written.
    pub fn remember(&mut self, key: &PeriodKey, value: Option<&PeriodValue>) {
        match shown_lines(value) {
            [line] if line.span.start == key.period_start => {
                self.unusual.remove(key);
            }
            lines => {
                self.unusual.insert(*key, lines.iter().map(|line| line.span.start).collect());
            }
        }
    }
}
