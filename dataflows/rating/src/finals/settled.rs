//! What was billed so far for each line of one organization's final periods.

use super::{FinalPeriod, Line, LineId, LineKind};
use crate::time::EventTime;
use std::collections::BTreeMap;

/// By the start of the final period, then by line; a line stands as it was billed last, under its own id and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    periods: BTreeMap<EventTime, BTreeMap<LineId, Line>>,
}

impl Settled {
    /// Takes up what a period was closed with. The organization's periods are to come in the order of their closing,
    /// each once.
    pub fn settle(&mut self, closed: &FinalPeriod) {
        let reversals = closed.lines.iter().filter(|line| line.kind == LineKind::Reversal);
        for (corrects, reversal) in reversals.filter_map(|line| Some((line.corrects?, line))) {
            let Some(lines) = self.periods.get_mut(&corrects.period_start) else { continue };
            // A line that has changed its currency is taken back in one record and charged anew in another, and either
            // may come first.
            if lines.get(&corrects.line_id).is_some_and(|line| line.currency == reversal.currency) {
                lines.remove(&corrects.line_id);
            }
        }
        for line in closed.lines.iter().filter(|line| line.kind != LineKind::Reversal) {
            let (period_start, line) = match line.corrects {
                None => (closed.period.start, line.clone()),
                Some(corrects) => {
                    let line = Line { id: corrects.line_id, kind: corrects.kind, corrects: None, ..line.clone() };
                    (corrects.period_start, line)
                }
            };
            self.periods.entry(period_start).or_default().insert(line.id, line);
        }
    }

    /// Of the final period that starts there; empty where nothing was billed for it.
    pub fn of(&self, period_start: EventTime) -> &BTreeMap<LineId, Line> {
        static NOTHING: BTreeMap<LineId, Line> = BTreeMap::new();
        self.periods.get(&period_start).unwrap_or(&NOTHING)
    }

    /// Starts of all periods for which something was billed.
    pub fn periods(&self) -> impl Iterator<Item = EventTime> + '_ {
        self.periods.keys().copied()
    }
}
