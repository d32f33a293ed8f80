//! Blocks in fjall: what is committed here is on disk.
//!
//! Owns the store's settings, its two streams and the reading of blocks. Does not own what is in a block (`block`)
//! nor when to commit (`writer`).

use super::error::OpenError;
use crate::source::bounds::{LOG_CACHE_BYTES, LOG_JOURNAL_BYTES, LOG_MEMTABLE_BYTES};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

/// The one partition there is for now. It stands in every key, so that more can be added without a new format.
pub(super) const PARTITION: u32 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Events,
    Rows,
}

/// Blocks to be written together: stream, offset of the first record, encoded block.
pub(super) type Blocks = Vec<(Stream, u64, Vec<u8>)>;

pub(super) struct Store {
    database: Database,
    events: Keyspace,
    rows: Keyspace,
}

impl Store {
    pub fn open(directory: &Path) -> Result<Store, OpenError> {
        let describe = |error: fjall::Error| match error {
            fjall::Error::Locked => OpenError::InUse(directory.to_owned()),
            other => OpenError::Storage { directory: directory.to_owned(), detail: other.to_string() },
        };
        // Commits say themselves how durable they are, hence `manual_journal_persist`.
        let database = Database::builder(directory)
            .cache_size(LOG_CACHE_BYTES)
            .max_journaling_size(LOG_JOURNAL_BYTES)
            .manual_journal_persist(true)
            .worker_threads(1)
            .open()
            .map_err(describe)?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(LOG_MEMTABLE_BYTES);
        let events = database.keyspace("events", options).map_err(describe)?;
        let rows = database.keyspace("rows", options).map_err(describe)?;
        Ok(Store { database, events, rows })
    }

    /// All blocks or none, on disk when it returns. After an error the store takes nothing more and must be opened
    /// again: what the failed write left behind is known only then.
    pub fn commit(&self, blocks: Blocks) -> fjall::Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (stream, first_offset, block) in blocks {
            batch.insert(self.keyspace(stream), key(first_offset), block);
        }
        batch.commit()
    }

    /// The last block of `stream` with its first offset.
    pub fn last_block(&self, stream: Stream) -> fjall::Result<Option<(u64, Bytes)>> {
        self.keyspace(stream).range(key(0)..=key(u64::MAX)).next_back().map(read).transpose()
    }

    /// The block that holds `offset`, if `offset` is below the end.
    pub fn block_of(&self, stream: Stream, offset: u64) -> fjall::Result<Option<(u64, Bytes)>> {
        self.keyspace(stream).range(key(0)..=key(offset)).next_back().map(read).transpose()
    }

    /// Blocks in order from the one that begins at `offset` on; none when no block begins there.
    pub fn blocks_from(&self, stream: Stream, offset: u64) -> impl Iterator<Item = fjall::Result<(u64, Bytes)>> {
        self.keyspace(stream).range(key(offset)..=key(u64::MAX)).map(read)
    }

    fn keyspace(&self, stream: Stream) -> &Keyspace {
        match stream {
            Stream::Events => &self.events,
            Stream::Rows => &self.rows,
        }
    }
}

fn key(offset: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&PARTITION.to_be_bytes());
    key[4..].copy_from_slice(&offset.to_be_bytes());
    key
}

fn read(entry: fjall::Guard) -> fjall::Result<(u64, Bytes)> {
    let (key, value) = entry.into_inner()?;
    let offset = key.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    let offset = offset.ok_or(fjall::Error::Unrecoverable)?;
    Ok((offset, Bytes::from_owner(value)))
}
