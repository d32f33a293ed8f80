//! Writing checkpoints: the claim, the commit, and the fence between two writers.

use super::manifest::{self, Cut, Manifest, SegmentRef};
use super::prune::{self, Kept, Removable};
use super::read::{self, Found, numbers, read_manifest, standing};
use super::segment::{self, Entry};
use super::storage::Created;
use super::{KEPT_MANIFESTS, StateError, Storage};
use highwater_dataflows::snapshot::Section;

/// A segment ends with the section that reaches this, which bounds what is held in memory twice.
const SEGMENT_BYTES: usize = 64 << 20;

/// The right to write checkpoints, until somebody else claims it.
#[derive(Debug)]
pub struct Store<S> {
    storage: S,
    generation: u64,
    /// As it was committed last.
    manifest: Manifest,
    /// The tables of its segments.
    tables: Vec<Vec<Entry>>,
    next_segment: u64,
}

impl<S: Storage> Store<S> {
    /// Claims the store and hands out the newest sound checkpoint. Whoever held it is fenced from here on.
    pub fn claim(storage: S) -> Result<(Store<S>, Found), StateError> {
        loop {
            let found = read::find(&storage)?;
            let number = numbers(&storage)?.last().map_or(1, |newest| newest + 1);
            let (cut, segments, tables) = match &found.checkpoint {
                Some(checkpoint) => {
                    let manifest = &checkpoint.manifest;
                    (manifest.cut.clone(), manifest.segments.clone(), checkpoint.tables.clone())
                }
                None => Default::default(),
            };
            let manifest = Manifest { number, generation: number, cut, segments };
            // Taken meanwhile: what was found may be old by now.
            if create(&storage, &manifest)? == Created::New {
                return Ok((Store { storage, generation: number, manifest, tables, next_segment: 0 }, found));
            }
        }
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    #[cfg(test)]
    pub(super) fn storage(&self) -> &S {
        &self.storage
    }

    /// Writes what changed since the last checkpoint as the newest one: durable and verified on return. After an error
    /// the one before holds, and what was given is to be given again, with what changed since. After an indefinite error
    /// whoever claims next may find the new one.
    pub fn commit(&mut self, cut: Cut, sections: &[Section]) -> Result<(), StateError> {
        let mut segments: Vec<(SegmentRef, Vec<Entry>)> =
            self.manifest.segments.iter().cloned().zip(self.tables.iter().cloned()).collect();
        let mut rest = sections;
        while !rest.is_empty() {
            let (run, after) = rest.split_at(run_length(rest));
            segments.push(self.write_segment(run)?);
            rest = after;
        }
        let tables: Vec<Vec<Entry>> = segments.iter().map(|(_, table)| table.clone()).collect();
        let needed = standing(&tables).into_iter().map(|stands| stands.contains(&true));
        let kept = segments.into_iter().zip(needed).filter_map(|(segment, needed)| needed.then_some(segment));
        let (segments, tables): (Vec<SegmentRef>, Vec<Vec<Entry>>) = kept.unzip();
        self.manifest = self.write_manifest(cut, segments)?;
        self.tables = tables;
        Ok(())
    }

    fn write_segment(&mut self, sections: &[Section]) -> Result<(SegmentRef, Vec<Entry>), StateError> {
        let bytes = segment::encode(sections);
        loop {
            let name = manifest::segment_name(self.generation, self.next_segment);
            self.next_segment += 1;
            // A name is taken where an earlier try was not sure of its end.
            if self.storage.create(&name, &bytes)? == Created::Exists {
                continue;
            }
            let table = segment::table(&name, &bytes)?;
            let checksum = format!("{:016x}", table.checksum);
            let listed = SegmentRef { name, bytes: bytes.len() as u64, table: checksum };
            let read = self.storage.read(&listed.name)?.unwrap_or_default();
            // Its manifest is not there yet, so nothing has happened.
            let verified = read::verified(&listed, &read)?;
            return Ok((listed, verified));
        }
    }

    fn write_manifest(&self, cut: Cut, segments: Vec<SegmentRef>) -> Result<Manifest, StateError> {
        let mut manifest = Manifest { number: 0, generation: self.generation, cut: Some(cut), segments };
        loop {
            manifest.number = self.unfenced()? + 1;
            if create(&self.storage, &manifest)? == Created::Exists {
                // Somebody else's: the next look says whose.
                continue;
            }
            // A number that was free only because its manifest was pruned is an old one.
            let newest = numbers(&self.storage)?.last().copied().unwrap_or_default();
            if newest > manifest.number {
                self.storage.remove(&[manifest::name_of(manifest.number)])?;
                return Err(StateError::Fenced { own: self.generation, newer: newest });
            }
            return Ok(manifest);
        }
    }

    /// The greatest number there is, if all of those after the last commit are this writer's.
    fn unfenced(&self) -> Result<u64, StateError> {
        let fenced = |newer: u64| StateError::Fenced { own: self.generation, newer };
        let numbers = numbers(&self.storage)?;
        for number in numbers.iter().filter(|number| **number > self.manifest.number) {
            match read_manifest(&self.storage, *number) {
                Ok(found) if found.generation == self.generation => {}
                Ok(found) => return Err(fenced(found.generation)),
                // Pruned since it was listed, which only a newer writer does.
                Err(StateError::Missing { .. }) => return Err(fenced(*number)),
                Err(error) => return Err(error),
            }
        }
        Ok(numbers.last().copied().unwrap_or_default().max(self.manifest.number))
    }

    /// Removes what the newest manifests no longer need.
    pub fn prune(&self) -> Result<Removable, StateError> {
        let kept = Kept { manifests: KEPT_MANIFESTS, generation_max: self.generation };
        let removable = prune::removable(&self.storage, kept)?;
        prune::remove(&self.storage, &removable)?;
        Ok(removable)
    }
}

/// Durable and read back on return.
fn create(storage: &impl Storage, manifest: &Manifest) -> Result<Created, StateError> {
    let name = manifest::name_of(manifest.number);
    let created = storage.create(&name, &manifest::encode(manifest))?;
    if created == Created::New {
        let unverified = |reason: String| StateError::Unverified { file: manifest::name_of(manifest.number), reason };
        match read_manifest(storage, manifest.number) {
            Ok(read) if read == *manifest => {}
            Ok(_) => return Err(unverified("it says something else".to_owned())),
            Err(error) => return Err(unverified(error.to_string())),
        }
    }
    Ok(created)
}

/// How many of these sections go into one segment: at least one.
fn run_length(sections: &[Section]) -> usize {
    let mut bytes = 0;
    let reached = sections.iter().position(|section| {
        bytes += section.payload.len();
        bytes >= SEGMENT_BYTES
    });
    reached.map_or(sections.len(), |last| last + 1)
}
