//! CloudEvents 1.0 in structured mode: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>.
//!
//! `type` is the feature and `subject` the organization, unless `data` names its own; `data` holds the rest of the
//! plain event. Attributes that the specification does not define are extensions: allowed, and no part of the content.

use super::code::Code;
use super::fields::{Fields, Paths};
use super::json::{Node, excerpt};
use super::mistake::{Mistake, pointer};
use super::plain::{self, decimal, flag, metadata, text, timestamp};
use super::scalar::JsonScalar;
use std::borrow::Cow;

const DATA_FIELD_NAMES: [&str; 7] =
    ["organizationId", "feature", "endpoint", "cost", "quantity", "metadata", "retract"];

const fn paths(organization_id: &'static str, feature: &'static str) -> Paths {
    Paths {
        id: "/id",
        organization_id,
        source: "/source",
        feature,
        endpoint: "/data/endpoint",
        timestamp: "/time",
        quantity: "/data/quantity",
        cost: "/data/cost",
        metadata: "/data/metadata",
    }
}

static ATTRIBUTES: Paths = paths("/subject", "/type");
static ORGANIZATION_IN_DATA: Paths = paths("/data/organizationId", "/type");
static FEATURE_IN_DATA: Paths = paths("/subject", "/data/feature");
static BOTH_IN_DATA: Paths = paths("/data/organizationId", "/data/feature");

/// Whether an object claims to be a CloudEvent.
pub(crate) fn is_one(entries: &[(Cow<'_, str>, Node<'_>)]) -> bool {
    entries.iter().any(|(key, _)| key == "specversion")
}

pub(crate) fn fields<'a>(entries: Vec<(Cow<'a, str>, Node<'a>)>) -> Result<Fields<'a>, Mistake> {
    let mut fields = Fields::empty(&ATTRIBUTES);
    let mut data = None;
    for (key, node) in entries {
        match &*key {
            "specversion" => expect_version(node)?,
            "id" => fields.id = Some(text(node, "/id")?),
            "source" => fields.source = Some(source(node)?),
            "type" => fields.feature = Some(text(node, "/type")?),
            "subject" => fields.organization_id = Some(text(node, "/subject")?),
            "time" => fields.timestamp = Some(timestamp(node, "/time")?),
            "data" => data = Some(node),
            "datacontenttype" => expect_json(node)?,
            "dataschema" => drop(text(node, "/dataschema")?),
            "data_base64" => {
                return Err(Mistake::new(Code::InvalidField, "/data_base64", "give the data as JSON in `data`"));
            }
            name => extension(name, node)?,
        }
    }
    if fields.source.is_none() {
        return Err(Mistake::new(Code::MissingField, "/source", "a CloudEvent has a `source`"));
    }
    if let Some(data) = data {
        take_data(&mut fields, data)?;
    }
    Ok(fields)
}

fn take_data<'a>(fields: &mut Fields<'a>, data: Node<'a>) -> Result<(), Mistake> {
    let Node::Object(entries) = data else {
        return Err(Mistake::new(Code::InvalidField, "/data", "must be an object with the event's own fields"));
    };
    let (mut organization_in_data, mut feature_in_data) = (false, false);
    for (key, node) in entries {
        match &*key {
            "organizationId" => {
                fields.organization_id = Some(text(node, "/data/organizationId")?);
                organization_in_data = true;
            }
            "feature" => {
                fields.feature = Some(text(node, "/data/feature")?);
                feature_in_data = true;
            }
            "endpoint" => fields.endpoint = Some(text(node, "/data/endpoint")?),
            "quantity" => fields.quantity = Some(decimal(node, Code::InvalidQuantity, "/data/quantity")?),
            "cost" => fields.cost = Some(decimal(node, Code::InvalidCost, "/data/cost")?),
            "metadata" => fields.metadata = metadata(node, "/data/metadata")?,
            "retract" => fields.retract = flag(node, "/data/retract")?,
            unknown => return Err(plain::unknown_field("/data", unknown, &DATA_FIELD_NAMES)),
        }
    }
    fields.paths = match (organization_in_data, feature_in_data) {
        (false, false) => &ATTRIBUTES,
        (true, false) => &ORGANIZATION_IN_DATA,
        (false, true) => &FEATURE_IN_DATA,
        (true, true) => &BOTH_IN_DATA,
    };
    Ok(())
}

fn expect_version(node: Node<'_>) -> Result<(), Mistake> {
    match text(node, "/specversion")?.as_ref() {
        "1.0" => Ok(()),
        other => {
            let hint = format!("CloudEvents `1.0` is understood, not `{}`", excerpt(other));
            Err(Mistake::new(Code::InvalidField, "/specversion", hint))
        }
    }
}

/// The specification wants a non-empty URI-reference; any non-empty text is one of some use as an identity.
fn source(node: Node<'_>) -> Result<Cow<'_, str>, Mistake> {
    let source = text(node, "/source")?;
    if source.is_empty() {
        return Err(Mistake::new(Code::InvalidField, "/source", "must not be empty in a CloudEvent"));
    }
    Ok(source)
}

fn expect_json(node: Node<'_>) -> Result<(), Mistake> {
    let media_type = text(node, "/datacontenttype")?.to_ascii_lowercase();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(Mistake::new(Code::InvalidField, "/datacontenttype", "`data` must be `application/json`"))
}

/// Names are lower-case letters and digits, values strings, integers or booleans. A name that is a field of `data` was
/// put in the wrong place, and taking it for an extension would lose it.
fn extension(name: &str, node: Node<'_>) -> Result<(), Mistake> {
    if DATA_FIELD_NAMES.contains(&name) {
        let hint = format!("`{name}` belongs into `data`");
        return Err(Mistake::new(Code::UnknownField, pointer("", name), hint));
    }
    let well_named = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && !name.is_empty();
    if !well_named {
        let hint =
            "a CloudEvents attribute is named in lower-case letters and digits; the event's own fields go into `data`";
        return Err(Mistake::new(Code::UnknownField, pointer("", name), hint));
    }
    match node {
        Node::Scalar(JsonScalar::Text(_) | JsonScalar::Number(_) | JsonScalar::Flag(_) | JsonScalar::Null) => Ok(()),
        _ => Err(Mistake::new(
            Code::InvalidField,
            pointer("", name),
            "an extension attribute is a string, a number or a boolean",
        )),
    }
}
