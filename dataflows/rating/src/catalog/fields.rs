//! What changed inside a row, field by field, for a person to read.

use crate::tables::Row;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One field that differs. A charge is named by its meter: `charges[api_calls].price`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    pub path: String,
    /// Absent where the field was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Absent where the field is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Fields by which the items of a list are told apart.
const NAMED_BY: [&str; 2] = ["meter", "add_on"];

pub(super) fn between(before: &Row, after: &Row) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(value(before).as_ref(), value(after).as_ref(), "", &mut changes);
    changes
}

fn value(row: &Row) -> Option<Value> {
    serde_json::from_str(&row.to_json()?).ok()
}

fn compare(before: Option<&Value>, after: Option<&Value>, path: &str, changes: &mut Vec<FieldChange>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => compare_fields(before, after, path, changes),
        (Some(Value::Array(before)), Some(Value::Array(after))) => match (named(before), named(after)) {
            (Some(before), Some(after)) => {
                let names: BTreeSet<&str> = before.iter().chain(&after).map(|(name, _)| *name).collect();
                for name in names {
                    let find = |items: &[(&str, &Value)]| {
                        items.iter().find(|(of, _)| *of == name).map(|(_, item)| (*item).clone())
                    };
                    compare(find(&before).as_ref(), find(&after).as_ref(), &format!("{path}[{name}]"), changes);
                }
            }
            _ => by_index(before, after, path, changes),
        },
        (before, after) => {
            changes.push(FieldChange { path: path.to_string(), before: before.cloned(), after: after.cloned() });
        }
    }
}

fn compare_fields(before: &Map<String, Value>, after: &Map<String, Value>, path: &str, changes: &mut Vec<FieldChange>) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(before.get(name), after.get(name), &path, changes);
    }
}

fn by_index(before: &[Value], after: &[Value], path: &str, changes: &mut Vec<FieldChange>) {
    for index in 0..before.len().max(after.len()) {
        compare(before.get(index), after.get(index), &format!("{path}[{index}]"), changes);
    }
}

/// The items with their names, where every item has one.
fn named(items: &[Value]) -> Option<Vec<(&str, &Value)>> {
    items
        .iter()
        .map(|item| NAMED_BY.iter().find_map(|field| item.get(field)?.as_str()).map(|name| (name, item)))
        .collect()
}
