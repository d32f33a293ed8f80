//! What became of every record: absolute counts per (day, organization, outcome, code), and a row for each record that
//! was not accepted. Owns conservation: received is the sum of all outcomes, at all times.

use super::organization::Organization;
use crate::changes::{EpochCounts, Outcome, OutcomeCountKey, OutcomeRow};
use crate::event::OrganizationKey;
use hashbrown::HashMap;
use highwater_rating::time::EventTime;

struct Counted {
    key: OutcomeCountKey,
    count: u64,
    changed: bool,
}

#[derive(Default)]
pub struct Outcomes {
    counted: Vec<Counted>,
    positions: HashMap<OutcomeCountKey, u32, foldhash::fast::FixedState>,
    changed: Vec<u32>,
    pub rows: Vec<OutcomeRow>,
    pub counts: EpochCounts,
}

/// What an epoch has to say about outcomes.
pub struct Changed {
    pub rows: Vec<OutcomeRow>,
    pub absolute: Vec<(OutcomeCountKey, u64)>,
    pub counts: EpochCounts,
}

/// The UTC day that an instant falls on.
pub fn day_of(instant: EventTime) -> i32 {
    // 86,400 × 10^6 µs a day: the quotient of any i64 fits.
    instant.0.div_euclid(86_400_000_000) as i32
}

impl Outcomes {
    #[inline]
    pub fn accepted(&mut self, organization: &mut Organization, key: OrganizationKey, day: i32) {
        self.counts.received += 1;
        self.counts.accepted += 1;
        if organization.recent_day.0 != day || organization.recent_day.1 == u32::MAX {
            let key = OutcomeCountKey { day, organization: key, outcome: Outcome::Accepted, code: String::new() };
            organization.recent_day = (day, self.position(key));
        }
        self.count(organization.recent_day.1);
    }

    /// Any other outcome, with its row.
    pub fn other(&mut self, organization: OrganizationKey, day: i32, row: OutcomeRow) {
        self.counts.received += 1;
        let counter = match row.outcome {
            Outcome::Accepted => &mut self.counts.accepted,
            Outcome::Duplicate => &mut self.counts.duplicate,
            Outcome::Conflicting => &mut self.counts.conflicting,
            Outcome::Late => &mut self.counts.late,
            Outcome::Rejected => &mut self.counts.rejected,
        };
        *counter += 1;
        let key = OutcomeCountKey { day, organization, outcome: row.outcome, code: row.record.code.clone() };
        let position = self.position(key);
        self.count(position);
        self.rows.push(row);
    }

    #[inline]
    fn count(&mut self, position: u32) {
        let counted = &mut self.counted[position as usize];
        counted.count += 1;
        if !counted.changed {
            counted.changed = true;
            self.changed.push(position);
        }
    }

    fn position(&mut self, key: OutcomeCountKey) -> u32 {
        let next = self.counted.len() as u32;
        let position = *self.positions.entry(key.clone()).or_insert(next);
        if position == next {
            self.counted.push(Counted { key, count: 0, changed: false });
        }
        position
    }

    /// Ends the epoch.
    pub fn close(&mut self) -> Changed {
        let counted = &mut self.counted;
        let absolute = self.changed.drain(..).map(|position| {
            let counted = &mut counted[position as usize];
            counted.changed = false;
            (counted.key.clone(), counted.count)
        });
        let absolute = absolute.collect();
        let counts = self.counts;
        self.counts = EpochCounts { event_time_max: counts.event_time_max, ..EpochCounts::default() };
        Changed { rows: std::mem::take(&mut self.rows), absolute, counts }
    }
}
