//! When the state of an epoch is kept: once its rows are written, so that no row is missing behind a checkpoint.
//!
//! Owns what waits to be kept. Does not own when a snapshot is asked for (`feeder`) or how it lies on disk (`state`).

use crate::source::Positions;
use crate::state::{self, Checkpoint, Cut, Disk, Folder, StateError, Storage, Store};
use highwater_dataflows::changes::EpochChanges;
use highwater_dataflows::snapshot::{Form, Section};
use std::path::Path;
use std::time::Instant;

pub struct Checkpoints<S = Folder<Disk>> {
    store: Store<S>,
    /// What changed since the last checkpoint, and where it stands.
    waiting: Option<(Cut, Vec<Section>)>,
}

impl Checkpoints {
    /// Claims the checkpoints of a claimed data folder, and gives the newest sound one.
    pub fn open(data_dir: &Path) -> Result<(Checkpoints, Option<Checkpoint>), StateError> {
        let path = state::folder_in(data_dir);
        let disk = Disk::open(&path).map_err(|error| StateError::unusable(&path, error))?;
        Checkpoints::claim(Folder(disk))
    }
}

impl<S: Storage> Checkpoints<S> {
    fn claim(storage: S) -> Result<(Checkpoints<S>, Option<Checkpoint>), StateError> {
        let (store, found) = Store::claim(storage)?;
        for damaged in &found.damaged {
            tracing::warn!(%damaged, "a checkpoint is passed over; more is read from the sources");
        }
        let checkpoint = found.checkpoint.filter(|checkpoint| checkpoint.manifest.cut.is_some());
        Ok((Checkpoints { store, waiting: None }, checkpoint))
    }

    /// Takes up what an epoch says of the state at its end, if anything. `positions` is how far it was read.
    pub fn take_up(&mut self, changes: &mut EpochChanges, positions: &Positions) {
        let sections = std::mem::take(&mut changes.snapshot);
        if sections.is_empty() {
            return;
        }
        let event_time_max = changes.event_times.iter().map(|(_, latest)| *latest).max();
        let cut = Cut { epoch: changes.epoch.0, event_time_max, positions: positions.clone() };
        let mut waiting = self.waiting.take().map(|(_, sections)| sections).unwrap_or_default();
        let replaced = |older: &Section| {
            let same = |newer: &&Section| (newer.kind, newer.shard) == (older.kind, older.shard);
            sections.iter().find(same).is_some_and(|newer| newer.form == Form::Whole)
        };
        waiting.retain(|older| !replaced(older));
        waiting.extend(sections);
        self.waiting = Some((cut, waiting));
    }

    /// Keeps what waits, now that the rows of its epoch are written. Where that cannot be done now it waits for the next
    /// time, and the checkpoint before holds; the error is one that ends the process.
    pub fn keep(&mut self) -> Result<(), StateError> {
        let Some((cut, sections)) = self.waiting.take() else { return Ok(()) };
        let started = Instant::now();
        match self.store.commit(cut.clone(), &sections) {
            Ok(()) => {
                if let Err(error) = self.store.prune() {
                    tracing::warn!(%error, "what no checkpoint needs any more was not removed");
                }
                metrics::histogram!("highwater_checkpoint_duration_seconds").record(started.elapsed().as_secs_f64());
                Ok(())
            }
            Err(fenced @ StateError::Fenced { .. }) => Err(fenced),
            Err(error) => {
                tracing::warn!(%error, "the checkpoint was not kept; the one before holds");
                metrics::counter!("highwater_checkpoints_failed_total").increment(1);
                self.waiting = Some((cut, sections));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Created, StorageError, find};
    use highwater_dataflows::changes::Epoch;
    use highwater_dataflows::snapshot::Kind;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    /// Files in memory; creates none while it is full.
    #[derive(Clone, Default)]
    struct Memory {
        files: Arc<Mutex<std::collections::BTreeMap<String, Vec<u8>>>>,
        full: Arc<AtomicBool>,
    }

    impl Storage for Memory {
        fn list(&self) -> Result<Vec<String>, StorageError> {
            Ok(self.files.lock().unwrap().keys().cloned().collect())
        }
        fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
            Ok(self.files.lock().unwrap().get(name).cloned())
        }
        fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StorageError> {
            if self.full.load(Ordering::SeqCst) {
                let cause = std::io::ErrorKind::StorageFull.into();
                let determinacy = crate::state::Determinacy::Definite;
                return Err(StorageError { name: name.to_owned(), operation: "written", determinacy, cause });
            }
            self.files.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
            Ok(Created::New)
        }
        fn remove(&self, names: &[String]) -> Result<(), StorageError> {
            self.files.lock().unwrap().retain(|name, _| !names.contains(name));
            Ok(())
        }
    }

    fn section(form: Form, payload: u8) -> Section {
        Section { kind: Kind::Identities, shard: 1, form, payload: vec![payload] }
    }

    fn epoch(epoch: u64, snapshot: Vec<Section>) -> EpochChanges {
        EpochChanges { epoch: Epoch(epoch), snapshot, ..EpochChanges::default() }
    }

    #[test]
    fn what_a_full_disk_refused_is_kept_with_what_came_after_it() {
        let memory = Memory::default();
        let (mut checkpoints, found) = Checkpoints::claim(memory.clone()).unwrap();
        assert!(found.is_none());
        let kept = || find(&memory).unwrap().checkpoint.unwrap();
        let cut = || kept().manifest.cut.map(|cut| cut.epoch);
        checkpoints.take_up(&mut epoch(1, vec![section(Form::Whole, 1)]), &Positions::new());
        assert_eq!(cut(), None, "its rows are not written yet");
        checkpoints.keep().unwrap();
        assert_eq!(cut(), Some(1));
        memory.full.store(true, Ordering::SeqCst);
        for (number, form) in [(2, Form::Delta), (3, Form::Delta)] {
            checkpoints.take_up(&mut epoch(number, vec![section(form, number as u8)]), &Positions::new());
            checkpoints.keep().unwrap();
        }
        assert_eq!(cut(), Some(1));
        memory.full.store(false, Ordering::SeqCst);
        checkpoints.take_up(&mut epoch(4, Vec::new()), &Positions::new());
        checkpoints.keep().unwrap();
        assert_eq!(cut(), Some(3), "an epoch without a snapshot moves no cut");
        let payloads: Vec<u8> = kept().sections.iter().flat_map(|section| section.payload.clone()).collect();
        assert_eq!(payloads, [1, 2, 3]);
    }

    #[test]
    fn whoever_claims_next_ends_this_one() {
        let memory = Memory::default();
        let (mut checkpoints, _) = Checkpoints::claim(memory.clone()).unwrap();
        let _newer = Checkpoints::claim(memory).unwrap();
        checkpoints.take_up(&mut epoch(1, vec![section(Form::Whole, 1)]), &Positions::new());
        assert!(matches!(checkpoints.keep(), Err(StateError::Fenced { .. })));
    }
}
