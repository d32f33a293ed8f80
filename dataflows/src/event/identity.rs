//! Which event it is, and whether it says the same: two hashes.
//!
//! Texts are compared as the bytes that they are after JSON unescaping. There is no Unicode normalisation: `é` in one
//! code point and in two are two ids, as they are to every store that a producer may compare with.

use super::fields::Fields;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// The 128-bit identity of (organization, source, id). Each part stands behind its length, so `svc-1` + `2` and
/// `svc` + `1-2` differ.
pub fn identity(organization_id: &str, source: &str, id: &str) -> u128 {
    identity_in(&mut Vec::new(), organization_id, source, id)
}

/// The same, without allocating: `scratch` is overwritten.
#[inline]
pub(crate) fn identity_in(scratch: &mut Vec<u8>, organization_id: &str, source: &str, id: &str) -> u128 {
    // Four bytes a length are enough: a record is far smaller than 4 GiB.
    let lengths = [organization_id, source, id].map(|part| (part.len() as u32).to_le_bytes());
    scratch.clear();
    scratch.extend_from_slice(lengths.as_flattened());
    scratch.extend_from_slice(organization_id.as_bytes());
    scratch.extend_from_slice(source.as_bytes());
    scratch.extend_from_slice(id.as_bytes());
    xxh3_128(scratch)
}

/// What an event says apart from its identity, read and normalised.
pub(crate) struct Content<'a, 'b> {
    /// With metadata in byte order of the keys.
    pub fields: &'b Fields<'a>,
    pub feature: &'b str,
    pub endpoint: &'b str,
    /// `None` where the event gives no time, so that a time assigned on receipt does not make a repetition a conflict.
    pub event_time: Option<EventTime>,
    pub quantity: Quantity,
    pub cost: Quantity,
}

/// Independent of key order, white space, escapes, the spelling of numbers and instants, and of whether a default was
/// written out.
///
/// Each text is hashed with what came before as its seed, in an order and number that the first block fixes, so that
/// no part can be taken for another.
#[inline]
pub(crate) fn content(content: &Content<'_, '_>) -> u64 {
    let metadata = &content.fields.metadata;
    let mut numbers = [0; 48];
    numbers[0] = u8::from(content.fields.retract);
    numbers[1] = u8::from(content.event_time.is_some());
    numbers[4..8].copy_from_slice(&(metadata.len() as u32).to_le_bytes());
    numbers[8..16].copy_from_slice(&content.event_time.unwrap_or_default().0.to_le_bytes());
    numbers[16..32].copy_from_slice(&content.quantity.0.to_le_bytes());
    numbers[32..48].copy_from_slice(&content.cost.0.to_le_bytes());
    let mut hash = xxh3_64(&numbers);
    hash = xxh3_64_with_seed(content.feature.as_bytes(), hash);
    hash = xxh3_64_with_seed(content.endpoint.as_bytes(), hash);
    for (key, value) in metadata {
        hash = xxh3_64_with_seed(key.as_bytes(), hash);
        hash = xxh3_64_with_seed(value.canonical_text().as_bytes(), hash.wrapping_add(u64::from(value.kind())));
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn parts_that_only_join_alike_are_different_identities() {
        let parts = [
            ("svc-1", "", "2"),
            ("svc", "", "1-2"),
            ("svc", "1-", "2"),
            ("svc", "1", "-2"),
            ("Svc", "1", "-2"),
            ("svc", "01", "-2"),
            ("e\u{301}", "", "1"),
            ("\u{e9}", "", "1"),
        ];
        let identities: std::collections::BTreeSet<_> =
            parts.iter().map(|(organization, source, id)| identity(organization, source, id)).collect();
        assert_eq!(identities.len(), parts.len());
    }
}
