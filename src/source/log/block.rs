//! How records stand in the store: blocks of whole records under the offset of their first one.
//!
//! ```text
//! key    partition u32 BE · first offset u64 BE
//! value  format u8 (1) · records u32 LE · then each record:
//!        received_at i64 LE, µs · table u8 (255: an event) · key length u16 LE · value length u32 LE (2³²−1: removed)
//!        · key · value
//! ```
//!
//! A block is what one fsync brought in, cut at [`LOG_BLOCK_BYTES`](crate::source::bounds::LOG_BLOCK_BYTES): a store
//! that keeps an entry per record would spend more on keys than on events.

use bytes::{Buf, BufMut, Bytes};
use highwater_rating::tables::Table;
use highwater_rating::time::EventTime;

const FORMAT: u8 = 1;
const BLOCK_HEADER_BYTES: usize = 5;
const RECORD_HEADER_BYTES: usize = 15;
const NO_TABLE: u8 = 255;
const REMOVED: u32 = u32::MAX;

/// One record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub received_at: EventTime,
    /// `None` for an event.
    pub table: Option<Table>,
    pub key: Bytes,
    /// `None` removes the row of `key`.
    pub value: Option<Bytes>,
}

/// Collects records until the block is full.
pub(super) struct BlockWriter {
    records: u32,
    bytes: Vec<u8>,
}

impl BlockWriter {
    pub fn new() -> BlockWriter {
        let mut bytes = vec![FORMAT];
        bytes.put_u32_le(0);
        BlockWriter { records: 0, bytes }
    }

    pub fn records(&self) -> u32 {
        self.records
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Lengths were checked when the append was taken on.
    pub fn push(&mut self, record: &Stored) {
        self.records += 1;
        self.bytes.put_i64_le(record.received_at.0);
        self.bytes.put_u8(record.table.map_or(NO_TABLE, table_number));
        self.bytes.put_u16_le(record.key.len() as u16);
        self.bytes.put_u32_le(record.value.as_ref().map_or(REMOVED, |value| value.len() as u32));
        self.bytes.extend_from_slice(&record.key);
        self.bytes.extend_from_slice(record.value.as_deref().unwrap_or_default());
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.bytes[1..BLOCK_HEADER_BYTES].copy_from_slice(&self.records.to_le_bytes());
        self.bytes
    }
}

/// The records of a block, as slices of it. `Err` ends the iteration: the block is not one of ours.
pub(super) struct BlockReader {
    left: u32,
    bytes: Bytes,
}

impl BlockReader {
    pub fn new(mut bytes: Bytes) -> Result<BlockReader, String> {
        if bytes.len() < BLOCK_HEADER_BYTES {
            return Err("a block without its header".into());
        }
        let format = bytes.get_u8();
        if format != FORMAT {
            return Err(format!("a block of format {format}; this version reads format {FORMAT}"));
        }
        let left = bytes.get_u32_le();
        Ok(BlockReader { left, bytes })
    }

    pub fn records(&self) -> u32 {
        self.left
    }

    fn read(&mut self) -> Result<Stored, String> {
        if self.bytes.len() < RECORD_HEADER_BYTES {
            return Err("a block that ends before its last record".into());
        }
        let received_at = EventTime(self.bytes.get_i64_le());
        let table = self.bytes.get_u8();
        let key_length = usize::from(self.bytes.get_u16_le());
        let value_length = self.bytes.get_u32_le();
        let value_bytes = if value_length == REMOVED { 0 } else { value_length as usize };
        if self.bytes.len() < key_length + value_bytes {
            return Err("a block that ends inside a record".into());
        }
        let key = self.bytes.split_to(key_length);
        let value = self.bytes.split_to(value_bytes);
        let table = match table {
            NO_TABLE => None,
            number => Some(numbered_table(number).ok_or_else(|| format!("a row of table number {number}"))?),
        };
        Ok(Stored { received_at, table, key, value: (value_length != REMOVED).then_some(value) })
    }
}

impl Iterator for BlockReader {
    type Item = Result<Stored, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let record = self.read();
        self.left = if record.is_ok() { self.left - 1 } else { 0 };
        Some(record)
    }
}

/// Numbers on disk: never reused, never changed.
const TABLES: [(u8, Table); 8] = [
    (0, Table::Meters),
    (1, Table::Plans),
    (2, Table::AddOns),
    (3, Table::Subscriptions),
    (4, Table::Overrides),
    (5, Table::Grants),
    (6, Table::Adjustments),
    (7, Table::CreditPolicies),
];

fn table_number(table: Table) -> u8 {
    TABLES.iter().find(|(_, known)| *known == table).map_or(NO_TABLE, |(number, _)| *number)
}

fn numbered_table(number: u8) -> Option<Table> {
    TABLES.iter().find(|(known, _)| *known == number).map(|(_, table)| *table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored() -> impl Strategy<Value = Stored> {
        let table = proptest::option::of((0..7u8).prop_map(|number| numbered_table(number).unwrap()));
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from);
        (any::<i64>(), table, bytes(), proptest::option::of(bytes())).prop_map(|(received_at, table, key, value)| {
            Stored { received_at: EventTime(received_at), table, key, value }
        })
    }

    proptest! {
        #[test]
        fn a_block_reads_back_as_it_was_written_and_no_cut_of_it_passes_for_whole(
            records in proptest::collection::vec(stored(), 0..20), cut in any::<proptest::sample::Index>(),
        ) {
            let mut writer = BlockWriter::new();
            records.iter().for_each(|record| writer.push(record));
            let block = Bytes::from(writer.finish());
            let read: Result<Vec<_>, _> = BlockReader::new(block.clone()).unwrap().collect();
            prop_assert_eq!(read.unwrap(), records);

            let torn = block.slice(..cut.index(block.len()));
            let read: Result<Vec<_>, _> = BlockReader::new(torn).and_then(|reader| reader.collect());
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn every_table_has_its_number_on_disk() {
        for (number, table) in TABLES {
            assert_eq!((table_number(table), numbered_table(number)), (number, Some(table)));
        }
    }
}
