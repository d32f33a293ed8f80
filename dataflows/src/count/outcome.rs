//! What became of every record: absolute counts per (day, organization, outcome, code), and a row for each record that
//! was not accepted. Owns conservation: received is the sum of all outcomes, at all times.

use super::organization::{AcceptedOfDay, Organization, Organizations};
use crate::changes::{EpochCounts, Outcome, OutcomeCountKey, OutcomeRow};
use crate::event::OrganizationKey;
use hashbrown::HashMap;
use highwater_rating::time::EventTime;

/// Of any outcome but `accepted`: those are counted where the organization is, because there are many.
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
    /// Organizations, by position, and days of which more events were accepted.
    changed_days: Vec<(u32, i32)>,
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
    /// `position` is the organization's, for the end of the epoch.
    #[inline]
    pub fn accepted(&mut self, organization: &mut Organization, position: u32, day: i32) {
        self.counts.received += 1;
        self.counts.accepted += 1;
        let days = &mut organization.accepted;
        let of_day = match days.last() {
            Some(last) if last.day == day => days.len() - 1,
            _ => days.binary_search_by_key(&day, |of_day| of_day.day).unwrap_or_else(|place| {
                days.insert(place, AcceptedOfDay { day, changed: false, count: 0 });
                place
            }),
        };
        let of_day = &mut days[of_day];
        of_day.count += 1;
        if !std::mem::replace(&mut of_day.changed, true) {
            self.changed_days.push((position, day));
        }
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
        self.rows.push(row);
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
    pub fn close(&mut self, organizations: &mut Organizations) -> Changed {
        let counted = &mut self.counted;
        let others = self.changed.drain(..).map(|position| {
            let counted = &mut counted[position as usize];
            counted.changed = false;
            (counted.key.clone(), counted.count)
        });
        let mut absolute: Vec<(OutcomeCountKey, u64)> = others.collect();
        absolute.extend(self.changed_days.drain(..).filter_map(|(position, day)| {
            let organization = organizations.at(position);
            let of_day = organization.accepted.iter_mut().rfind(|of_day| of_day.day == day)?;
            of_day.changed = false;
            let (organization, count) = (organization.key, of_day.count);
            Some((OutcomeCountKey { day, organization, outcome: Outcome::Accepted, code: String::new() }, count))
        }));
        let counts = self.counts;
        self.counts = EpochCounts { event_time_max: counts.event_time_max, ..EpochCounts::default() };
        Changed { rows: std::mem::take(&mut self.rows), absolute, counts }
    }
}
