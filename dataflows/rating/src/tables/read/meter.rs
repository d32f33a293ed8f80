//! Rows of `meters`.

use super::fields::{Fields, list};
use super::{Reading, numbers, texts, times};
use crate::tables::document::{Node, Value};
use crate::tables::mistake::MistakeCode;
use crate::tables::{Aggregation, Condition, Meter, NumberToken, Scalar, ValueField};
use std::sync::Arc;

const FIELDS: &[&str] = &[
    "name",
    "feature",
    "conditions",
    "aggregation",
    "value",
    "dimensions",
    "dimension_limit",
    "unit",
    "negative_allowed",
    "effective_from",
];
const CONDITIONS_LIMIT: usize = 32;
const CONDITION_VALUES_LIMIT: usize = 1_000;
/// As many as one event's metadata may have.
const DIMENSIONS_LIMIT: usize = 32;
const DEFAULT_DIMENSION_LIMIT: i32 = 1_000;
const DIMENSION_LIMIT_MOST: i32 = 10_000_000;

const AGGREGATIONS: &[(&str, Aggregation)] = &[
    ("count", Aggregation::Count),
    ("sum", Aggregation::Sum),
    ("max", Aggregation::Max),
    ("min", Aggregation::Min),
    ("latest", Aggregation::Latest),
    ("unique", Aggregation::Unique),
    ("average", Aggregation::Average),
];

pub(super) fn meter(node: &Node, reading: &mut Reading) -> Option<Meter> {
    let fields = Fields::open(node, FIELDS, reading)?;
    let name = fields.required("name", reading, texts::name);
    let feature = fields.required("feature", reading, texts::name);
    let conditions = fields.or("conditions", Vec::new(), reading, list(CONDITIONS_LIMIT, condition));
    let aggregation = fields.required("aggregation", reading, texts::one_of(AGGREGATIONS));
    let value = fields.or("value", ValueField::Quantity, reading, value_field);
    let dimensions = fields.or("dimensions", Vec::new(), reading, dimensions);
    let dimension_limit =
        fields.or("dimension_limit", DEFAULT_DIMENSION_LIMIT, reading, numbers::whole(1, DIMENSION_LIMIT_MOST));
    let unit = fields.or("unit", "".into(), reading, texts::label);
    let negative_allowed = fields.or("negative_allowed", false, reading, texts::flag);
    let effective_from = fields.optional("effective_from", reading, times::any_instant);
    Some(Meter {
        name: name?,
        feature: feature?,
        conditions: conditions?,
        aggregation: aggregation?,
        value: value?,
        dimensions: dimensions?,
        dimension_limit: dimension_limit?.unsigned_abs(),
        unit: unit?,
        negative_allowed: negative_allowed?,
        effective_from: effective_from?,
    })
}

fn value_field(node: &Node, reading: &mut Reading) -> Option<ValueField> {
    let text = texts::name(node, reading)?;
    ValueField::try_from(text.to_string())
        .map_or_else(|message| reading.mistake(MistakeCode::UnknownValue, node, message, ""), Some)
}

fn dimensions(node: &Node, reading: &mut Reading) -> Option<Vec<Arc<str>>> {
    let mut seen: Vec<Arc<str>> = Vec::new();
    list(DIMENSIONS_LIMIT, |node, reading| {
        let name = texts::name(node, reading)?;
        if seen.contains(&name) {
            let message = format!("the dimension `{name}` is declared twice");
            return reading.mistake(MistakeCode::DuplicateDimension, node, message, "keep one of them");
        }
        seen.push(name.clone());
        Some(name)
    })(node, reading)
}

fn condition(node: &Node, reading: &mut Reading) -> Option<Condition> {
    let fields = Fields::open(node, &["key", "one_of"], reading)?;
    let key = fields.required("key", reading, texts::name);
    let one_of = fields.required("one_of", reading, |node, reading| {
        let values = list(CONDITION_VALUES_LIMIT, scalar)(node, reading)?;
        if values.is_empty() {
            let message = "a condition without values holds for no event";
            return reading.mistake(MistakeCode::EmptyList, node, message, "give the values, or leave it out");
        }
        Some(values)
    });
    Some(Condition { key: key?, one_of: one_of? })
}

fn scalar(node: &Node, reading: &mut Reading) -> Option<Scalar> {
    match &node.value {
        Value::Flag(flag) => Some(Scalar::Flag(*flag)),
        Value::Number(token) => Some(Scalar::Number(NumberToken(token.as_str().into()))),
        Value::Text(text) => Some(Scalar::Text(text.as_str().into())),
        Value::Float(token) => {
            let message = format!("{token} is a float, which is not compared");
            reading.mistake(MistakeCode::FloatQuantity, node, message, "compare with text or a whole number")
        }
        _ => reading.wrong_type(node, "text, a number, or true or false"),
    }
}
