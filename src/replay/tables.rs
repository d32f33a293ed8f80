//! The final tables of a replay: what is left when all epochs are over.

use highwater_dataflows::changes::{
    EpochChanges, EpochCounts, OutcomeRow, PeriodKey, PeriodValue, WindowKey, WindowSize, WindowValue,
};
use std::collections::HashMap;

#[derive(Default)]
pub struct FinalTables {
    pub usage_hour: HashMap<WindowKey, WindowValue, foldhash::fast::RandomState>,
    pub periods: HashMap<PeriodKey, PeriodValue, foldhash::fast::RandomState>,
    /// Everything that did not end as `accepted`, in the order of its place.
    pub outcomes: Vec<OutcomeRow>,
    pub counts: EpochCounts,
}

impl FinalTables {
    pub fn absorb(&mut self, changes: EpochChanges) {
        for (key, value) in changes.usage {
            if key.size == WindowSize::Hour {
                put(&mut self.usage_hour, key, value);
            }
        }
        for (key, value) in changes.periods {
            put(&mut self.periods, key, value);
        }
        self.outcomes.extend(changes.outcomes);
        self.counts.add(&changes.counts);
    }

    /// Puts what has no order into one that does not depend on workers or epochs.
    pub fn settle(&mut self) {
        self.outcomes.sort_by_key(|outcome| outcome.record.place);
    }
}

fn put<K: Eq + std::hash::Hash, V, S: std::hash::BuildHasher>(map: &mut HashMap<K, V, S>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}
