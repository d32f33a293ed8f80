//! Every checkpoint there is, with everything that is wrong with it.

use super::manifest::{self, Cut, Manifest};
use super::read::{numbers, read_manifest, read_segment, standing, verified};
use super::segment::Entry;
use super::{StateError, Storage};
use highwater_dataflows::snapshot::Kind;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckpointSurvey {
    pub manifest: String,
    pub number: u64,
    /// None where the manifest cannot be read.
    pub generation: Option<u64>,
    pub cut: Option<Cut>,
    pub segments: usize,
    pub bytes: u64,
    /// What stands, by kind; as far as it can be read.
    pub sections: Vec<KindTotal>,
    /// Empty of a sound one.
    pub problems: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KindTotal {
    pub kind: Kind,
    pub sections: usize,
    pub bytes: u64,
}

/// Reads every byte of every checkpoint; newest first. A service that runs meanwhile may prune: a checkpoint that is
/// gone by then is none.
pub fn survey(storage: &impl Storage) -> Result<Vec<CheckpointSurvey>, StateError> {
    let mut read = BTreeMap::new();
    let mut found = Vec::new();
    for number in numbers(storage)?.into_iter().rev() {
        let surveyed = match read_manifest(storage, number) {
            Ok(manifest) => look_at(storage, manifest, &mut read)?,
            Err(StateError::Storage(error)) => return Err(error.into()),
            Err(error) => CheckpointSurvey {
                manifest: manifest::name_of(number),
                number,
                generation: None,
                cut: None,
                segments: 0,
                bytes: 0,
                sections: Vec::new(),
                problems: vec![error.to_string()],
            },
        };
        if surveyed.problems.is_empty() || storage.read(&surveyed.manifest)?.is_some() {
            found.push(surveyed);
        }
    }
    Ok(found)
}

/// Segments that were read, by name and the checksum that a manifest lists.
type Read = BTreeMap<(String, String), Result<Vec<Entry>, String>>;

fn look_at(storage: &impl Storage, manifest: Manifest, read: &mut Read) -> Result<CheckpointSurvey, StateError> {
    let (mut problems, mut tables) = (Vec::new(), Vec::new());
    for listed in &manifest.segments {
        let key = (listed.name.clone(), listed.table.clone());
        if !read.contains_key(&key) {
            let entries =
                match read_segment(storage, listed, manifest.number).and_then(|bytes| verified(listed, &bytes)) {
                    Err(StateError::Storage(error)) => return Err(error.into()),
                    entries => entries.map_err(|error| error.to_string()),
                };
            read.insert(key.clone(), entries);
        }
        match &read[&key] {
            Ok(entries) => tables.push(entries.clone()),
            Err(problem) => problems.push(problem.clone()),
        }
    }
    Ok(CheckpointSurvey {
        manifest: manifest::name_of(manifest.number),
        number: manifest.number,
        generation: Some(manifest.generation),
        cut: manifest.cut,
        segments: manifest.segments.len(),
        bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
        sections: totals(&tables),
        problems,
    })
}

fn totals(tables: &[Vec<Entry>]) -> Vec<KindTotal> {
    let mut totals: BTreeMap<Kind, KindTotal> = BTreeMap::new();
    for (entry, _) in tables.iter().flatten().zip(standing(tables).into_iter().flatten()).filter(|(_, stands)| *stands)
    {
        let total = totals.entry(entry.kind).or_insert(KindTotal { kind: entry.kind, sections: 0, bytes: 0 });
        total.sections += 1;
        total.bytes += entry.length;
    }
    totals.into_values().collect()
}
