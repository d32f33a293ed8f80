//! The fields of an event as a reader found them, before anything is made of them.

use super::scalar::JsonScalar;
use smallvec::SmallVec;
use std::borrow::Cow;

/// Metadata entries that fit into the struct itself; more take an allocation.
pub(crate) type Metadata<'a> = SmallVec<[(Cow<'a, str>, JsonScalar<'a>); 4]>;

pub(crate) fn sort_metadata(metadata: &mut Metadata<'_>) {
    if metadata.len() > 1 {
        metadata.sort_unstable_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
    }
}

/// Types are checked by now (texts are texts), values are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub paths: &'static Paths,
    pub id: Option<Cow<'a, str>>,
    pub organization_id: Option<Cow<'a, str>>,
    pub source: Option<Cow<'a, str>>,
    pub feature: Option<Cow<'a, str>>,
    pub endpoint: Option<Cow<'a, str>>,
    pub timestamp: Option<JsonScalar<'a>>,
    pub quantity: Option<JsonScalar<'a>>,
    pub cost: Option<JsonScalar<'a>>,
    /// In byte order of the keys, without duplicates.
    pub metadata: Metadata<'a>,
    pub retract: bool,
}

impl Fields<'_> {
    pub fn empty(paths: &'static Paths) -> Self {
        Fields {
            paths,
            id: None,
            organization_id: None,
            source: None,
            feature: None,
            endpoint: None,
            timestamp: None,
            quantity: None,
            cost: None,
            metadata: Metadata::new(),
            retract: false,
        }
    }
}

/// Where each field stands in the record, as JSON pointers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    pub id: &'static str,
    pub organization_id: &'static str,
    pub source: &'static str,
    pub feature: &'static str,
    pub endpoint: &'static str,
    pub timestamp: &'static str,
    pub quantity: &'static str,
    pub cost: &'static str,
    pub metadata: &'static str,
}

pub(crate) static PLAIN: Paths = Paths {
    id: "/id",
    organization_id: "/organizationId",
    source: "/source",
    feature: "/feature",
    endpoint: "/endpoint",
    timestamp: "/timestamp",
    quantity: "/quantity",
    cost: "/cost",
    metadata: "/metadata",
};
