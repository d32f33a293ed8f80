//! A decoder's own view of the names, without locks.

use super::{NameError, Names, append_value, key_of_encoded, organization_key};
use crate::event::{DimensionsKey, OrganizationKey};
use hashbrown::HashTable;
use smallvec::SmallVec;
use std::sync::Arc;

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
