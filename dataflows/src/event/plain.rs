//! The plain event: fields at the top level of one object.

use super::code::Code;
use super::fields::{Fields, Metadata, PLAIN, sort_metadata};
use super::json::{Node, excerpt};
use super::mistake::{Mistake, pointer};
use super::scalar::JsonScalar;
use std::borrow::Cow;

/// Every field of a plain event.
pub(crate) const FIELD_NAMES: [&str; 10] =
    ["id", "organizationId", "source", "feature", "timestamp", "quantity", "endpoint", "cost", "metadata", "retract"];

/// What producers of other systems call the same things.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("amount", "quantity"),
    ("count", "quantity"),
    ("customer", "organizationId"),
    ("data", "metadata"),
    ("event", "feature"),
    ("event_time", "timestamp"),
    ("organization", "organizationId"),
    ("org", "organizationId"),
    ("properties", "metadata"),
    ("subject", "organizationId"),
    ("tenant", "organizationId"),
    ("time", "timestamp"),
    ("type", "feature"),
    ("value", "quantity"),
];

pub(crate) fn fields<'a>(entries: Vec<(Cow<'a, str>, Node<'a>)>) -> Result<Fields<'a>, Mistake> {
    let mut fields = Fields::empty(&PLAIN);
    for (key, node) in entries {
        match &*key {
            "id" => fields.id = Some(text(node, PLAIN.id)?),
            "organizationId" => fields.organization_id = Some(text(node, PLAIN.organization_id)?),
            "source" => fields.source = Some(text(node, PLAIN.source)?),
            "feature" => fields.feature = Some(text(node, PLAIN.feature)?),
            "endpoint" => fields.endpoint = Some(text(node, PLAIN.endpoint)?),
            "timestamp" => fields.timestamp = Some(timestamp(node, PLAIN.timestamp)?),
            "quantity" => fields.quantity = Some(decimal(node, Code::InvalidQuantity, PLAIN.quantity)?),
            "cost" => fields.cost = Some(decimal(node, Code::InvalidCost, PLAIN.cost)?),
            "metadata" => fields.metadata = metadata(node, PLAIN.metadata)?,
            "retract" => fields.retract = flag(node, "/retract")?,
            unknown => return Err(unknown_field("", unknown, &FIELD_NAMES)),
        }
    }
    Ok(fields)
}

pub(crate) fn text<'a>(node: Node<'a>, path: &str) -> Result<Cow<'a, str>, Mistake> {
    match node {
        Node::Scalar(JsonScalar::Text(text)) => Ok(text),
        _ => Err(Mistake::new(Code::InvalidField, path, "must be a string; leave it out where there is none")),
    }
}

pub(crate) fn flag(node: Node<'_>, path: &str) -> Result<bool, Mistake> {
    match node {
        Node::Scalar(JsonScalar::Flag(flag)) => Ok(flag),
        _ => Err(Mistake::new(Code::InvalidField, path, "must be `true` or `false`")),
    }
}

pub(crate) fn timestamp<'a>(node: Node<'a>, path: &str) -> Result<JsonScalar<'a>, Mistake> {
    match node {
        Node::Scalar(scalar @ (JsonScalar::Text(_) | JsonScalar::Number(_))) => Ok(scalar),
        _ => {
            Err(Mistake::new(Code::InvalidTime, path, "must be an RFC 3339 string or integer milliseconds since 1970"))
        }
    }
}

/// A number token or a string; what stands in it is checked later.
pub(crate) fn decimal<'a>(node: Node<'a>, code: Code, path: &str) -> Result<JsonScalar<'a>, Mistake> {
    match node {
        Node::Scalar(scalar @ (JsonScalar::Text(_) | JsonScalar::Number(_))) => Ok(scalar),
        _ => Err(Mistake::new(code, path, "must be a decimal, as a number or as a string such as \"0.25\"")),
    }
}

pub(crate) fn metadata<'a>(node: Node<'a>, path: &str) -> Result<Metadata<'a>, Mistake> {
    let Node::Object(entries) = node else {
        return Err(Mistake::new(Code::InvalidMetadata, path, "must be an object of strings, numbers and booleans"));
    };
    let scalars = entries.into_iter().map(|(key, node)| match node {
        Node::Scalar(scalar) => Ok((key, scalar)),
        _ => {
            let hint = "metadata is flat: write nested values as entries of their own, or as one string";
            Err(Mistake::new(Code::InvalidMetadata, pointer(path, &key), hint))
        }
    });
    let mut metadata: Metadata<'a> = scalars.collect::<Result<_, _>>()?;
    sort_metadata(&mut metadata);
    Ok(metadata)
}

/// A misspelt `quantity` must not silently count as 1, so what is not known is refused, with the nearest name.
pub(crate) fn unknown_field(path: &str, name: &str, known: &[&str]) -> Mistake {
    let lower = name.to_lowercase().replace(['_', '-'], "");
    let other = OTHER_NAMES.iter().find(|(other, field)| other.replace('_', "") == lower && known.contains(field));
    let spelt = known.iter().map(|field| (strsim::damerau_levenshtein(&lower, &field.to_lowercase()), *field));
    let nearest = spelt.min().filter(|(distance, field)| *distance <= 1 + field.len() / 4).map(|(_, field)| field);
    let hint = match other.map(|(_, field)| *field).or(nearest) {
        Some(field) => format!("`{}` is no field of an event; did you mean `{field}`?", excerpt(name)),
        None => format!("`{}` is no field of an event; what describes the event goes into `metadata`", excerpt(name)),
    };
    Mistake::new(Code::UnknownField, pointer(path, name), hint)
}
