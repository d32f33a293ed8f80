//! The texts behind the keys: organizations and dimension values.
//!
//! Keys are hashes of the text, so they mean the same in every process and need no dictionary to be exchanged. This
//! dictionary only turns them back, and refuses a second text with the same key. Owns nothing about what the names mean.

use crate::event::{DimensionsKey, OrganizationKey};
use hashbrown::{HashMap, HashTable};
use smallvec::SmallVec;
use std::sync::{Arc, RwLock};
use xxhash_rust::xxh3::xxh3_64;

/// Two different texts have the same 64-bit key. Neither can be told from the other downstream, so the second is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("another organization already has the key {:016x}", .0.0)]
    OrganizationKeyTaken(OrganizationKey),
    #[error("other dimension values already have the key {:016x}", .0.0)]
    DimensionsKeyTaken(DimensionsKey),
}

/// The key of an organization id.
pub fn organization_key(organization_id: &str) -> OrganizationKey {
    OrganizationKey(xxh3_64(organization_id.as_bytes()))
}

/// The key of dimension values in the meter's declared order; no values at all have the key 0, and no others do.
pub fn dimensions_key<'a>(values: impl IntoIterator<Item = &'a str>) -> DimensionsKey {
    let mut encoded = Vec::new();
    values.into_iter().for_each(|value| append_value(&mut encoded, value));
    key_of_encoded(&encoded)
}

/// Each value behind its length, so that no two lists of values are written the same.
fn append_value(encoded: &mut Vec<u8>, value: &str) {
    encoded.extend_from_slice(&(value.len() as u64).to_le_bytes());
    encoded.extend_from_slice(value.as_bytes());
}

fn key_of_encoded(encoded: &[u8]) -> DimensionsKey {
    if encoded.is_empty() { DimensionsKey(0) } else { DimensionsKey(xxh3_64(encoded).max(1)) }
}

/// Splits what `append_value` wrote.
fn decode_values(mut encoded: &[u8]) -> Vec<Arc<str>> {
    let mut values = Vec::new();
    while let Some((length, rest)) = encoded.split_first_chunk::<8>() {
        let (value, rest) = rest.split_at((u64::from_le_bytes(*length) as usize).min(rest.len()));
        values.push(String::from_utf8_lossy(value).into());
        encoded = rest;
    }
    values
}

/// Every name that this process has met. Shared by `Arc`; nothing that it answers depends on the order of insertion,
/// save which of two colliding texts is refused.
#[derive(Debug, Default)]
pub struct Names {
    organizations: RwLock<HashMap<OrganizationKey, Arc<str>, foldhash::fast::FixedState>>,
    dimensions: RwLock<HashMap<DimensionsKey, Arc<[u8]>, foldhash::fast::FixedState>>,
}

impl Names {
    pub fn new() -> Names {
        Names::default()
    }

    /// The id behind a key that was learned in this process.
    pub fn organization(&self, key: OrganizationKey) -> Option<Arc<str>> {
        read(&self.organizations).get(&key).cloned()
    }

    /// The values behind a key, in the meter's declared order; the key 0 has none.
    pub fn dimensions(&self, key: DimensionsKey) -> Option<Vec<Arc<str>>> {
        if key == DimensionsKey(0) {
            return Some(Vec::new());
        }
        let encoded = read(&self.dimensions).get(&key).cloned()?;
        Some(decode_values(&encoded))
    }

    pub fn learn_organization(&self, organization_id: &str) -> Result<OrganizationKey, NameError> {
        let key = organization_key(organization_id);
        self.organization_with_key(key, organization_id).map(|_| key)
    }

    pub fn learn_dimensions(&self, values: &[&str]) -> Result<DimensionsKey, NameError> {
        let mut encoded = Vec::new();
        values.iter().for_each(|value| append_value(&mut encoded, value));
        let key = key_of_encoded(&encoded);
        self.dimensions_with_key(key, &encoded).map(|_| key)
    }

    fn organization_with_key(&self, key: OrganizationKey, text: &str) -> Result<(), NameError> {
        let known = read(&self.organizations).get(&key).cloned();
        let known =
            known.unwrap_or_else(|| write(&self.organizations).entry(key).or_insert_with(|| text.into()).clone());
        if *known == *text { Ok(()) } else { Err(NameError::OrganizationKeyTaken(key)) }
    }

    fn dimensions_with_key(&self, key: DimensionsKey, encoded: &[u8]) -> Result<(), NameError> {
        let known = read(&self.dimensions).get(&key).cloned();
        let known =
            known.unwrap_or_else(|| write(&self.dimensions).entry(key).or_insert_with(|| encoded.into()).clone());
        if *known == *encoded { Ok(()) } else { Err(NameError::DimensionsKeyTaken(key)) }
    }
}

/// A poisoned lock guards a map that only ever gains whole entries, so it is still good.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// How many names of a kind one decoder keeps at hand: some ten megabytes. A full one starts over, which costs a lock
/// a name once.
const CACHED_NAMES: usize = 100_000;

/// A name beside its hash. Short ones stand in the table itself: comparing must not cost a second cache miss.
type CachedName = (u64, SmallVec<[u8; 40]>);

/// One decoder's view of [`Names`]: a name met before costs a hash, a lookup and a comparison, and no lock.
#[derive(Debug)]
pub struct NameCache {
    names: Arc<Names>,
    organizations: HashTable<CachedName>,
    dimensions: HashTable<CachedName>,
    encoded: Vec<u8>,
}

impl NameCache {
    pub fn new(names: Arc<Names>) -> NameCache {
        NameCache { names, organizations: HashTable::new(), dimensions: HashTable::new(), encoded: Vec::new() }
    }

    #[inline]
    pub fn organization(&mut self, organization_id: &str) -> Result<OrganizationKey, NameError> {
        let key = organization_key(organization_id);
        if !knows(&self.organizations, key.0, organization_id.as_bytes()) {
            self.names.organization_with_key(key, organization_id)?;
            remember(&mut self.organizations, key.0, organization_id.as_bytes());
        }
        Ok(key)
    }

    /// `values` in the meter's declared order.
    #[inline]
    pub fn dimensions<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> Result<DimensionsKey, NameError> {
        self.encoded.clear();
        values.into_iter().for_each(|value| append_value(&mut self.encoded, value));
        let key = key_of_encoded(&self.encoded);
        if key != DimensionsKey(0) && !knows(&self.dimensions, key.0, &self.encoded) {
            self.names.dimensions_with_key(key, &self.encoded)?;
            remember(&mut self.dimensions, key.0, &self.encoded);
        }
        Ok(key)
    }
}

#[inline]
fn knows(table: &HashTable<CachedName>, hash: u64, name: &[u8]) -> bool {
    table.find(hash, |(known_hash, known)| *known_hash == hash && **known == *name).is_some()
}

#[cold]
fn remember(table: &mut HashTable<CachedName>, hash: u64, name: &[u8]) {
    if table.len() >= CACHED_NAMES {
        table.clear();
    }
    table.insert_unique(hash, (hash, SmallVec::from_slice(name)), |(hash, _)| *hash);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_back_to_its_text() {
        let names = Arc::new(Names::new());
        let mut cache = NameCache::new(names.clone());
        let organization = cache.organization("org_1").unwrap();
        assert_eq!(names.organization(organization).as_deref(), Some("org_1"));
        assert_eq!(names.organization(OrganizationKey(1)), None);
        let dimensions = cache.dimensions(["eu", "", "gpt"]).unwrap();
        let values = names.dimensions(dimensions).unwrap();
        assert_eq!(values.iter().map(|value| &**value).collect::<Vec<_>>(), ["eu", "", "gpt"]);
        assert_eq!(names.dimensions(DimensionsKey(0)), Some(Vec::new()));
    }

    #[test]
    fn keys_do_not_depend_on_who_asks_or_when() {
        let names = Arc::new(Names::new());
        let (mut first, mut second) = (NameCache::new(names.clone()), NameCache::new(Arc::new(Names::new())));
        second.organization("another").unwrap();
        assert_eq!(first.organization("org_1"), second.organization("org_1"));
        assert_eq!(first.dimensions(["a", "b"]), Ok(dimensions_key(["a", "b"])));
        assert_eq!(names.learn_dimensions(&["a", "b"]), Ok(dimensions_key(["a", "b"])));
        assert_eq!(names.learn_organization("org_1"), Ok(organization_key("org_1")));
    }

    #[test]
    fn values_that_only_join_alike_have_different_keys() {
        let lists: [&[&str]; 6] = [&[], &[""], &["", ""], &["ab"], &["a", "b"], &["", "ab"]];
        let keys: std::collections::BTreeSet<_> =
            lists.iter().map(|list| dimensions_key(list.iter().copied())).collect();
        assert_eq!(keys.len(), lists.len());
    }

    #[test]
    fn a_second_text_with_the_same_key_is_refused() {
        let names = Names::new();
        let key = OrganizationKey(7);
        assert_eq!(names.organization_with_key(key, "first"), Ok(()));
        assert_eq!(names.organization_with_key(key, "second"), Err(NameError::OrganizationKeyTaken(key)));
        assert_eq!(names.organization_with_key(key, "first"), Ok(()));
        let key = DimensionsKey(7);
        assert_eq!(names.dimensions_with_key(key, b"first"), Ok(()));
        assert_eq!(names.dimensions_with_key(key, b"second"), Err(NameError::DimensionsKeyTaken(key)));
    }

    #[test]
    fn a_full_cache_starts_over_and_stays_right() {
        let names = Arc::new(Names::new());
        let mut cache = NameCache::new(names.clone());
        for number in 0..CACHED_NAMES + 10 {
            cache.organization(&format!("org_{number}")).unwrap();
        }
        assert!(cache.organizations.len() <= CACHED_NAMES);
        assert_eq!(names.organization(organization_key("org_3")).as_deref(), Some("org_3"));
    }
}
