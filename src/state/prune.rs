//! What nobody needs any more: manifests before the newest few, segments that no kept manifest lists, and files that a
//! crash left unfinished.

use super::folder::UNFINISHED;
use super::manifest::{self, Manifest};
use super::read::{numbers, read_manifest};
use super::{StateError, Storage};
use serde::Serialize;
use std::collections::HashSet;

/// What is to stay.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// So many of the newest sound manifests, at least one.
    pub manifests: usize,
    /// Segments of greater generations: their writer may be about to list them.
    pub generation_max: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removable {
    pub manifests: Vec<String>,
    pub segments: Vec<String>,
    pub unfinished: Vec<String>,
}

impl Removable {
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.manifests.iter().chain(&self.segments).chain(&self.unfinished)
    }
}

pub fn removable(storage: &impl Storage, kept: Kept) -> Result<Removable, StateError> {
    let mut names = storage.list()?;
    names.sort_unstable();
    let mut sound: Vec<Manifest> = Vec::new();
    let mut removable = Removable::default();
    for number in numbers(storage)?.into_iter().rev() {
        if sound.len() == kept.manifests.max(1) {
            removable.manifests.push(manifest::name_of(number));
            continue;
        }
        match read_manifest(storage, number) {
            Ok(manifest) => sound.push(manifest),
            // Stays where it can be looked at until enough newer ones are there.
            Err(StateError::Torn { .. } | StateError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    removable.manifests.reverse();
    let listed: HashSet<&str> =
        sound.iter().flat_map(|manifest| &manifest.segments).map(|segment| segment.name.as_str()).collect();
    for name in names {
        // Without a sound manifest nobody can say which segments are needed.
        let segment = manifest::segment_of(&name).filter(|_| !sound.is_empty());
        if segment.is_some_and(|(generation, _)| generation <= kept.generation_max) && !listed.contains(name.as_str()) {
            removable.segments.push(name);
        } else if name.ends_with(UNFINISHED) {
            removable.unfinished.push(name);
        }
    }
    Ok(removable)
}

/// Manifests go first: one that stays must not list what is gone.
pub fn remove(storage: &impl Storage, removable: &Removable) -> Result<(), StateError> {
    for names in [&removable.manifests, &removable.segments, &removable.unfinished] {
        if !names.is_empty() {
            storage.remove(names)?;
        }
    }
    Ok(())
}
