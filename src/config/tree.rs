//! Walking tables of settings by paths of keys.

use figment::value::{Dict, Value};

/// Whether a table is a secret's reference, which is one value and no table of settings.
pub fn is_reference(table: &Dict) -> bool {
    table.len() == 1 && table.iter().all(|(key, value)| (key == "env" || key == "file") && value.as_str().is_some())
}

pub fn find<'a>(values: &'a Dict, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = values.get(first)?;
    match (value, rest) {
        (_, []) => Some(value),
        (Value::Dict(_, inner), _) => find(inner, rest),
        // A mistake inside a list is withdrawn with the whole list.
        (Value::Array(..), _) => Some(value),
        _ => None,
    }
}

pub fn remove(values: &mut Dict, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    match (values.get_mut(first), rest) {
        (Some(Value::Dict(_, inner)), [_, ..]) => remove(inner, rest),
        (Some(_), _) => values.remove(first).is_some(),
        (None, _) => false,
    }
}

pub fn find_references(values: &Dict, path: &mut Vec<String>, references: &mut Vec<Vec<String>>) {
    for (key, value) in values {
        path.push(key.clone());
        if let Value::Dict(_, inner) = value {
            if is_reference(inner) { references.push(path.clone()) } else { find_references(inner, path, references) }
        }
        path.pop();
    }
}

pub fn leaves(values: &Dict, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    for (key, value) in values {
        path.push(key.clone());
        match value {
            Value::Dict(_, inner) if !is_reference(inner) && !inner.is_empty() => leaves(inner, path, paths),
            _ => paths.push(path.clone()),
        }
        path.pop();
    }
}
