//! When a grant is given anew: at the boundaries of its recurrence and at its resets.

use crate::tables::Grant;
use crate::time::{Calendar, EventTime};

/// A grant's recurrence made ready for questions.
#[derive(Clone, Debug)]
pub struct Refills {
    calendar: Option<Calendar>,
    /// Ascending.
    resets: Vec<EventTime>,
    from: EventTime,
    to: EventTime,
}

impl Refills {
    /// `None` for a grant that never holds: its recurrence gives no periods, or it ends before it begins.
    pub fn of(grant: &Grant) -> Option<Refills> {
        let calendar = match &grant.recurrence {
            Some(cadence) => Some(Calendar::new(cadence).ok()?),
            None => None,
        };
        let (from, to) = (grant.effective_from, grant.expires_at.unwrap_or(EventTime::MAX));
        let mut resets = grant.resets.clone();
        resets.sort_unstable();
        (from < to).then_some(Refills { calendar, resets, from, to })
    }

    /// The last refill up to and at the instant; none where the grant holds no more.
    pub fn last_until(&self, instant: EventTime) -> Option<EventTime> {
        if instant <= self.from || self.to <= instant {
            return None;
        }
        let recurring = self.calendar.as_ref().map(|calendar| calendar.period_at(instant).start);
        let reset = self.resets.partition_point(|reset| *reset <= instant).checked_sub(1).map(|last| self.resets[last]);
        recurring.max(reset).filter(|last| *last > self.from)
    }

    /// The first refill after the instant and inside the grant's validity. Those of the recurrence are told up to and
    /// at `recurring_until` only: they have no end of their own.
    pub fn next_after(&self, instant: EventTime, recurring_until: EventTime) -> Option<EventTime> {
        let after = instant.max(self.from);
        let recurring = self.calendar.as_ref().map(|calendar| calendar.period_at(after).end);
        let recurring = recurring.filter(|next| *next <= recurring_until);
        let reset = self.resets.get(self.resets.partition_point(|reset| *reset <= after)).copied();
        [recurring, reset].into_iter().flatten().min().filter(|next| *next < self.to)
    }
}
