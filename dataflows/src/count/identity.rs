//! Which events were accepted: 32 bytes an identity.
//!
//! One open-addressing table in shards, not one a day: an identity must be found again whatever event time it comes
//! back with, or the same id under a new timestamp would count twice. Each entry keeps its event-time day, so that the
//! horizon can be swept shard by shard.
//!
//! The shards are parts of the organizations' shards, so that they go with those to another worker.
//!
//! A slot is chosen by multiplying the hash with the capacity, which keeps entries in the order of their hashes: a
//! shard grows by half at a time, and growing it is one pass forward through both tables.

use super::prefetch::{CACHE_LINE, prefetch};
use crate::event::OrganizationKey;
use crate::feed::Place;
use crate::shard::{SHARDS, shard_of};
use crate::snapshot::{Form, Malformed, Reader};
use hashbrown::HashMap;

/// Parts of an organization's shard: small enough to grow without a pause, and for an allocator to reuse what they
/// outgrew.
const PART_BITS: u32 = 4;
const FIRST_CAPACITY: usize = 8;

/// What is known of an accepted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub same_content: bool,
    pub place: Place,
    pub retracted: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    /// 0 marks an empty slot; `key` keeps identities away from it.
    identity: u128,
    /// The upper 48 bits of the content hash above the low 16 bits of the event-time day.
    content: u64,
    place: PackedPlace,
}

/// Of an identity in a snapshot.
const WRITTEN_BYTES: usize = 16 + 8 + 8 + 4 + 1;

const EMPTY: Entry = Entry { identity: 0, content: 0, place: PackedPlace(0) };

/// 20 bits of partition, 43 of offset, and whether the event was retracted.
#[derive(Clone, Copy, PartialEq, Eq)]
struct PackedPlace(u64);

impl PackedPlace {
    const RETRACTED: u64 = 1;
    /// The place did not fit and stands in `Identities::far`.
    const FAR: u64 = !Self::RETRACTED;

    fn pack(place: Place) -> Option<PackedPlace> {
        let packed = (u64::from(place.partition) << 44) | (place.offset << 1);
        (place.partition < 1 << 20 && place.offset < 1 << 43 && packed != Self::FAR).then_some(PackedPlace(packed))
    }
}

#[derive(Default)]
struct Shard {
    slots: Vec<Entry>,
    used: usize,
}

pub struct Identities {
    shards: Vec<Shard>,
    far: HashMap<u128, Place, foldhash::fast::FixedState>,
    /// By shard of the organization; none where no snapshots are taken.
    written: Option<Vec<Written>>,
}

/// What snapshots have said of a shard.
#[derive(Clone, Default)]
struct Written {
    /// New or retracted since the last one.
    changed: Vec<u128>,
    whole: usize,
    deltas: usize,
}

impl Default for Identities {
    fn default() -> Identities {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS << PART_BITS).collect();
        Identities { shards, far: HashMap::default(), written: None }
    }
}

impl Identities {
    /// Keeps what snapshots need to know.
    pub fn keep_track(&mut self) {
        self.written = Some(vec![Written::default(); SHARDS]);
    }

    #[inline]
    pub fn prefetch(&self, organization: OrganizationKey, identity: u128) {
        let key = key(identity);
        let shard = &self.shards[part_of(organization, key)];
        let slot = shard.slots.as_ptr().wrapping_add(slot_of(key, shard.slots.len()));
        prefetch(slot);
        prefetch(slot.wrapping_add(CACHE_LINE / size_of::<Entry>()));
    }

    #[inline]
    pub fn find(&self, organization: OrganizationKey, identity: u128, content: u64) -> Option<Known> {
        let key = key(identity);
        let shard = &self.shards[part_of(organization, key)];
        let entry = &shard.slots[shard.position(key)?];
        Some(Known {
            same_content: entry.content >> 16 == content >> 16,
            place: self.place(key, entry.place),
            retracted: entry.place.0 & PackedPlace::RETRACTED != 0,
        })
    }

    /// Remembers an identity that `find` did not know.
    #[inline]
    pub fn insert(&mut self, organization: OrganizationKey, identity: u128, content: u64, day: i32, place: Place) {
        let key = key(identity);
        let place = self.pack(key, place);
        let content = (content & !0xFFFF) | (day as u64 & 0xFFFF);
        self.shards[part_of(organization, key)].insert(Entry { identity: key, content, place });
        self.changed(organization, key);
    }

    pub fn mark_retracted(&mut self, organization: OrganizationKey, identity: u128) {
        let key = key(identity);
        let shard = &mut self.shards[part_of(organization, key)];
        if let Some(position) = shard.position(key) {
            shard.slots[position].place.0 |= PackedPlace::RETRACTED;
            self.changed(organization, key);
        }
    }

    #[inline]
    fn changed(&mut self, organization: OrganizationKey, key: u128) {
        if let Some(written) = &mut self.written {
            written[usize::from(shard_of(organization))].changed.push(key);
        }
    }

    #[inline]
    fn pack(&mut self, key: u128, place: Place) -> PackedPlace {
        PackedPlace::pack(place).unwrap_or_else(|| {
            self.far.insert(key, place);
            PackedPlace(PackedPlace::FAR)
        })
    }

    /// What changed of a shard since the last snapshot, or all of it where that is not much more. A shard is written whole again when its deltas have grown as large as it was, so that over time each
    /// identity is written about twice.
    pub fn snapshot(&mut self, shard: u8) -> Option<(Form, Vec<u8>)> {
        let written = self.written.as_mut()?.get_mut(usize::from(shard))?;
        let changed = std::mem::take(&mut written.changed);
        if changed.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        if written.deltas + changed.len() <= written.whole {
            written.deltas += changed.len();
            for key in changed {
                let part = &self.shards[part(shard, key)];
                part.position(key).into_iter().for_each(|position| self.write(&part.slots[position], &mut out));
            }
            return Some((Form::Delta, out));
        }
        let parts = &self.shards[usize::from(shard) << PART_BITS..][..1 << PART_BITS];
        let entries: usize = parts.iter().map(|part| part.used).sum();
        (written.whole, written.deltas) = (entries, 0);
        out.reserve(entries * WRITTEN_BYTES);
        let entries = parts.iter().flat_map(|part| &part.slots).filter(|entry| entry.identity != 0);
        entries.for_each(|entry| self.write(entry, &mut out));
        Some((Form::Whole, out))
    }

    fn write(&self, entry: &Entry, out: &mut Vec<u8>) {
        let place = self.place(entry.identity, entry.place);
        out.extend_from_slice(&entry.identity.to_le_bytes());
        out.extend_from_slice(&entry.content.to_le_bytes());
        out.extend_from_slice(&place.offset.to_le_bytes());
        out.extend_from_slice(&place.partition.to_le_bytes());
        out.push((entry.place.0 & PackedPlace::RETRACTED) as u8);
    }

    /// Takes one up; a later one of the same identity replaces it.
    pub fn read(&mut self, shard: u8, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (identity, content) = (key(reader.u128()?), reader.u64()?);
        let (offset, partition, retracted) = (reader.u64()?, reader.u32()?, u64::from(reader.u8()? & 1));
        let place = PackedPlace(self.pack(identity, Place { partition, offset }).0 | retracted);
        let entry = Entry { identity, content, place };
        let part = &mut self.shards[part(shard, identity)];
        match part.position(identity) {
            Some(position) => part.slots[position] = entry,
            None => part.insert(entry),
        }
        if let Some(written) = &mut self.written {
            written[usize::from(shard)].whole += 1;
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.used).sum()
    }

    fn place(&self, key: u128, packed: PackedPlace) -> Place {
        match packed.0 & !PackedPlace::RETRACTED {
            PackedPlace::FAR => self.far.get(&key).copied().unwrap_or_default(),
            packed => Place { partition: (packed >> 44) as u32, offset: (packed >> 1) & ((1 << 43) - 1) },
        }
    }
}

#[inline]
fn key(identity: u128) -> u128 {
    identity.max(1)
}

#[inline]
fn part_of(organization: OrganizationKey, key: u128) -> usize {
    part(shard_of(organization), key)
}

#[inline]
fn part(shard: u8, key: u128) -> usize {
    usize::from(shard) << PART_BITS | (key >> (128 - PART_BITS)) as usize
}

#[inline]
fn slot_of(key: u128, capacity: usize) -> usize {
    ((u128::from(key as u64) * capacity as u128) >> 64) as usize
}

impl Shard {
    #[inline]
    fn position(&self, key: u128) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut position = slot_of(key, self.slots.len());
        loop {
            match self.slots[position].identity {
                found if found == key => return Some(position),
                0 => return None,
                _ => position = if position + 1 == self.slots.len() { 0 } else { position + 1 },
            }
        }
    }

    #[inline]
    fn insert(&mut self, entry: Entry) {
        // At most seven tenths full: an unknown identity is then seen as such after three or four slots, six at most.
        if (self.used + 1) * 10 > self.slots.len() * 7 {
            self.grow();
        }
        self.put(entry);
        self.used += 1;
    }

    #[inline]
    fn put(&mut self, entry: Entry) {
        let mut position = slot_of(entry.identity, self.slots.len());
        while self.slots[position].identity != 0 {
            position = if position + 1 == self.slots.len() { 0 } else { position + 1 };
        }
        self.slots[position] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        let capacity = (self.slots.len() + self.slots.len() / 2).max(FIRST_CAPACITY);
        let old = std::mem::replace(&mut self.slots, vec![EMPTY; capacity]);
        old.into_iter().filter(|entry| entry.identity != 0).for_each(|entry| self.put(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: OrganizationKey = OrganizationKey(0x1234);

    fn place(partition: u32, offset: u64) -> Place {
        Place { partition, offset }
    }

    #[test]
    fn an_identity_is_found_with_its_place_and_content_however_many_there_are() {
        let mut identities = Identities::default();
        let identity = |number: u64| xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes());
        for number in 0..50_000 {
            assert_eq!(identities.find(ORGANIZATION, identity(number), number << 16), None);
            identities.insert(ORGANIZATION, identity(number), number << 16, number as i32, place(3, number));
        }
        assert_eq!(identities.len(), 50_000);
        for number in 0..50_000 {
            let known = identities.find(ORGANIZATION, identity(number), number << 16).unwrap();
            assert_eq!(known, Known { same_content: true, place: place(3, number), retracted: false });
            assert!(!identities.find(ORGANIZATION, identity(number), (number + 1) << 16).unwrap().same_content);
        }
    }

    #[test]
    fn the_identity_zero_is_one_like_any_other() {
        let mut identities = Identities::default();
        assert_eq!(identities.find(ORGANIZATION, 0, 0), None);
        identities.insert(ORGANIZATION, 0, 0, 0, place(0, 0));
        assert!(identities.find(ORGANIZATION, 0, 0).is_some());
    }

    #[test]
    fn places_too_far_to_pack_are_kept_whole() {
        let mut identities = Identities::default();
        let far =
            [place(u32::MAX, u64::MAX), place((1 << 20) - 1, (1 << 43) - 1), place(1 << 20, 0), place(0, 1 << 43)];
        for (number, place) in far.into_iter().enumerate() {
            identities.insert(ORGANIZATION, number as u128 + 1, 0, 0, place);
            identities.mark_retracted(ORGANIZATION, number as u128 + 1);
            let known = identities.find(ORGANIZATION, number as u128 + 1, 0).unwrap();
            assert_eq!(known, Known { same_content: true, place, retracted: true });
        }
    }
}
