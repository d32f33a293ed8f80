//! A manifest: which segments make a checkpoint, and where it stands.

use super::{FORMAT_VERSION, StateError};
use crate::source::Positions;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &str = "highwater-state-manifest";

/// Where the state of a checkpoint stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Of the process that wrote it, counted from its start.
    pub epoch: u64,
    /// The greatest event time that was accepted.
    pub event_time_max: Option<EventTime>,
    /// How far each partition was read.
    pub positions: Positions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub number: u64,
    /// The number of the manifest by which its writer claimed the store.
    pub generation: u64,
    /// None before the first checkpoint.
    pub cut: Option<Cut>,
    /// Oldest first.
    pub segments: Vec<SegmentRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRef {
    pub name: String,
    pub bytes: u64,
    /// The checksum at the end of its table, in hex.
    pub table: String,
}

pub fn encode(manifest: &Manifest) -> Vec<u8> {
    // Text keys and numbers only, which JSON always takes.
    let document = serde_json::to_string(manifest).unwrap_or_default();
    format!("{MAGIC} {FORMAT_VERSION} {:016x}\n{document}\n", xxh3_64(document.as_bytes())).into_bytes()
}

pub fn decode(name: &str, bytes: &[u8]) -> Result<Manifest, StateError> {
    let torn = |reason: &str| StateError::torn(name, reason);
    let text = std::str::from_utf8(bytes).map_err(|_| torn("it is no text"))?;
    let (line, document) = text.split_once('\n').ok_or_else(|| torn("it ends within its first line"))?;
    let mut words = line.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(torn("it does not begin as a manifest does"));
    }
    let version = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| torn("it names no format version"))?;
    if version > FORMAT_VERSION {
        return Err(StateError::WrongVersion { file: name.to_owned(), found: version });
    }
    let document = document.strip_suffix('\n').ok_or_else(|| torn("it does not end with a line"))?;
    let checksum = format!("{:016x}", xxh3_64(document.as_bytes()));
    if version != FORMAT_VERSION || words.next() != Some(&checksum) || words.next().is_some() {
        return Err(torn("its checksum does not match"));
    }
    let manifest: Manifest = serde_json::from_str(document).map_err(|error| StateError::torn(name, error))?;
    match number_of(name) == Some(manifest.number) {
        true => Ok(manifest),
        false => Err(torn("it says another number than its name does")),
    }
}

pub fn name_of(number: u64) -> String {
    format!("manifest-{number:016}")
}

/// The number of a manifest; `None` of any other file.
pub fn number_of(name: &str) -> Option<u64> {
    digits(name.strip_prefix("manifest-")?, 16)
}

pub fn segment_name(generation: u64, number: u64) -> String {
    format!("segment-{generation:016}-{number:06}")
}

/// The generation and number of a segment; `None` of any other file.
pub fn segment_of(name: &str) -> Option<(u64, u64)> {
    let (generation, number) = name.strip_prefix("segment-")?.split_once('-')?;
    Some((digits(generation, 16)?, digits(number, 6)?))
}

/// A decimal number of at least so many digits.
fn digits(text: &str, width: usize) -> Option<u64> {
    (text.len() >= width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
