//! What a meter makes of an event: whether it counts it, under which dimensions, with which value.

use crate::event::{self, Code, Event, Scalar};
use crate::exact::{self, Fraction, zero};
use crate::fold::{Counted, Counting};
use crate::tables::{Tables, effective_from, text};
use serde_json::Value;

/// The event as every meter that counts it sees it, or why it cannot be counted at all.
pub fn count(tables: &Tables, event: &Event) -> Result<Vec<Counted>, Code> {
    tables.table("meters").filter(|meter| counts(meter, event)).map(|meter| counted(meter, event)).collect()
}

pub fn aggregation<'a>(tables: &'a Tables, meter: &str) -> &'a str {
    let row = tables.table("meters").find(|row| text(row, "name") == meter).expect("a meter that has counted");
    text(row, "aggregation")
}

fn counts(meter: &Value, event: &Event) -> bool {
    let begun = meter.get("effective_from").is_none() || effective_from(meter) <= event.instant;
    let none = Vec::new();
    let conditions = meter.get("conditions").map_or(&none, |list| list.as_array().expect("conditions"));
    let holds = |condition: &Value| {
        let value = event.content.metadata.get(text(condition, "key"));
        condition["one_of"].as_array().expect("one_of").iter().any(|allowed| event::scalar(allowed).as_ref() == value)
    };
    begun && text(meter, "feature") == event.content.feature && conditions.iter().all(holds)
}

fn counted(meter: &Value, event: &Event) -> Result<Counted, Code> {
    Ok(Counted {
        organization: event.organization.clone(),
        meter: text(meter, "name").to_owned(),
        dimensions: dimensions(meter, event),
        instant: event.instant,
        source: event.source.clone(),
        id: event.id.clone(),
        value: value(meter, event)?,
    })
}

fn dimensions(meter: &Value, event: &Event) -> Vec<String> {
    let Some(names) = meter.get("dimensions") else { return Vec::new() };
    let value = |name: &Value| match name.as_str().expect("a dimension's name") {
        "endpoint" => event.content.endpoint.clone(),
        key => event.content.metadata.get(key).map(|scalar| scalar.text.clone()).unwrap_or_default(),
    };
    names.as_array().expect("dimensions").iter().map(value).collect()
}

fn value(meter: &Value, event: &Event) -> Result<Counting, Code> {
    let negative_allowed = meter.get("negative_allowed").is_some_and(|allowed| allowed == true);
    if event.content.quantity < zero() && !negative_allowed {
        return Err("invalid_quantity");
    }
    let field = meter.get("value").map_or("quantity", |field| field.as_str().expect("a field's name"));
    match text(meter, "aggregation") {
        "count" => Ok(Counting::Number(exact::integer(1))),
        "unique" => word(field, event).map(Counting::Word),
        _ => {
            let number = decimal(field, event)?;
            let allowed = negative_allowed || number >= zero();
            if allowed { Ok(Counting::Number(number)) } else { Err("invalid_value") }
        }
    }
}

/// A value as `unique` compares it: the number 1 and the text "1" are two.
fn word(field: &str, event: &Event) -> Result<String, Code> {
    match field {
        "quantity" => Ok(event.content.quantity.to_string()),
        "cost" => Ok(event.content.cost.to_string()),
        _ => metadata_value(field, event).map(|scalar| format!("{}:{}", scalar.kind, scalar.text)),
    }
}

fn decimal(field: &str, event: &Event) -> Result<Fraction, Code> {
    match field {
        "quantity" => Ok(event.content.quantity.clone()),
        "cost" => Ok(event.content.cost.clone()),
        _ => {
            let scalar = metadata_value(field, event).ok().filter(|scalar| scalar.kind == "number");
            scalar.and_then(|scalar| event::bounded(&Value::String(scalar.text.clone()))).ok_or("invalid_value")
        }
    }
}

fn metadata_value<'a>(field: &str, event: &'a Event) -> Result<&'a Scalar, Code> {
    let key = field.strip_prefix("metadata.").expect("quantity, cost or metadata.KEY");
    event.content.metadata.get(key).filter(|scalar| scalar.kind != "null").ok_or("invalid_value")
}
