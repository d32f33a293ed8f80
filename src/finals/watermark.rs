//! How far event time has come: the policy by which the service makes the watermark that it passes to the graph.

use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One partition of events, as the watermark looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The greatest event time that was accepted from it.
    pub event_time: Option<EventTime>,
    /// Read to its end, and nothing came for a while.
    pub idle: bool,
}

/// The least of the partitions that are not idle; the clock's time when all are. `None` while that cannot be said: no
/// partition is known, or one that is being read has brought no event yet. A whole minute: no period ends inside one.
pub fn watermark_of(partitions: &[Partition], clock: EventTime) -> Option<EventTime> {
    if partitions.is_empty() {
        return None;
    }
    let mut busy = partitions.iter().filter(|partition| !partition.idle).peekable();
    let reached = match busy.peek() {
        None => Some(clock),
        Some(_) => busy.map(|partition| partition.event_time).min().flatten(),
    };
    reached.map(EventTime::floor_minute)
}

/// The greatest event times by partition: written by whoever takes the graph's changes, read by whoever seals.
#[derive(Debug, Default)]
pub struct Watermark {
    event_times: Mutex<BTreeMap<u32, EventTime>>,
}

impl Watermark {
    pub fn accepted(&self, event_times: &[(u32, EventTime)]) {
        let mut known = self.event_times.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, event_time) in event_times {
            let latest = known.entry(*partition).or_insert(*event_time);
            *latest = (*latest).max(*event_time);
        }
    }

    pub fn of(&self, partition: u32) -> Option<EventTime> {
        self.event_times.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_partition_that_is_not_idle_says_how_far_time_has_come() {
        let minute = |minutes: i64| EventTime(minutes * 60_000_000);
        let at = |minutes: i64, idle| Partition { event_time: Some(minute(minutes)), idle };
        let unread = |idle| Partition { event_time: None, idle };
        let cases: [(&[Partition], Option<i64>); 9] = [
            (&[], None),
            (&[at(5, false)], Some(5)),
            (&[at(5, false), at(3, false)], Some(3)),
            (&[at(5, false), at(3, true)], Some(5)),
            (&[at(5, true), at(3, true)], Some(99)),
            (&[unread(false)], None),
            (&[at(5, false), unread(false)], None),
            (&[at(5, false), unread(true)], Some(5)),
            (&[unread(true)], Some(99)),
        ];
        for (number, (partitions, expected)) in cases.into_iter().enumerate() {
            assert_eq!(watermark_of(partitions, minute(99)), expected.map(minute), "case {number}");
        }
        let inside = Partition { event_time: Some(EventTime(119_999_999)), idle: false };
        assert_eq!(watermark_of(&[inside], minute(99)), Some(minute(1)));
    }

    #[test]
    fn an_earlier_event_takes_nothing_back() {
        let watermark = Watermark::default();
        watermark.accepted(&[(0, EventTime(5)), (1, EventTime(7))]);
        watermark.accepted(&[(0, EventTime(3))]);
        assert_eq!((watermark.of(0), watermark.of(1), watermark.of(2)), (Some(EventTime(5)), Some(EventTime(7)), None));
    }
}
