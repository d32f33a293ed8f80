//! Finding the newest sound checkpoint.

use super::manifest::{self, Manifest, SegmentRef};
use super::segment::{self, Entry};
use super::{StateError, Storage};
use highwater_dataflows::snapshot::{Form, Section};
use std::collections::HashMap;

/// A checkpoint, every byte of it verified.
#[derive(Debug)]
pub struct Checkpoint {
    pub manifest: Manifest,
    /// What stands, in the order in which it is to be taken: of a kind and shard first the whole, then its deltas.
    pub sections: Vec<Section>,
    /// The tables of the manifest's segments.
    pub(super) tables: Vec<Vec<Entry>>,
}

#[derive(Debug)]
pub struct Found {
    pub checkpoint: Option<Checkpoint>,
    /// Newer ones that are not sound: newest first, each with the first thing that is wrong.
    pub damaged: Vec<StateError>,
}

/// The newest sound checkpoint. Ends with an error where the storage cannot be read, and where a newer program has
/// written: what damage means is the caller's to say, and it must not put old state in the place of new.
pub fn find(storage: &impl Storage) -> Result<Found, StateError> {
    let mut damaged = Vec::new();
    for number in numbers(storage)?.into_iter().rev() {
        let read = read_manifest(storage, number).and_then(|manifest| read_segments(storage, manifest));
        match read {
            Ok(checkpoint) => return Ok(Found { checkpoint: Some(checkpoint), damaged }),
            Err(error @ (StateError::Torn { .. } | StateError::Missing { .. })) => damaged.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(Found { checkpoint: None, damaged })
}

/// The numbers of all manifests, in order.
pub(super) fn numbers(storage: &impl Storage) -> Result<Vec<u64>, StateError> {
    let mut numbers: Vec<u64> = storage.list()?.iter().filter_map(|name| manifest::number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn read_manifest(storage: &impl Storage, number: u64) -> Result<Manifest, StateError> {
    let name = manifest::name_of(number);
    match storage.read(&name)? {
        Some(bytes) => manifest::decode(&name, &bytes),
        None => Err(StateError::Missing { file: name, listed_by: "its folder".to_owned() }),
    }
}

fn read_segments(storage: &impl Storage, manifest: Manifest) -> Result<Checkpoint, StateError> {
    let mut files = Vec::with_capacity(manifest.segments.len());
    let mut tables = Vec::with_capacity(manifest.segments.len());
    for listed in &manifest.segments {
        let bytes = read_segment(storage, listed, manifest.number)?;
        tables.push(verified(listed, &bytes)?);
        files.push(bytes);
    }
    let stands = standing(&tables);
    let mut sections = Vec::new();
    for (((listed, bytes), table), stands) in manifest.segments.iter().zip(&files).zip(&tables).zip(stands) {
        for (entry, _) in table.iter().zip(stands).filter(|(_, stands)| *stands) {
            let payload = segment::payload(&listed.name, bytes, entry)?.to_vec();
            sections.push(Section { kind: entry.kind, shard: entry.shard, form: entry.form, payload });
        }
    }
    Ok(Checkpoint { manifest, sections, tables })
}

pub(super) fn read_segment(storage: &impl Storage, listed: &SegmentRef, number: u64) -> Result<Vec<u8>, StateError> {
    let missing = || StateError::Missing { file: listed.name.clone(), listed_by: manifest::name_of(number) };
    storage.read(&listed.name)?.ok_or_else(missing)
}

/// The table of a segment whose every byte is as the manifest says.
pub(super) fn verified(listed: &SegmentRef, bytes: &[u8]) -> Result<Vec<Entry>, StateError> {
    let table = segment::table(&listed.name, bytes)?;
    if bytes.len() as u64 != listed.bytes || format!("{:016x}", table.checksum) != listed.table {
        return Err(StateError::torn(&listed.name, "it is not the segment that the manifest lists"));
    }
    for entry in &table.entries {
        segment::payload(&listed.name, bytes, entry)?;
    }
    Ok(table.entries)
}

/// Which sections of these segments stand: the newest whole one of each kind and shard, and the deltas after it.
pub(super) fn standing(tables: &[Vec<Entry>]) -> Vec<Vec<bool>> {
    let mut newest_whole = HashMap::new();
    let place = |segment: usize, line: usize| (segment, line);
    for (segment, table) in tables.iter().enumerate() {
        for (line, entry) in table.iter().enumerate().filter(|(_, entry)| entry.form == Form::Whole) {
            newest_whole.insert((entry.kind, entry.shard), place(segment, line));
        }
    }
    let stands = |segment: usize, line: usize, entry: &Entry| {
        newest_whole.get(&(entry.kind, entry.shard)).is_none_or(|whole| *whole <= place(segment, line))
    };
    let of_table = |(segment, table): (usize, &Vec<Entry>)| {
        table.iter().enumerate().map(|(line, entry)| stands(segment, line, entry)).collect()
    };
    tables.iter().enumerate().map(of_table).collect()
}
