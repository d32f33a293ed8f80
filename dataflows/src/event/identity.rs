//! Which event it is, and whether it says the same: two hashes of unambiguous encodings.
//!
//! Texts are compared as the bytes that they are after JSON unescaping. There is no Unicode normalisation: `é` in one
//! code point and in two are two ids, as they are to every store that a producer may compare with.

use super::fields::Fields;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The 128-bit identity of (organization, source, id). Each part stands behind its length, so `svc-1` + `2` and
/// `svc` + `1-2` differ.
pub fn identity(organization_id: &str, source: &str, id: &str) -> u128 {
    identity_in(&mut Vec::new(), organization_id, source, id)
}

/// The same, without allocating: `scratch` is overwritten.
#[inline]
pub(crate) fn identity_in(scratch: &mut Vec<u8>, organization_id: &str, source: &str, id: &str) -> u128 {
    scratch.clear();
    append(scratch, organization_id);
    append(scratch, source);
    append(scratch, id);
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
#[inline]
pub(crate) fn content_in(scratch: &mut Vec<u8>, content: &Content<'_, '_>) -> u64 {
    scratch.clear();
    scratch.push(u8::from(content.fields.retract) | u8::from(content.event_time.is_some()) << 1);
    scratch.extend_from_slice(&content.event_time.unwrap_or_default().0.to_le_bytes());
    scratch.extend_from_slice(&content.quantity.0.to_le_bytes());
    scratch.extend_from_slice(&content.cost.0.to_le_bytes());
    append(scratch, content.feature);
    append(scratch, content.endpoint);
    for (key, value) in &content.fields.metadata {
        append(scratch, key);
        scratch.push(value.kind());
        append(scratch, value.canonical_text());
    }
    xxh3_64(scratch)
}

/// Four bytes are enough: a record is far smaller than 4 GiB.
#[inline]
fn append(scratch: &mut Vec<u8>, text: &str) {
    scratch.extend_from_slice(&(text.len() as u32).to_le_bytes());
    scratch.extend_from_slice(text.as_bytes());
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
