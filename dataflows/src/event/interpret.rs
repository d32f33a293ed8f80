//! From the fields that a reader found to the event: every rule about values is here, for both readers.

use super::code::Code;
use super::contributions::{Measured, contributions};
use super::decoder::{DecodeSettings, MissingTimestamp};
use super::fields::{Fields, Metadata};
use super::identity::{Content, content, identity_in};
use super::limits;
use super::mistake::{Mistake, pointer};
use super::scalar::JsonScalar;
use super::timestamp;
use super::types::{ArchivedEvent, Contribution, Event};
use crate::feed::Place;
use crate::meters::MeterBook;
use crate::names::NameCache;
use highwater_rating::number::Quantity;
use highwater_rating::tables::Aggregation;
use highwater_rating::time::EventTime;
use smallvec::SmallVec;

/// What is known of a record besides its bytes.
pub(crate) struct Circumstances<'a> {
    pub settings: &'a DecodeSettings,
    pub meters: &'a MeterBook,
    pub place: Place,
    pub received_at: Option<EventTime>,
    /// Whether it is known already that no text has a control character.
    pub printable: bool,
}

#[inline]
pub(crate) fn interpret(
    fields: &Fields<'_>,
    circumstances: &Circumstances<'_>,
    names: &mut NameCache,
    scratch: &mut Vec<u8>,
) -> Result<Event, Mistake> {
    let paths = fields.paths;
    let printable = circumstances.printable;
    let id = required(fields.id.as_deref(), paths.id, printable)?;
    let organization_id = required(fields.organization_id.as_deref(), paths.organization_id, printable)?;
    let source = optional(fields.source.as_deref(), paths.source, limits::NAME_BYTES, printable)?;
    let feature = match fields.feature.as_deref() {
        None if fields.retract => "",
        feature => required(feature, paths.feature, printable)?,
    };
    let stated_time = stated_time(fields)?;
    let event_time = event_time(stated_time, fields, circumstances)?;
    let quantity = decimal(fields.quantity.as_ref(), Quantity::ONE, Code::InvalidQuantity, paths.quantity)?;
    let endpoint = optional(fields.endpoint.as_deref(), paths.endpoint, limits::ENDPOINT_BYTES, printable)?;
    let cost = decimal(fields.cost.as_ref(), Quantity::ZERO, Code::InvalidCost, paths.cost)?;
    check_metadata(&fields.metadata, paths.metadata, printable)?;

    let contributions = if fields.retract {
        SmallVec::new()
    } else {
        let measured = Measured { fields, feature, endpoint, event_time, quantity, cost };
        contributions(&measured, circumstances.meters, names)?
    };
    let organization = names
        .organization(organization_id)
        .map_err(|error| Mistake::of_name(error, paths.organization_id, "organization"))?;
    let content = content(&Content { fields, feature, endpoint, event_time: stated_time, quantity, cost });
    let identity = identity_in(scratch, organization_id, source, id);
    // `latest` looks at events in the order of (event time, source, id), so it needs the texts too.
    let in_order =
        |contribution: &Contribution| circumstances.meters.meter(contribution.meter).aggregation == Aggregation::Latest;
    let keeps_texts = circumstances.settings.archive || fields.retract || contributions.iter().any(in_order);
    let archived = keeps_texts.then(|| {
        let entries = fields.metadata.iter();
        Box::new(ArchivedEvent {
            organization_id: organization_id.to_owned(),
            source: source.to_owned(),
            id: id.to_owned(),
            feature: feature.to_owned(),
            endpoint: endpoint.to_owned(),
            quantity,
            cost,
            metadata: entries.map(|(key, value)| (key.clone().into_owned(), value.to_json())).collect(),
        })
    });
    Ok(Event {
        identity,
        content,
        organization,
        event_time,
        received_at: circumstances.received_at,
        place: circumstances.place,
        retract: fields.retract,
        contributions,
        archived,
    })
}

#[inline]
fn required<'b>(text: Option<&'b str>, path: &str, printable: bool) -> Result<&'b str, Mistake> {
    match text {
        None => Err(Mistake::new(Code::MissingField, path, format!("`{}` is required", &path[1..]))),
        Some("") => Err(Mistake::new(Code::InvalidField, path, "must not be empty")),
        Some(text) => name(text, path, limits::NAME_BYTES, printable),
    }
}

#[inline]
fn optional<'b>(text: Option<&'b str>, path: &str, limit_bytes: usize, printable: bool) -> Result<&'b str, Mistake> {
    text.map_or(Ok(""), |text| name(text, path, limit_bytes, printable))
}

#[inline]
fn name<'b>(text: &'b str, path: &str, limit_bytes: usize, printable: bool) -> Result<&'b str, Mistake> {
    if printable && text.len() <= limit_bytes {
        return Ok(text);
    }
    match name_fault(text, limit_bytes) {
        None => Ok(text),
        Some(hint) => Err(Mistake::new(Code::InvalidField, path, hint)),
    }
}

/// Why a text cannot be a name. Right-to-left marks and zero-width characters are no fault: texts are compared as bytes.
#[inline]
pub(crate) fn name_fault(text: &str, limit_bytes: usize) -> Option<String> {
    if text.len() > limit_bytes {
        return Some(format!("has {} bytes, {limit_bytes} are allowed", text.len()));
    }
    let control = text.chars().find(|character| character.is_control());
    control.map(|character| format!("has the control character U+{:04X}", u32::from(character)))
}

#[inline]
fn stated_time(fields: &Fields<'_>) -> Result<Option<EventTime>, Mistake> {
    let time = match &fields.timestamp {
        None => return Ok(None),
        Some(JsonScalar::Text(text)) => timestamp::parse_text(text),
        Some(JsonScalar::Number(token)) => timestamp::parse_number(token),
        Some(_) => Err("must be an RFC 3339 string or integer milliseconds since 1970"),
    };
    time.map(Some).map_err(|reason| Mistake::new(Code::InvalidTime, fields.paths.timestamp, reason))
}

/// A retract needs no time of its own: it gets its time of receipt, or 1970 where that is not known.
#[inline]
fn event_time(
    stated: Option<EventTime>,
    fields: &Fields<'_>,
    circumstances: &Circumstances<'_>,
) -> Result<EventTime, Mistake> {
    let settings = circumstances.settings;
    let path = fields.paths.timestamp;
    match (stated, circumstances.received_at) {
        (Some(time), Some(received_at)) if time.0 > received_at.0.saturating_add(settings.future_tolerance_us) => {
            let hint = format!(
                "{time} lies more than {} s ahead of {received_at}, when it was received; check the producer's clock",
                settings.future_tolerance_us / 1_000_000
            );
            Err(Mistake::new(Code::Future, path, hint))
        }
        (Some(time), _) => Ok(time),
        (None, received_at) if fields.retract => Ok(received_at.unwrap_or_default()),
        (None, Some(received_at)) if settings.missing_timestamp == MissingTimestamp::ReceivedAt => Ok(received_at),
        (None, _) => Err(Mistake::new(Code::MissingField, path, format!("`{}` is required", &path[1..]))),
    }
}

#[inline]
fn decimal(scalar: Option<&JsonScalar<'_>>, default: Quantity, code: Code, path: &str) -> Result<Quantity, Mistake> {
    let text = match scalar {
        None => return Ok(default),
        Some(JsonScalar::Number(token)) => token.as_bytes(),
        Some(JsonScalar::Text(text)) => text.as_bytes(),
        Some(_) => return Err(Mistake::new(code, path, "must be a decimal, as a number or a string")),
    };
    Quantity::parse(text).map_err(|error| {
        let hint = format!("{error}: write a plain decimal such as 12.5, without exponent, with at most 9 fractional digits, up to 10^18");
        Mistake::new(code, path, hint)
    })
}

#[inline]
fn check_metadata(metadata: &Metadata<'_>, path: &str, printable: bool) -> Result<(), Mistake> {
    if metadata.len() > limits::METADATA_ENTRIES {
        let hint = format!("{} entries, {} are allowed", metadata.len(), limits::METADATA_ENTRIES);
        return Err(Mistake::new(Code::TooManyMetadata, path, hint));
    }
    for (key, value) in metadata {
        if let Some(hint) = key_fault(key, printable).or_else(|| value_fault(value)) {
            return Err(Mistake::new(Code::InvalidMetadata, pointer(path, key), hint));
        }
    }
    Ok(())
}

#[inline]
fn key_fault(key: &str, printable: bool) -> Option<String> {
    match key.len() {
        0 => Some("a key must not be empty".into()),
        1..=limits::METADATA_KEY_BYTES if printable => None,
        _ => name_fault(key, limits::METADATA_KEY_BYTES),
    }
}

/// Values may have line breaks and tabs; only NUL is no part of any text.
#[inline]
fn value_fault(value: &JsonScalar<'_>) -> Option<String> {
    match value {
        JsonScalar::Null | JsonScalar::Flag(_) => None,
        JsonScalar::Text(text) if text.len() > limits::METADATA_VALUE_BYTES => {
            Some(format!("has {} bytes, {} are allowed", text.len(), limits::METADATA_VALUE_BYTES))
        }
        JsonScalar::Text(text) => text.contains('\0').then(|| "has the character NUL".into()),
        JsonScalar::Number(token) if token.len() > limits::METADATA_VALUE_BYTES => {
            Some(format!("has {} digits, {} are allowed", token.len(), limits::METADATA_VALUE_BYTES))
        }
        JsonScalar::Number(token) => {
            let exponent = token.split_once(['e', 'E']).map(|(_, exponent)| exponent.trim_start_matches(['+', '-']));
            let too_large = exponent.is_some_and(|digits| {
                digits.parse::<u32>().map_or(true, |exponent| exponent > limits::METADATA_EXPONENT)
            });
            too_large.then(|| format!("exponents go up to {}", limits::METADATA_EXPONENT))
        }
    }
}
