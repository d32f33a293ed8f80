//! What may be shown when, seen by whoever gets the rows.

use super::*;
use crate::source::{PartitionName, PartitionPosition};
use highwater_dataflows::changes::Epoch;
use std::path::PathBuf;
use std::sync::Mutex;

/// Notes, whenever rows are written, what a restart at that instant would find in the manifest.
struct Onlooker {
    manifest: PathBuf,
    writes: Arc<Mutex<Vec<(u64, Manifest)>>>,
}

impl Writer for Onlooker {
    fn prepare(&mut self) -> Result<u64, String> {
        Ok(7)
    }

    fn write(&mut self, release: &Release<'_>) -> Result<(), String> {
        let text = std::fs::read_to_string(&self.manifest).unwrap();
        let envelope: serde_json::Value = serde_json::from_str(&text).unwrap();
        let manifest = serde_json::from_str(envelope["manifest"].as_str().unwrap()).unwrap();
        self.writes.lock().unwrap().push((release.changes.epoch.0, manifest));
        Ok(())
    }

    fn sweep(&mut self, _generation: u64) -> Result<(), String> {
        Ok(())
    }
}

fn read_to(next_offset: u64) -> Positions {
    let name = PartitionName { source: "log".into(), topic: "events".into(), partition: 0 };
    Positions::from([(0, PartitionPosition { name, first_offset: 0, next_offset, high_watermark: None })])
}

fn sealed(epoch: u64, next_offset: u64, behind_released: bool) -> (Sealed, EpochChanges) {
    let sealed = Sealed {
        epoch: Epoch(epoch),
        positions: read_to(next_offset),
        sealed_at: Instant::now(),
        behind_released,
        tables: Vec::new(),
        rejected_tables: Vec::new(),
        table_streams: Default::default(),
    };
    (sealed, EpochChanges { epoch: Epoch(epoch), ..EpochChanges::default() })
}

/// What a committer on a new folder writes, epoch by epoch, and the manifest that it leaves.
fn commit(epochs: Vec<(Sealed, EpochChanges)>) -> (Vec<(u64, Manifest)>, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::claim(folder.path()).unwrap();
    let writes = Arc::new(Mutex::new(Vec::new()));
    let onlooker = Onlooker { manifest: folder.path().join("manifest.json"), writes: writes.clone() };
    // One epoch at a time, so that none is merged with the next.
    let (sealed_sender, sealed) = crossbeam_channel::bounded(0);
    let (changes_sender, changes) = crossbeam_channel::unbounded();
    let (written, _positions) = crossbeam_channel::unbounded();
    let committer = Committer {
        sealed,
        changes,
        data,
        manifest: Manifest::default(),
        writer: Box::new(onlooker),
        written,
        status: Arc::default(),
    };
    let thread = std::thread::spawn(move || committer.run());
    for (sealed, changes) in epochs {
        changes_sender.send(changes).unwrap();
        sealed_sender.send(sealed).unwrap();
    }
    drop(sealed_sender);
    let left = thread.join().unwrap().unwrap().read().unwrap();
    let writes = writes.lock().unwrap().clone();
    (writes, left)
}

#[test]
fn no_row_leaves_before_a_restart_would_know_of_it() {
    let (writes, left) = commit(vec![sealed(1, 10, false), sealed(2, 30, false)]);
    let (last, manifest) = writes.last().unwrap();
    assert_eq!((*last, &manifest.released), (2, &read_to(30)));
    assert!(writes.iter().all(|(epoch, manifest)| manifest.released == read_to([10, 30][*epoch as usize - 1])));
    assert_eq!((left.generation, left.released, left.written), (8, read_to(30), read_to(30)));
}

#[test]
fn nothing_is_shown_before_everything_shown_earlier_was_read_again() {
    let (writes, _) = commit(vec![sealed(1, 10, true), sealed(2, 20, true), sealed(3, 30, false)]);
    assert_eq!(writes.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>(), [3]);
}
