//! Puts together what the workers say about an epoch, and hands it out whole, in the order of epochs.

use crate::changes::{Epoch, EpochChanges, EpochCounts};
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Each worker contributes this often to an epoch: what it counted and expects, what it rated, what recurs, what credits
/// cover, what bills will come to, and what became final of it.
const PARTS_OF_A_WORKER: usize = 6;

pub struct Collector {
    parts: usize,
    open: Mutex<BTreeMap<Epoch, (usize, EpochChanges)>>,
    complete: Sender<EpochChanges>,
}

impl Collector {
    pub fn new(workers: usize, complete: Sender<EpochChanges>) -> Collector {
        Collector { parts: workers * PARTS_OF_A_WORKER, open: Mutex::default(), complete }
    }

    /// Every contributor gives its parts in the order of epochs, so epochs become complete in that order too.
    pub fn contribute(&self, part: EpochChanges) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = part.epoch;
        let (parts, changes) = open.entry(epoch).or_default();
        *parts += 1;
        merge(changes, part);
        if *parts == self.parts
            && let Some((_, changes)) = open.remove(&epoch)
        {
            // Whoever asked may be gone; the graph then only drains.
            let _ = self.complete.send(changes);
        }
    }
}

fn merge(changes: &mut EpochChanges, part: EpochChanges) {
    changes.epoch = part.epoch;
    append(&mut changes.usage, part.usage);
    append(&mut changes.periods, part.periods);
    append(&mut changes.recurring, part.recurring);
    changes.credits.append(part.credits);
    append(&mut changes.archive, part.archive);
    append(&mut changes.outcomes, part.outcomes);
    append(&mut changes.outcome_counts, part.outcome_counts);
    append(&mut changes.event_times, part.event_times);
    append(&mut changes.snapshot, part.snapshot);
    changes.finals.append(part.finals);
    append(&mut changes.trends.trends, part.trends.trends);
    append(&mut changes.trends.anomalies, part.trends.anomalies);
    append(&mut changes.trends.bills, part.trends.bills);
    let (counts, more) = (changes.counts, part.counts);
    changes.counts = EpochCounts {
        received: counts.received + more.received,
        accepted: counts.accepted + more.accepted,
        duplicate: counts.duplicate + more.duplicate,
        conflicting: counts.conflicting + more.conflicting,
        late: counts.late + more.late,
        rejected: counts.rejected + more.rejected,
        unattributed: counts.unattributed + more.unattributed,
        event_time_max: counts.event_time_max.max(more.event_time_max),
    };
}

/// Takes the longer list over as it is: with one worker no row is copied.
fn append<T>(list: &mut Vec<T>, mut more: Vec<T>) {
    if list.len() < more.len() {
        std::mem::swap(list, &mut more);
    }
    list.append(&mut more);
}
