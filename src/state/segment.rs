//! A segment: sections behind a table that says what and where they are.

use super::{FORMAT_VERSION, StateError};
use highwater_dataflows::snapshot::{Form, Kind, Section};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"HWSEGMNT";
const HEAD_BYTES: usize = 16;
const ENTRY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 8;

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub shard: u8,
    pub form: Form,
    pub offset: u64,
    pub length: u64,
    checksum: u64,
}

/// The table of a segment, and the checksum at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub entries: Vec<Entry>,
    pub checksum: u64,
}

pub fn encode(sections: &[Section]) -> Vec<u8> {
    let head = HEAD_BYTES + sections.len() * ENTRY_BYTES + CHECKSUM_BYTES;
    let mut bytes = Vec::with_capacity(head + sections.iter().map(|section| section.payload.len()).sum::<usize>());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    let mut offset = head as u64;
    for section in sections {
        bytes.extend_from_slice(&number_of(section.kind).to_le_bytes());
        bytes.extend_from_slice(&u16::from(section.shard).to_le_bytes());
        bytes.extend_from_slice(&u32::from(section.form == Form::Delta).to_le_bytes());
        bytes.extend_from_slice(&offset.to_le_bytes());
        bytes.extend_from_slice(&(section.payload.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&xxh3_64(&section.payload).to_le_bytes());
        offset += section.payload.len() as u64;
    }
    let checksum = xxh3_64(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    sections.iter().for_each(|section| bytes.extend_from_slice(&section.payload));
    bytes
}

/// The table, held to its checksum; every section must lie where it says and nothing besides.
pub fn table(name: &str, bytes: &[u8]) -> Result<Table, StateError> {
    let torn = |reason: &str| StateError::torn(name, reason);
    let head = bytes.get(..HEAD_BYTES).ok_or_else(|| torn("it ends within its head"))?;
    if &head[..8] != MAGIC {
        return Err(torn("it does not begin as a segment does"));
    }
    let version = u32_at(head, 8);
    if version > FORMAT_VERSION {
        return Err(StateError::WrongVersion { file: name.to_owned(), found: version });
    }
    let count = u32_at(head, 12) as usize;
    let end = HEAD_BYTES + count * ENTRY_BYTES;
    let listed = bytes.get(..end + CHECKSUM_BYTES).ok_or_else(|| torn("it ends within its table"))?;
    let checksum = u64_at(listed, end);
    if version != FORMAT_VERSION || xxh3_64(&listed[..end]) != checksum {
        return Err(torn("the checksum of its table does not match"));
    }
    let mut offset = listed.len() as u64;
    let mut entries = Vec::with_capacity(count);
    for line in listed[HEAD_BYTES..end].chunks_exact(ENTRY_BYTES) {
        let entry = entry(line).ok_or_else(|| torn("its table names a section of no known kind"))?;
        if entry.offset != offset {
            return Err(torn("its sections do not follow each other"));
        }
        offset = offset.saturating_add(entry.length);
        entries.push(entry);
    }
    match offset == bytes.len() as u64 {
        true => Ok(Table { entries, checksum }),
        false => Err(torn("it is not as long as its table says")),
    }
}

fn entry(line: &[u8]) -> Option<Entry> {
    Some(Entry {
        kind: kind_of(u16::from_le_bytes([line[0], line[1]]))?,
        shard: u16::from_le_bytes([line[2], line[3]]).try_into().ok()?,
        form: match u32_at(line, 4) {
            0 => Form::Whole,
            1 => Form::Delta,
            _ => return None,
        },
        offset: u64_at(line, 8),
        length: u64_at(line, 16),
        checksum: u64_at(line, 24),
    })
}

/// The payload of a section of these bytes, held to its checksum.
pub fn payload<'a>(name: &str, bytes: &'a [u8], entry: &Entry) -> Result<&'a [u8], StateError> {
    let found = bytes.get(entry.offset as usize..(entry.offset + entry.length) as usize);
    match found {
        Some(payload) if xxh3_64(payload) == entry.checksum => Ok(payload),
        _ => {
            let (kind, shard) = (entry.kind.name(), entry.shard);
            Err(StateError::torn(name, format_args!("the checksum of {kind} of shard {shard} does not match")))
        }
    }
}

fn number_of(kind: Kind) -> u16 {
    kind as u16 + 1
}

fn kind_of(number: u16) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| number_of(*kind) == number)
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    bytes[offset..].first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    bytes[offset..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}
