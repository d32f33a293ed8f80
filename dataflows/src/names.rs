//! The texts behind the keys: organizations and dimension values.
//!
//! Keys are hashes of the text, so they mean the same in every process and need no dictionary to be exchanged. This
//! dictionary only turns them back, and refuses a second text with the same key. Owns nothing about what the names mean.

mod cache;

pub use cache::NameCache;

use crate::event::{DimensionsKey, MeterIndex, OrganizationKey};
use crate::meters::MeterBook;
use hashbrown::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use xxhash_rust::xxh3::xxh3_64;

/// How many names of a kind a process holds, some 500 MB of them. Names are never forgotten, and each costs far more
/// state downstream if it is legitimate; what gets here otherwise is an id in a place that is no id.
const NAMES_LIMIT: usize = 4_000_000;

/// Why a name is not taken. Two texts with one 64-bit key could not be told apart downstream, so the second is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("another organization already has the key {:016x}", .0.0)]
    OrganizationKeyTaken(OrganizationKey),
    #[error("other dimension values already have the key {:016x}", .0.0)]
    DimensionsKeyTaken(DimensionsKey),
    #[error("there are {NAMES_LIMIT} of its kind already")]
    TooMany,
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
/// save which of two colliding texts is refused, and which names come after the last that there is room for.
#[derive(Debug)]
pub struct Names {
    organizations: Dictionary<str>,
    dimensions: Dictionary<[u8]>,
    /// By index; a meter keeps both.
    meters: RwLock<Vec<Arc<str>>>,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            organizations: Dictionary::with_limit(NAMES_LIMIT),
            dimensions: Dictionary::with_limit(NAMES_LIMIT),
            meters: RwLock::default(),
        }
    }
}

impl Names {
    pub fn new() -> Names {
        Names::default()
    }

    /// The id behind a key that was learned in this process.
    pub fn organization(&self, key: OrganizationKey) -> Option<Arc<str>> {
        self.organizations.get(key.0)
    }

    /// The values behind a key, in the meter's declared order; the key 0 has none.
    pub fn dimensions(&self, key: DimensionsKey) -> Option<Vec<Arc<str>>> {
        if key == DimensionsKey(0) {
            return Some(Vec::new());
        }
        self.dimensions.get(key.0).map(|encoded| decode_values(&encoded))
    }

    /// The values behind a key as they are written.
    pub(crate) fn encoded_dimensions(&self, key: DimensionsKey) -> Option<Arc<[u8]>> {
        self.dimensions.get(key.0)
    }

    /// Learns what `encoded_dimensions` has given.
    pub(crate) fn learn_encoded(&self, encoded: &[u8]) -> Result<(), NameError> {
        self.dimensions_with_key(key_of_encoded(encoded), encoded)
    }

    /// The name of a meter whose row was taken in this process.
    pub fn meter(&self, index: MeterIndex) -> Option<Arc<str>> {
        self.meters.read().unwrap_or_else(PoisonError::into_inner).get(usize::from(index.0)).cloned()
    }

    pub(crate) fn learn_meters(&self, book: &MeterBook) {
        let mut meters = self.meters.write().unwrap_or_else(PoisonError::into_inner);
        let known = meters.len();
        meters.extend(book.every().skip(known).map(|(meter, _)| meter.name.clone()));
    }

    pub fn learn_organization(&self, organization_id: &str) -> Result<OrganizationKey, NameError> {
        let key = organization_key(organization_id);
        self.organization_with_key(key, organization_id).map(|()| key)
    }

    pub fn learn_dimensions(&self, values: &[&str]) -> Result<DimensionsKey, NameError> {
        let mut encoded = Vec::new();
        values.iter().for_each(|value| append_value(&mut encoded, value));
        let key = key_of_encoded(&encoded);
        self.dimensions_with_key(key, &encoded).map(|()| key)
    }

    fn organization_with_key(&self, key: OrganizationKey, text: &str) -> Result<(), NameError> {
        match self.organizations.learn(key.0, text) {
            Learned::Known => Ok(()),
            Learned::KeyTaken => Err(NameError::OrganizationKeyTaken(key)),
            Learned::Full => Err(NameError::TooMany),
        }
    }

    fn dimensions_with_key(&self, key: DimensionsKey, encoded: &[u8]) -> Result<(), NameError> {
        match self.dimensions.learn(key.0, encoded) {
            Learned::Known => Ok(()),
            Learned::KeyTaken => Err(NameError::DimensionsKeyTaken(key)),
            Learned::Full => Err(NameError::TooMany),
        }
    }
}

/// Texts by their hashes.
#[derive(Debug)]
struct Dictionary<T: ?Sized> {
    texts: RwLock<HashMap<u64, Arc<T>, foldhash::fast::FixedState>>,
    limit: usize,
}

enum Learned {
    /// Now, or before.
    Known,
    KeyTaken,
    Full,
}

impl<T: ?Sized + PartialEq> Dictionary<T>
where
    Arc<T>: for<'a> From<&'a T>,
{
    fn with_limit(limit: usize) -> Dictionary<T> {
        Dictionary { texts: RwLock::default(), limit }
    }

    /// A poisoned lock guards a map that only ever gains whole entries, so it is still good.
    fn get(&self, key: u64) -> Option<Arc<T>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    fn learn(&self, key: u64, text: &T) -> Learned {
        let compare = |known: &T| if known == text { Learned::Known } else { Learned::KeyTaken };
        if let Some(known) = self.get(key) {
            return compare(&known);
        }
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have learned it between the two locks.
        match texts.get(&key) {
            Some(known) => compare(known),
            None if texts.len() >= self.limit => Learned::Full,
            None => {
                texts.insert(key, text.into());
                Learned::Known
            }
        }
    }
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
    fn when_there_is_no_room_for_a_name_the_known_ones_still_are() {
        let names = Names { organizations: Dictionary::with_limit(2), ..Names::new() };
        for known in ["a", "b", "a"] {
            assert_eq!(names.learn_organization(known), Ok(organization_key(known)));
        }
        assert_eq!(names.learn_organization("c"), Err(NameError::TooMany));
        assert_eq!(names.learn_organization("b"), Ok(organization_key("b")));
        assert_eq!(names.organization(organization_key("c")), None);
    }
}
