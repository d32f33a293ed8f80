//! What is counted: a filter, an aggregation, a value and declared dimensions. A meter is immutable.

use crate::time::EventTime;
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Meter {
    pub name: Arc<str>,
    /// The event's `feature` that this meter counts.
    pub feature: Arc<str>,
    /// All must hold. Metadata conditions, in declaration order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    pub aggregation: Aggregation,
    /// What `count` ignores and every other aggregation reads.
    pub value: ValueField,
    /// Metadata keys (or `endpoint`) by which windows are broken down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Arc<str>>,
    /// How many different combinations of dimension values one organization may have; more are rejected by name.
    pub dimension_limit: u32,
    /// The word a person reads after the number: `calls`, `queries`, `users`.
    pub unit: Arc<str>,
    /// Whether events of this meter may carry a negative quantity.
    pub negative_allowed: bool,
    /// Events before this instant are not counted by this meter; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<EventTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    Count,
    Sum,
    Max,
    Min,
    /// The value of the last event by (event time, source, id).
    Latest,
    /// How many different values.
    Unique,
    /// Sum over count, to nine digits, half away from zero.
    Average,
}

impl Aggregation {
    /// Whether two windows' quantities add up to the quantity of both together.
    pub fn is_additive(self) -> bool {
        matches!(self, Aggregation::Count | Aggregation::Sum)
    }
}

/// Where the value stands in the event: `"quantity"`, `"cost"`, or a metadata key as `"metadata.KEY"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ValueField {
    #[default]
    Quantity,
    Cost,
    Metadata(Arc<str>),
}

impl From<ValueField> for String {
    fn from(field: ValueField) -> String {
        match field {
            ValueField::Quantity => "quantity".into(),
            ValueField::Cost => "cost".into(),
            ValueField::Metadata(key) => format!("metadata.{key}"),
        }
    }
}

impl TryFrom<String> for ValueField {
    type Error = String;
    fn try_from(text: String) -> Result<ValueField, String> {
        match text.as_str() {
            "quantity" => Ok(ValueField::Quantity),
            "cost" => Ok(ValueField::Cost),
            other => match other.strip_prefix("metadata.") {
                Some(key) if !key.is_empty() => Ok(ValueField::Metadata(key.into())),
                _ => Err(format!("`{other}` is not `quantity`, `cost` or `metadata.KEY`")),
            },
        }
    }
}

/// A metadata key equals one of these values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Condition {
    pub key: Arc<str>,
    pub one_of: Vec<Scalar>,
}

/// A flat metadata value. Numbers compare as decimals written the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    Flag(bool),
    Number(NumberToken),
    Text(Arc<str>),
}

/// A number kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberToken(pub Arc<str>);

impl Serialize for NumberToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Digit for digit: serde_json's own number would write an exponent in another way.
        let raw = serde_json::value::RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
