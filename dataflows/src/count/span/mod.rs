//! Usage by span: what one (organization, meter) used in each stretch of equal terms of one period.
//!
//! Owns adding to the span that is in force at event time, and counting spans anew from the finest windows when terms
//! move. What differential holds of it is kept beside it, so that an epoch enters one difference a changed span.

use super::accumulator::{Accumulator, Reading};
use super::usage::{Amount, Entered, SpanFigure};
use highwater_rating::terms::{Period, Schedule, SpanOrGap};
use highwater_rating::time::EventTime;
use smallvec::SmallVec;

#[derive(Clone, Debug)]
#[repr(C)]
struct SpanTotal<A> {
    start: EventTime,
    end: EventTime,
    total: A,
    changed: bool,
    /// A window that was counted anew into this span reaches beyond it: its usage cannot be told apart.
    coarse: bool,
    period: Period,
    entered: Entered,
}

/// The spans of one account, in order of time.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Spans<A> {
    /// Where the last event fell: the next one most likely falls there too.
    recent: usize,
    spans: SmallVec<[SpanTotal<A>; 1]>,
    /// The gap in which the last event without terms fell.
    gap: (EventTime, EventTime),
    /// How many events lie in gaps.
    outside: u64,
    /// What most accounts never need, out of the way of the rest.
    moved: Option<Box<Moved>>,
}

#[derive(Clone, Debug, Default)]
struct Moved {
    /// Spans that are no more, as far as differential still holds them.
    dropped: Vec<(EventTime, Entered)>,
    /// Of meters that do not add up: the quantity of each whole period, as entered.
    periods: Vec<(EventTime, Entered)>,
    /// Periods that a dropped span belonged to.
    touched_periods: Vec<EventTime>,
}

impl<A: Accumulator> Default for Spans<A> {
    fn default() -> Spans<A> {
        Spans { spans: SmallVec::new(), recent: 0, gap: (EventTime(0), EventTime(0)), outside: 0, moved: None }
    }
}

impl<A: Accumulator> Spans<A> {
    /// Before any terms are known: all of so many events lie in gaps.
    pub fn outside(events: u64) -> Spans<A> {
        Spans { outside: events, ..Spans::default() }
    }

    #[inline]
    pub fn add(&mut self, schedule: &Schedule, reading: &Reading<'_>) {
        match self.at(schedule, reading.event_time) {
            Some(span) => {
                span.total.add(reading);
                span.changed = true;
            }
            None => self.outside += 1,
        }
    }

    pub fn subtract(&mut self, schedule: &Schedule, reading: &Reading<'_>) {
        match self.at(schedule, reading.event_time) {
            Some(span) => {
                span.total.subtract(reading);
                span.changed = true;
            }
            // Saturates because a coarse span may have taken in what lies beside it.
            None => self.outside = self.outside.saturating_sub(1),
        }
    }

    /// What each span holds, by its start, in order of time.
    pub fn totals(&self) -> impl Iterator<Item = (EventTime, &A)> {
        self.spans.iter().map(|span| (span.start, &span.total))
    }

    /// The span that holds the instant, begun where there was none.
    #[inline]
    fn at(&mut self, schedule: &Schedule, instant: EventTime) -> Option<&mut SpanTotal<A>> {
        let held = self.spans.get(self.recent).is_some_and(|span| span.start <= instant && instant < span.end);
        if !held && !self.turn_to(schedule, instant) {
            return None;
        }
        self.spans.get_mut(self.recent)
    }

    /// Makes the span that holds the instant the recent one; false in a gap.
    #[cold]
    fn turn_to(&mut self, schedule: &Schedule, instant: EventTime) -> bool {
        if self.gap.0 <= instant && instant < self.gap.1 {
            return false;
        }
        let position = self.spans.partition_point(|span| span.end <= instant);
        if self.spans.get(position).is_some_and(|span| span.start <= instant) {
            self.recent = position;
            return true;
        }
        match schedule.span_at(instant) {
            SpanOrGap::Gap(gap) => {
                self.gap = (gap.start, gap.end);
                false
            }
            SpanOrGap::Span(span) => {
                let total = SpanTotal {
                    start: span.start,
                    end: span.end,
                    period: span.period,
                    total: A::default(),
                    changed: false,
                    coarse: false,
                    entered: Entered::default(),
                };
                self.spans.insert(position, total);
                self.recent = position;
                true
            }
        }
    }

    /// Puts a new schedule in force. Spans that it leaves as they are stay; all other usage is counted anew from
    /// `windows` of the given length, the finest that are kept, in any order.
    pub fn reschedule<'a>(
        &mut self,
        schedule: &Schedule,
        length_us: i64,
        windows: impl Iterator<Item = (EventTime, &'a A)>,
    ) where
        A: 'a,
    {
        let before = self.spans.len();
        let moved = self.moved.get_or_insert_default();
        self.spans.retain(|span| {
            let same = match schedule.span_at(span.start) {
                SpanOrGap::Span(now) => (now.start, now.end, now.period) == (span.start, span.end, span.period),
                SpanOrGap::Gap(_) => false,
            };
            if !same {
                moved.dropped.push((span.start, span.entered));
                if !A::ADDITIVE {
                    moved.touched_periods.push(span.period.start);
                }
            }
            same
        });
        (self.recent, self.gap) = (0, (EventTime(0), EventTime(0)));
        if self.spans.len() == before && self.outside == 0 {
            return;
        }
        for span in self.spans.iter_mut().filter(|span| span.coarse) {
            (span.total, span.changed) = (A::default(), true);
        }
        let exact = |span: &SpanTotal<A>| (!span.coarse).then_some((span.start, span.end));
        let kept: Vec<(EventTime, EventTime)> = self.spans.iter().filter_map(exact).collect();
        self.spans.iter_mut().for_each(|span| span.coarse = false);
        self.outside = 0;
        for (start, total) in windows {
            let end = EventTime(start.0 + length_us);
            let position = kept.partition_point(|(_, kept_end)| *kept_end <= start);
            let inside = kept.get(position).is_some_and(|(from, to)| *from <= start && end <= *to);
            if !inside {
                self.count_anew(schedule, &kept, (start, end), total);
            }
        }
    }

    /// Adds a window to the span that it lies in. One that lies in several cannot be told apart: it is added to each
    /// that is counted anew, and marks them.
    fn count_anew(
        &mut self,
        schedule: &Schedule,
        kept: &[(EventTime, EventTime)],
        (start, end): (EventTime, EventTime),
        total: &A,
    ) {
        let mut reached = start;
        let mut counted = false;
        while reached < end {
            let Some(span) = self.at(schedule, reached) else {
                reached = self.gap.1;
                continue;
            };
            reached = span.end;
            counted = true;
            if kept.binary_search(&(span.start, span.end)).is_err() {
                span.total.merge(total);
                span.coarse |= start < span.start || span.end < end;
                span.changed = true;
            }
        }
        if !counted {
            self.outside += total.events();
        }
    }

    /// What changed since the last call, as differences for differential. Spans without usage are forgotten.
    pub fn enter(&mut self, mut give: impl FnMut(SpanFigure, Amount)) {
        // First what is no more: a span that was dropped and came back then enters whole.
        for (start, entered) in self.moved.iter_mut().flat_map(|moved| moved.dropped.drain(..)) {
            entered.replace(Entered::default(), &mut |known, amount| give(SpanFigure::Span(start, known), amount));
        }
        for span in self.spans.iter_mut().filter(|span| span.changed) {
            span.changed = false;
            let now = if span.coarse { Entered::coarse(&span.total) } else { Entered::of(&span.total) };
            span.entered.replace(now, &mut |known, amount| give(SpanFigure::Span(span.start, known), amount));
            span.entered = now;
            if !A::ADDITIVE {
                self.moved.get_or_insert_default().touched_periods.push(span.period.start);
            }
        }
        if !A::ADDITIVE
            && let Some(mut moved) = self.moved.take()
        {
            moved.touched_periods.sort_unstable();
            moved.touched_periods.dedup();
            for period in moved.touched_periods.drain(..) {
                self.enter_period(period, &mut moved.periods, &mut give);
            }
            self.moved = Some(moved);
        }
        if self.spans.iter().any(|span| span.total.events() == 0) {
            self.spans.retain(|span| span.total.events() != 0);
            self.recent = 0;
        }
    }

    /// The quantity of a whole period, which for a meter that does not add up is no sum of its spans.
    fn enter_period(
        &self,
        start: EventTime,
        periods: &mut Vec<(EventTime, Entered)>,
        give: &mut impl FnMut(SpanFigure, Amount),
    ) {
        let mut spans = self.spans.iter().filter(|span| span.period.start == start && span.total.events() != 0);
        let now = match (spans.next(), spans.next()) {
            (None, _) => Entered::default(),
            (Some(only), None) => Entered::of(&only.total),
            (Some(first), Some(second)) => {
                let mut total = first.total.clone();
                std::iter::once(second).chain(spans).for_each(|span| total.merge(&span.total));
                Entered::of(&total)
            }
        };
        let position = periods.iter().position(|(period, _)| *period == start);
        let entered = position.map(|position| periods.swap_remove(position).1).unwrap_or_default();
        entered.replace(now, &mut |known, amount| give(SpanFigure::Period(start, known), amount));
        if now != Entered::default() {
            periods.push((start, now));
        }
    }
}

#[cfg(test)]
mod tests;
