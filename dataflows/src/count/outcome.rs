//! What became of every record: absolute counts per (day, organization, outcome, code), and a row for each record that
//! was not accepted. Owns conservation: received is the sum of all outcomes, at all times.

use super::organization::Organizations;
use super::snapshot::Counted as Written;
use crate::changes::{EpochCounts, Outcome, OutcomeCountKey, OutcomeRow};
use crate::event::OrganizationKey;
use crate::shard::{SHARDS, shard_of};
use hashbrown::HashMap;
use highwater_rating::time::EventTime;

#[derive(Clone, Copy, Debug, Default)]
struct AcceptedOfDay {
    count: u64,
    day: i32,
    /// In the open epoch.
    changed: bool,
}

/// Of any outcome but `accepted`.
struct Counted {
    key: OutcomeCountKey,
    /// As the first record said it: the name may be known to nobody else.
    organization_id: Box<str>,
    count: u64,
    changed: bool,
}

#[derive(Default)]
pub struct Outcomes {
    counted: Vec<Counted>,
    positions: HashMap<OutcomeCountKey, u32, foldhash::fast::FixedState>,
    changed: Vec<u32>,
    /// Of each organization, by position: the day that its last accepted event belongs to. It is mostly the same one.
    accepted: Vec<AcceptedOfDay>,
    other_days: HashMap<(u32, i32), AcceptedOfDay, foldhash::fast::FixedState>,
    /// Organizations and days of which more events were accepted.
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
    /// `position` is the organization's.
    #[inline]
    pub fn accepted(&mut self, position: u32, day: i32) {
        self.counts.received += 1;
        self.counts.accepted += 1;
        if self.accepted.len() <= position as usize {
            self.accepted.resize(position as usize + 1, AcceptedOfDay::default());
        }
        if self.accepted[position as usize].day != day {
            self.turn_to(position, day);
        }
        let of_day = &mut self.accepted[position as usize];
        of_day.count += 1;
        if !std::mem::replace(&mut of_day.changed, true) {
            self.changed_days.push((position, day));
        }
    }

    /// Makes another day the organization's recent one.
    #[cold]
    fn turn_to(&mut self, position: u32, day: i32) {
        let now = self.other_days.remove(&(position, day)).unwrap_or(AcceptedOfDay { day, ..Default::default() });
        let before = std::mem::replace(&mut self.accepted[position as usize], now);
        if before.count > 0 {
            self.other_days.insert((position, before.day), before);
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
        let position = self.position(key, &row.record.organization_id);
        self.rows.push(row);
        let counted = &mut self.counted[position as usize];
        counted.count += 1;
        if !counted.changed {
            counted.changed = true;
            self.changed.push(position);
        }
    }

    fn position(&mut self, key: OutcomeCountKey, organization_id: &str) -> u32 {
        let next = self.counted.len() as u32;
        let position = *self.positions.entry(key.clone()).or_insert(next);
        if position == next {
            self.counted.push(Counted { key, organization_id: organization_id.into(), count: 0, changed: false });
        }
        position
    }

    /// All counts by the organization's shard.
    pub fn by_shard(&self, organizations: &Organizations) -> Vec<Vec<Written<'_>>> {
        let mut by_shard = Vec::new();
        by_shard.resize_with(SHARDS, Vec::new);
        for Counted { key, organization_id, count, .. } in &self.counted {
            let OutcomeCountKey { day, organization, outcome, code } = key;
            let (organization, day, outcome) = (*organization, *day, *outcome);
            let written = Written { organization, organization_id, day, outcome, code, count: *count };
            by_shard[usize::from(shard_of(organization))].push(written);
        }
        let recent = (0..).zip(&self.accepted).filter(|(_, of_day)| of_day.count > 0);
        let other = self.other_days.iter().map(|((position, _), of_day)| (*position, of_day));
        let mut accepted: Vec<(u32, &AcceptedOfDay)> = recent.chain(other).collect();
        accepted.sort_unstable_by_key(|(position, of_day)| (*position, of_day.day));
        for (position, of_day) in accepted {
            let organization = organizations.all()[position as usize].key;
            let (day, count, outcome) = (of_day.day, of_day.count, Outcome::Accepted);
            let written = Written { organization, organization_id: "", day, outcome, code: "", count };
            by_shard[usize::from(shard_of(organization))].push(written);
        }
        by_shard
    }

    /// Takes a count up as one that changed.
    pub fn restore(&mut self, organizations: &mut Organizations, written: &Written<'_>) {
        if written.outcome == Outcome::Accepted {
            let position = organizations.position(written.organization);
            let of_day = AcceptedOfDay { count: written.count, day: written.day, changed: true };
            if self.accepted.len() <= position as usize {
                self.accepted.resize(position as usize + 1, AcceptedOfDay::default());
            }
            self.turn_to(position, written.day);
            self.accepted[position as usize] = of_day;
            self.changed_days.push((position, written.day));
            return;
        }
        let key = OutcomeCountKey {
            day: written.day,
            organization: written.organization,
            outcome: written.outcome,
            code: written.code.to_owned(),
        };
        let position = self.position(key, written.organization_id);
        let counted = &mut self.counted[position as usize];
        (counted.count, counted.changed) = (written.count, true);
        self.changed.push(position);
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
        for (position, day) in std::mem::take(&mut self.changed_days) {
            let recent = &mut self.accepted[position as usize];
            let of_day = if recent.day == day { Some(recent) } else { self.other_days.get_mut(&(position, day)) };
            if let Some(of_day) = of_day {
                of_day.changed = false;
                let organization = organizations.at(position).key;
                let key = OutcomeCountKey { day, organization, outcome: Outcome::Accepted, code: String::new() };
                absolute.push((key, of_day.count));
            }
        }
        let counts = self.counts;
        self.counts = EpochCounts { event_time_max: counts.event_time_max, ..EpochCounts::default() };
        Changed { rows: std::mem::take(&mut self.rows), absolute, counts }
    }
}
