//! What the writer and the readers of one log share: the store, how far it is durable, and the wait for more.

use super::LogCounts;
use super::block::{BlockReader, Stored};
use super::error::{AppendError, OpenError};
use super::store::{Blocks, Store, Stream};
use crate::source::bounds::{BATCH_BYTES, BATCH_RECORDS};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

pub(super) struct Shared {
    directory: PathBuf,
    reserve_bytes: u64,
    /// `None` after a failed write, until the store could be opened again.
    store: RwLock<Option<Store>>,
    state: Mutex<State>,
    /// Signalled when `state.ends` grew.
    grown: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    ends: Ends,
    counts: LogCounts,
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// Opens again with the next append.
    #[error("the store is closed after a failed write")]
    Closed,
    #[error("{0}")]
    Damaged(String),
}

impl From<String> for ReadError {
    fn from(detail: String) -> ReadError {
        ReadError::Damaged(detail)
    }
}

impl From<fjall::Error> for ReadError {
    fn from(error: fjall::Error) -> ReadError {
        ReadError::Damaged(error.to_string())
    }
}

/// The offset after the last durable record of each stream.
#[derive(Clone, Copy, Default)]
pub(super) struct Ends {
    pub events: u64,
    pub rows: u64,
}

impl Ends {
    pub fn of(&self, stream: Stream) -> u64 {
        match stream {
            Stream::Events => self.events,
            Stream::Rows => self.rows,
        }
    }

    pub fn of_mut(&mut self, stream: Stream) -> &mut u64 {
        match stream {
            Stream::Events => &mut self.events,
            Stream::Rows => &mut self.rows,
        }
    }
}

impl Shared {
    pub fn open(directory: &Path, reserve_bytes: u64) -> Result<Shared, OpenError> {
        let (store, ends) = open_store(directory)?;
        let state = State { ends, counts: LogCounts::default() };
        Ok(Shared {
            directory: directory.to_owned(),
            reserve_bytes,
            store: RwLock::new(Some(store)),
            state: Mutex::new(state),
            grown: Condvar::new(),
        })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn ends(&self) -> Ends {
        self.state().ends
    }

    pub fn end(&self, stream: Stream) -> u64 {
        self.ends().of(stream)
    }

    pub fn counts(&self) -> LogCounts {
        self.state().counts
    }

    /// Waits until `stream` has grown beyond `offset`; the end of the stream then, or after `wait`.
    pub fn wait_beyond(&self, stream: Stream, offset: u64, wait: Duration) -> u64 {
        let not_yet = |state: &mut State| state.ends.of(stream) <= offset;
        let waited = self.grown.wait_timeout_while(self.state(), wait, not_yet);
        waited.unwrap_or_else(PoisonError::into_inner).0.ends.of(stream)
    }

    /// Makes `blocks` durable and visible. `grown` counts what they hold, `ends` is where they leave the streams.
    pub fn commit(&self, blocks: Blocks, ends: Ends, grown: LogCounts) -> Result<(), AppendError> {
        self.check_free_space()?;
        match &*self.store.read().unwrap_or_else(PoisonError::into_inner) {
            Some(store) => store.commit(blocks).map_err(|error| AppendError::Storage(error.to_string())),
            None => Err(AppendError::Storage("the store is closed after a failed write".into())),
        }?;
        let mut state = self.state();
        state.ends = ends;
        state.counts.appends += grown.appends;
        state.counts.records += grown.records;
        state.counts.fsyncs += grown.fsyncs;
        drop(state);
        self.grown.notify_all();
        Ok(())
    }

    /// Opens the store anew after a failed write. What of it reached the disk after all becomes visible then: it was
    /// not acknowledged, and the sender will have sent it again.
    pub fn reopen(&self) -> Result<(), OpenError> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        // The directory is locked until the former store is gone.
        *store = None;
        let (opened, ends) = open_store(&self.directory)?;
        *store = Some(opened);
        self.state().ends = ends;
        self.grown.notify_all();
        Ok(())
    }

    /// Records from `offset` on, up to the bounds of a batch; at least one where `offset` is below `end`.
    pub fn read(&self, stream: Stream, offset: u64, end: u64) -> Result<Vec<(u64, Stored)>, ReadError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        let mut take = |first_offset: u64, block: Bytes| -> Result<bool, ReadError> {
            bytes += block.len();
            for (position, record) in BlockReader::new(block)?.enumerate() {
                let at = first_offset + position as u64;
                let record = record?;
                if at >= offset && at < end {
                    records.push((at, record));
                }
            }
            Ok(bytes < BATCH_BYTES && records.len() < BATCH_RECORDS)
        };
        let guard = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let store = guard.as_ref().ok_or(ReadError::Closed)?;
        if let Some((first_offset, block)) = store.block_of(stream, offset)? {
            let mut more = take(first_offset, block)?;
            let mut rest = store.blocks_from(stream, offset + 1);
            while more && let Some(entry) = rest.next() {
                let (first_offset, block) = entry?;
                more = take(first_offset, block)?;
            }
        }
        // Whatever else happened to the store, a hole must never pass for an empty stretch.
        match records.iter().zip(offset..).find(|((at, _), expected)| at != expected) {
            Some((_, missing)) => Err(ReadError::Damaged(format!("offset {missing} is missing"))),
            None if records.is_empty() && offset < end => {
                Err(ReadError::Damaged(format!("offset {offset} is missing")))
            }
            None => Ok(records),
        }
    }

    pub fn read_one(&self, stream: Stream, offset: u64) -> Result<Option<Stored>, ReadError> {
        let guard = self.store.read().unwrap_or_else(PoisonError::into_inner);
        match guard.as_ref().ok_or(ReadError::Closed)?.block_of(stream, offset)? {
            Some((first_offset, block)) => {
                Ok(BlockReader::new(block)?.nth((offset - first_offset) as usize).transpose()?)
            }
            None => Ok(None),
        }
    }

    fn check_free_space(&self) -> Result<(), AppendError> {
        let space = rustix::fs::statvfs(&self.directory).map_err(|error| AppendError::Storage(error.to_string()))?;
        let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
        match free_bytes < self.reserve_bytes {
            true => Err(AppendError::DiskFull { free_bytes, reserve_bytes: self.reserve_bytes }),
            false => Ok(()),
        }
    }

    /// A panic elsewhere leaves this state whole: it is only ever replaced.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_store(directory: &Path) -> Result<(Store, Ends), OpenError> {
    let store = Store::open(directory)?;
    let mut ends = Ends::default();
    for stream in [Stream::Events, Stream::Rows] {
        let damaged = |detail: String| OpenError::Storage { directory: directory.to_owned(), detail };
        if let Some((first_offset, block)) = store.last_block(stream).map_err(|error| damaged(error.to_string()))? {
            let records = BlockReader::new(block).map_err(damaged)?.records();
            *ends.of_mut(stream) = first_offset + u64::from(records);
        }
    }
    Ok((store, ends))
}
