//! The journal in the data folder: fjall's checksummed journal, all of a batch or nothing, one process at a time.
//!
//! One thread writes. What comes in while it syncs goes to disk with one sync, so that thousands of bills at once do not
//! wait for thousands of syncs one after the other.

use super::journal::{Changes, Journal, JournalError, Kept};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use highwater_settlement::ledger::Entry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

const SHOWN: &str = "shown";
const CACHE_BYTES: u64 = 8 << 20;
const JOURNAL_BYTES: u64 = 64 << 20;
/// As many bills as are sent at once, and some.
const WAITING: usize = 1_024;

#[derive(Debug, thiserror::Error)]
pub enum CloseStoreError {
    #[error("{folder}: another process closes periods with this folder")]
    InUse { folder: PathBuf },
    #[error("{folder}: {detail}")]
    Storage { folder: PathBuf, detail: String },
    #[error("{folder}: {name} is damaged: {reason}")]
    Damaged { folder: PathBuf, name: String, reason: String },
}

pub struct CloseStore {
    files: Files,
    /// Nothing once the store is being dropped.
    requests: Option<mpsc::SyncSender<Request>>,
    writer: Option<JoinHandle<()>>,
}

type Request = (Changes, oneshot::Sender<Result<(), JournalError>>);

#[derive(Clone)]
struct Files {
    folder: PathBuf,
    database: Database,
    undertakings: Keyspace,
    intents: Keyspace,
    /// Entries by their number.
    ledger: Keyspace,
    marks: Keyspace,
}

impl CloseStore {
    /// Below the data folder, with a lock of its own: a service may run beside it.
    pub fn open(data_dir: &Path) -> Result<CloseStore, CloseStoreError> {
        let files = Files::open(data_dir.join("close"))?;
        let next = files.next()?;
        let (requests, queue) = mpsc::sync_channel(WAITING);
        let of_writer = files.clone();
        let spawned =
            std::thread::Builder::new().name("close-journal".into()).spawn(move || of_writer.write(&queue, next));
        let writer = spawned.map_err(|error| files.storage(&error))?;
        Ok(CloseStore { files, requests: Some(requests), writer: Some(writer) })
    }

    pub fn read(&self) -> Result<Kept, CloseStoreError> {
        Ok(Kept {
            undertakings: self.files.all(&self.files.undertakings)?,
            intents: self.files.all(&self.files.intents)?,
            entries: self.files.all(&self.files.ledger)?,
        })
    }

    /// Entries that ClickHouse may not have, with the number that [`CloseStore::shown`] takes.
    pub fn unshown(&self) -> Result<(Vec<Entry>, u64), CloseStoreError> {
        let shown = self.files.marks.get(SHOWN).map_err(|error| self.files.storage(&error))?;
        let shown = shown.map_or(0, |bytes| number_of(&bytes));
        let entries = self.files.from(&self.files.ledger, &shown.to_be_bytes())?;
        let end = shown + entries.len() as u64;
        Ok((entries, end))
    }

    pub fn shown(&self, end: u64) -> Result<(), CloseStoreError> {
        let mut batch = self.files.database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.files.marks, SHOWN, end.to_be_bytes());
        batch.commit().map_err(|error| self.files.storage(&error))
    }
}

impl Journal for CloseStore {
    async fn keep(&self, changes: Changes) -> Result<(), JournalError> {
        let gone = || JournalError("the journal's thread has ended".into());
        let (answer, kept) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        // Full only while the disk is far behind; whoever waits here holds a bill, and nothing else.
        let mut request = (changes, answer);
        loop {
            match requests.try_send(request) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(gone()),
                Err(mpsc::TrySendError::Full(back)) => {
                    request = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            }
        }
        kept.await.map_err(|_| gone())?
    }
}

impl Drop for CloseStore {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Files {
    fn open(folder: PathBuf) -> Result<Files, CloseStoreError> {
        let failed = |error: fjall::Error| match error {
            fjall::Error::Locked => CloseStoreError::InUse { folder: folder.clone() },
            error => CloseStoreError::Storage { folder: folder.clone(), detail: error.to_string() },
        };
        let database = Database::builder(&folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .manual_journal_persist(true)
            .worker_threads(1)
            .open()
            .map_err(failed)?;
        let keyspace = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default).map_err(failed);
        let (undertakings, intents) = (keyspace("undertakings")?, keyspace("intents")?);
        let (ledger, marks) = (keyspace("ledger")?, keyspace("marks")?);
        Ok(Files { folder, database, undertakings, intents, ledger, marks })
    }

    /// The number of the next entry.
    fn next(&self) -> Result<u64, CloseStoreError> {
        let last = self.ledger.iter().next_back().map(fjall::Guard::into_inner).transpose();
        let last = last.map_err(|error| self.storage(&error))?;
        Ok(last.map_or(0, |(key, _)| number_of(&key) + 1))
    }

    /// Until nobody can ask any more.
    fn write(&self, queue: &mpsc::Receiver<Request>, mut next: u64) {
        while let Ok(first) = queue.recv() {
            let requests: Vec<Request> = std::iter::once(first).chain(queue.try_iter()).collect();
            let (changes, waiting): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
            let done = self.commit(&changes, &mut next).map_err(|error| JournalError(error.to_string()));
            for answer in waiting {
                // Whoever no longer waits has gone the way of a process that was killed.
                let _ = answer.send(done.clone());
            }
        }
    }

    fn commit(&self, changes: &[Changes], next: &mut u64) -> Result<(), CloseStoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        let mut number = *next;
        for changes in changes {
            for undertaking in &changes.undertakings {
                let key = self.text("an undertaking", &undertaking.invoice.bill)?;
                batch.insert(&self.undertakings, key, self.text("an undertaking", undertaking)?);
            }
            for intent in &changes.intents {
                batch.insert(&self.intents, intent.key.as_str(), self.text("an intent", intent)?);
            }
            for entry in &changes.entries {
                batch.insert(&self.ledger, number.to_be_bytes(), self.text("an entry", entry)?);
                number += 1;
            }
        }
        batch.commit().map_err(|error| self.storage(&error))?;
        *next = number;
        Ok(())
    }

    fn all<T: DeserializeOwned>(&self, keyspace: &Keyspace) -> Result<Vec<T>, CloseStoreError> {
        self.from(keyspace, &[])
    }

    fn from<T: DeserializeOwned>(&self, keyspace: &Keyspace, first: &[u8]) -> Result<Vec<T>, CloseStoreError> {
        let read = |entry: fjall::Guard| {
            let (key, value) = entry.into_inner().map_err(|error| self.storage(&error))?;
            serde_json::from_slice(&value).map_err(|error| self.damaged(&String::from_utf8_lossy(&key), &error))
        };
        keyspace.range(first.to_vec()..).map(read).collect()
    }

    fn text(&self, name: &str, value: &impl Serialize) -> Result<Vec<u8>, CloseStoreError> {
        serde_json::to_vec(value).map_err(|error| self.damaged(name, &error))
    }

    fn damaged(&self, name: &str, reason: &dyn std::fmt::Display) -> CloseStoreError {
        CloseStoreError::Damaged { folder: self.folder.clone(), name: name.to_owned(), reason: reason.to_string() }
    }

    fn storage(&self, error: &dyn std::fmt::Display) -> CloseStoreError {
        CloseStoreError::Storage { folder: self.folder.clone(), detail: error.to_string() }
    }
}

fn number_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_rating::time::EventTime;
    use highwater_settlement::intent::Bill;
    use highwater_settlement::ledger::LedgerEvent;
    use highwater_settlement::moment::Moment;

    fn entry(at: i64) -> Entry {
        let bill = Bill {
            organization_id: "acme".into(),
            period_start: EventTime(0),
            currency: "USD".into(),
            revision: 1,
            reissue: 0,
        };
        Entry { at: Moment(at), bill, actor: "ana".into(), reason: String::new(), event: LedgerEvent::Released }
    }

    fn keep(store: &CloseStore, entries: Vec<Entry>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(store.keep(Changes { entries, ..Changes::default() })).unwrap();
    }

    #[test]
    fn what_was_kept_is_read_in_order_by_the_next_process_and_by_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = CloseStore::open(folder.path()).unwrap();
        keep(&store, (0..300).map(entry).collect());
        assert!(matches!(CloseStore::open(folder.path()), Err(CloseStoreError::InUse { .. })));
        drop(store);
        let store = CloseStore::open(folder.path()).unwrap();
        keep(&store, vec![entry(300)]);
        assert_eq!(store.read().unwrap().entries, (0..301).map(entry).collect::<Vec<_>>());
    }

    #[test]
    fn what_clickhouse_may_not_have_is_given_until_it_is_said_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = CloseStore::open(folder.path()).unwrap();
        keep(&store, vec![entry(0), entry(1)]);
        assert_eq!(store.unshown().unwrap(), (vec![entry(0), entry(1)], 2));
        store.shown(2).unwrap();
        keep(&store, vec![entry(2)]);
        drop(store);
        assert_eq!(CloseStore::open(folder.path()).unwrap().unshown().unwrap(), (vec![entry(2)], 3));
    }
}
