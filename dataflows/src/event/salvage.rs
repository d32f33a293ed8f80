//! Whose event a rejected record was meant to be, as far as that can be read.
//!
//! Reads up to the first byte that is not JSON and keeps only what could stand in an event: an answer for people, and
//! for counts by organization. Nothing is rated by it.

use super::interpret::name_fault;
use super::limits;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Empty where nothing could be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Salvaged {
    pub organization_id: String,
    pub source: String,
    pub id: String,
}

pub(crate) fn read(bytes: &[u8]) -> Salvaged {
    let mut found = Found::default();
    // What was found before an error counts, so the error itself does not matter.
    let _ = serde_json::Deserializer::from_slice(bytes).deserialize_map(&mut found);
    let subject = if found.is_cloud_event { found.subject } else { None };
    let organization_id = found.data_organization_id.filter(|_| found.is_cloud_event).or(found.organization_id);
    Salvaged {
        organization_id: organization_id.or(subject).unwrap_or_default(),
        source: found.source.unwrap_or_default(),
        id: found.id.unwrap_or_default(),
    }
}

/// The first of each, before any error.
#[derive(Default)]
struct Found {
    is_cloud_event: bool,
    organization_id: Option<String>,
    data_organization_id: Option<String>,
    subject: Option<String>,
    source: Option<String>,
    id: Option<String>,
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let slot = match &*key {
                "organizationId" => &mut self.organization_id,
                "subject" => &mut self.subject,
                "source" => &mut self.source,
                "id" => &mut self.id,
                "data" => {
                    let mut data = Found::default();
                    let raw = map.next_value::<&RawValue>()?.get();
                    let _ = serde_json::Deserializer::from_str(raw).deserialize_map(&mut data);
                    self.data_organization_id = self.data_organization_id.take().or(data.organization_id);
                    continue;
                }
                other => {
                    self.is_cloud_event |= other == "specversion";
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let text: Option<String> = serde_json::from_str(map.next_value::<&RawValue>()?.get()).ok();
            let usable = text.filter(|text| !text.is_empty() && name_fault(text, limits::NAME_BYTES).is_none());
            *slot = slot.take().or(usable);
        }
        Ok(())
    }
}
