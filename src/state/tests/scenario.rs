//! A life of a store, and what must be found of it at any time.

use super::model::Model;
use crate::source::{PartitionName, PartitionPosition, Positions};
use crate::state::{Checkpoint, Cut, Folder, Found, StateError, Store, find};
use highwater_dataflows::snapshot::{Form, Kind, Section};
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;

pub const EPOCHS: u64 = 7;

/// Accounts of one shard in turn, and what came to the identities; now and then all identities anew.
pub fn sections(epoch: u64) -> Vec<Section> {
    let section = |kind, shard, form, payload| Section { kind, shard, form, payload };
    let accounts = section(Kind::Accounts, (epoch % 3) as u8, Form::Whole, vec![epoch as u8; 5]);
    let identities = match epoch % 4 {
        1 => section(Kind::Identities, 200, Form::Whole, (1..=epoch as u8).collect()),
        _ => section(Kind::Identities, 200, Form::Delta, vec![epoch as u8]),
    };
    vec![accounts, identities]
}

pub fn cut(epoch: u64) -> Cut {
    let name = PartitionName { source: "log".into(), topic: "events".into(), partition: 0 };
    let position = PartitionPosition { name, first_offset: 0, next_offset: epoch * 100, high_watermark: None };
    let event_time_max = Some(EventTime(1_795_000_000_000_000 + epoch as i64 * 1_000_000));
    Cut { epoch, event_time_max, positions: Positions::from([(0, position)]) }
}

type Folded = BTreeMap<(Kind, u8), Vec<u8>>;

/// What sections say together.
fn folded(sections: &[Section]) -> Folded {
    let mut folded = Folded::new();
    for section in sections {
        let payload = folded.entry((section.kind, section.shard)).or_default();
        if section.form == Form::Whole {
            payload.clear();
        }
        payload.extend_from_slice(&section.payload);
    }
    folded
}

pub fn epoch_of(checkpoint: &Checkpoint) -> u64 {
    checkpoint.manifest.cut.as_ref().map_or(0, |cut| cut.epoch)
}

/// The epoch of what was found, which must be whole.
pub fn sound_epoch(found: &Found) -> Result<u64, String> {
    let Some(checkpoint) = &found.checkpoint else { return Ok(0) };
    let epoch = epoch_of(checkpoint);
    let all: Vec<Section> = (1..=epoch).flat_map(sections).collect();
    match folded(&checkpoint.sections) == folded(&all) {
        true => Ok(epoch),
        false => Err(format!("what was found at epoch {epoch} is not what was kept: {:?}", checkpoint.sections)),
    }
}

/// Commits epochs until `EPOCHS`, behind what is there, by two processes one after the other. `kept` is the last epoch
/// that was acknowledged.
pub fn live(model: &Model, kept: &mut u64) -> Result<(), StateError> {
    for until in [3, EPOCHS] {
        let (mut store, found) = Store::claim(Folder(model.clone()))?;
        let reached = found.checkpoint.as_ref().map_or(0, epoch_of);
        // A claim acknowledges what it found, also what nobody was sure of.
        *kept = reached.max(*kept);
        for epoch in reached + 1..=until {
            store.commit(cut(epoch), &sections(epoch))?;
            *kept = epoch;
            store.prune()?;
        }
    }
    Ok(())
}

pub fn found(model: &Model) -> Found {
    find(&Folder(model.clone())).unwrap()
}
