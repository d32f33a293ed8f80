//! Passes the watermark to the graph, once it was told what had been closed before.
//!
//! Owns when a partition is idle: read to its end, and nothing new for a while. Does not own what follows from that
//! (`finals::watermark_of`).

use crate::finals::{Closed, Partition, Watermark, watermark_of};
use crate::source::Positions;
use crossbeam_channel::Receiver;
use highwater_dataflows::engine::Engine;
use highwater_dataflows::finals::changes::{OrganizationPeriod, Restored};
use highwater_dataflows::names::organization_key;
use highwater_rating::time::EventTime;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub struct EventClock {
    pub watermark: Arc<Watermark>,
    /// Comes once; nothing is final before.
    pub restored: Receiver<Closed>,
    pub idle_after: Duration,
    told: Told,
    /// By partition: how far it was read, and since when it has stood there.
    brought: HashMap<u32, (u64, Instant)>,
}

enum Told {
    Nothing,
    /// What was closed before, and the last watermark.
    Restored(Option<EventTime>),
}

impl EventClock {
    pub fn new(watermark: Arc<Watermark>, restored: Receiver<Closed>, idle_after: Duration) -> EventClock {
        EventClock { watermark, restored, idle_after, told: Told::Nothing, brought: HashMap::new() }
    }

    /// Says whether the graph was told anything. Not to be asked before everything that was shown is read again.
    pub fn tell(&mut self, positions: &Positions, engine: &mut Engine) -> bool {
        let last = match self.told {
            Told::Restored(last) => last,
            Told::Nothing => match self.restored.try_recv() {
                Err(_) => return false,
                Ok(closed) => {
                    self.told = Told::Restored(closed.watermark);
                    if closed.is_empty() {
                        return false;
                    }
                    engine.restore(restored(closed));
                    return true;
                }
            },
        };
        let reached = self.reached(positions);
        if reached <= last {
            return false;
        }
        if let Some(reached) = reached {
            engine.watermark(reached);
        }
        self.told = Told::Restored(reached);
        true
    }

    fn reached(&mut self, positions: &Positions) -> Option<EventTime> {
        let now = Instant::now();
        let partitions: Vec<Partition> = positions
            .iter()
            .map(|(number, position)| {
                let (offset, since) = self.brought.entry(*number).or_insert((position.next_offset, now));
                if *offset != position.next_offset {
                    (*offset, *since) = (position.next_offset, now);
                }
                let at_the_end = position.lag().unwrap_or(0) == 0;
                let idle = at_the_end && now.duration_since(*since) >= self.idle_after;
                Partition { event_time: self.watermark.of(*number), idle }
            })
            .collect();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let clock = EventTime(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX));
        watermark_of(&partitions, clock)
    }
}

fn restored(closed: Closed) -> Restored {
    let held = closed.held.into_iter().map(|held| OrganizationPeriod {
        organization: organization_key(&held.organization_id),
        period_start: held.period_start,
    });
    Restored {
        watermark: closed.watermark,
        closed: closed.periods.into_iter().map(|closed| closed.period).collect(),
        held: held.collect(),
    }
}
