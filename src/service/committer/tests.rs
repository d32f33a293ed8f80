//! What may be shown when, seen by whoever gets the rows.

use super::*;
use crate::source::{PartitionName, PartitionPosition};
use highwater_dataflows::changes::Epoch;
use highwater_dataflows::snapshot::{Form, Kind, Section};
use highwater_rating::finals::freeze;
use highwater_rating::time::Period;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Notes, whenever rows are written, what a restart at that instant would find in the manifest.
struct Onlooker {
    manifest: PathBuf,
    writes: Arc<Mutex<Vec<(u64, Manifest)>>>,
    /// Final periods that were shown.
    closed: Arc<Mutex<Vec<ClosedPeriod>>>,
    /// The epochs of the checkpoints that were there, whenever rows were written.
    kept: Arc<Mutex<Vec<Option<u64>>>>,
    /// Ends the process, as far as the committer can tell, instead of showing anything.
    refuses: bool,
}

impl Writer for Onlooker {
    fn prepare(&mut self) -> Result<u64, String> {
        Ok(7)
    }

    fn closed(&mut self) -> Result<Closed, String> {
        Ok(Closed::default())
    }

    fn write(&mut self, release: &Release<'_>) -> Result<(), String> {
        if self.refuses {
            return Err("killed".into());
        }
        self.closed.lock().unwrap().extend(release.closed.iter().cloned());
        self.kept.lock().unwrap().push(kept_in(self.manifest.parent().unwrap()));
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

/// The epoch of the newest checkpoint.
fn kept_in(folder: &Path) -> Option<u64> {
    let disk = crate::state::Disk::open(&crate::state::folder_in(folder)).unwrap();
    let found = crate::state::find(&crate::state::Folder(disk)).unwrap();
    found.checkpoint?.manifest.cut.map(|cut| cut.epoch)
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
    let (writes, _, ended) = commit_in(folder.path(), false, epochs);
    (writes, ended.unwrap().read().unwrap())
}

type Ended = Result<DataFolder, CommitError>;

/// What a committer on the folder writes, which final periods it shows, and how it ends.
fn commit_in(
    folder: &Path,
    refuses: bool,
    epochs: Vec<(Sealed, EpochChanges)>,
) -> (Vec<(u64, Manifest)>, Vec<ClosedPeriod>, Ended) {
    commit_seen(folder, refuses, epochs, &Arc::default())
}

/// The same, with the epochs of the checkpoints that were there at each write.
fn commit_seen(
    folder: &Path,
    refuses: bool,
    epochs: Vec<(Sealed, EpochChanges)>,
    kept: &Arc<Mutex<Vec<Option<u64>>>>,
) -> (Vec<(u64, Manifest)>, Vec<ClosedPeriod>, Ended) {
    let data = DataFolder::claim(folder).unwrap();
    let (writes, closed): (Arc<Mutex<_>>, Arc<Mutex<_>>) = Default::default();
    let manifest = folder.join("manifest.json");
    let onlooker = Onlooker { manifest, writes: writes.clone(), closed: closed.clone(), kept: kept.clone(), refuses };
    let (sealed_sender, sealed) = crossbeam_channel::bounded(0);
    let (changes_sender, changes) = crossbeam_channel::unbounded();
    let (written, positions) = crossbeam_channel::unbounded();
    let (restored, _closed) = crossbeam_channel::unbounded();
    let committer = Committer {
        sealed,
        changes,
        manifest: data.read().unwrap(),
        data,
        writer: Box::new(onlooker),
        written,
        status: Arc::default(),
        watermark: Arc::default(),
        names: Arc::new(Names::new()),
        kept: None,
        restored,
        checkpoints: Checkpoints::open(folder).unwrap().0,
    };
    let thread = std::thread::spawn(move || committer.run());
    for (sealed, changes) in epochs {
        let is_shown = !sealed.behind_released;
        changes_sender.send(changes).unwrap();
        sealed_sender.send(sealed).unwrap();
        // Until it is written, so that none is merged with the next; a committer that was refused has ended.
        if is_shown && positions.recv().is_err() {
            break;
        }
    }
    drop(sealed_sender);
    let ended = thread.join().unwrap();
    let (writes, closed) = (writes.lock().unwrap().clone(), closed.lock().unwrap().clone());
    (writes, closed, ended)
}

/// An epoch in which a period of one line becomes final.
fn closing(epoch: u64, next_offset: u64, start: i64) -> (Sealed, EpochChanges) {
    let (sealed, mut changes) = sealed(epoch, next_offset, false);
    let period = Period { start: EventTime(start), end: EventTime(start + 10) };
    let line = serde_json::from_value(serde_json::json!({
        "id": "0123456789abcdef0123456789abcdef", "kind": "usage", "name": "calls", "span_start": period.start,
        "span_end": period.end, "events": 1, "quantity": "2", "included": "0", "overage": "2", "currency": "EUR",
        "amount_unrounded": "1", "amount_minor_units": "100", "tiers": [], "terms": "{}", "corrects": null
    }));
    let frozen = freeze(&"org_1".into(), period, 1, EventTime(start + 20), [line.unwrap()]).unwrap();
    changes.finals.closed = frozen.into_iter().map(Arc::new).collect();
    (sealed, changes)
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

#[test]
fn g_4_a_close_that_was_cut_off_before_it_was_shown_is_shown_once_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let (_, shown, ended) = commit_in(folder.path(), true, vec![closing(1, 10, 0)]);
    assert!(shown.is_empty() && ended.is_err(), "nothing was shown, and it is durable");
    drop(ended);
    let starts = |closed: &[ClosedPeriod]| -> Vec<i64> { closed.iter().map(|it| it.period.period.start.0).collect() };
    let (_, shown, ended) = commit_in(folder.path(), false, vec![sealed(1, 10, true), closing(2, 20, 100)]);
    assert_eq!(starts(&shown), [0, 100]);
    assert_eq!(shown[0].read_to[0].next_offset, 10, "as it was closed, not as it was shown");
    drop(ended);
    let (_, shown, _ended) = commit_in(folder.path(), false, vec![sealed(1, 20, true), sealed(2, 30, false)]);
    assert_eq!(starts(&shown), [0i64; 0], "and not again");
}

/// An epoch at whose end a snapshot was taken.
fn with_snapshot(epoch: u64, next_offset: u64) -> (Sealed, EpochChanges) {
    let (sealed, mut changes) = sealed(epoch, next_offset, false);
    let payload = vec![epoch as u8];
    changes.snapshot = vec![Section { kind: Kind::Accounts, shard: 0, form: Form::Whole, payload }];
    (sealed, changes)
}

#[test]
fn state_is_kept_once_its_rows_are_written_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::default();
    let epochs = vec![with_snapshot(1, 10), sealed(2, 20, false), with_snapshot(3, 30)];
    let (_, _, ended) = commit_seen(folder.path(), false, epochs, &seen);
    assert_eq!(*seen.lock().unwrap(), [None, Some(1), Some(1)]);
    assert_eq!(kept_in(folder.path()), Some(3));
    drop(ended);
    let (_, _, ended) = commit_in(folder.path(), true, vec![with_snapshot(4, 40)]);
    assert!(ended.is_err(), "its rows were not written");
    assert_eq!(kept_in(folder.path()), Some(3));
}
