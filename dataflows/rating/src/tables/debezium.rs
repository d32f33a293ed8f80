//! Debezium's envelopes around rows of relational tables.
//!
//! Owns: `{"before", "after", "op", …}` with and without `{"schema", "payload"}`; the flattened form that its
//! `ExtractNewRecordState` leaves behind; columns of type JSON, which arrive as text. Source of the shapes: Debezium
//! 2.x/3.x, "Data change events" of the PostgreSQL and MySQL connectors.
//!
//! What a connector must be told: `decimal.handling.mode=string` (its default packs decimals into bytes, and `double`
//! would round them), and `time.precision.mode=connect` for columns without a zone (milliseconds; microseconds are
//! refused as out of range rather than taken for a year far away).

use super::change::{RowChange, first_mistake, read_removal};
use super::document::{Field, Node, Value};
use super::mistake::{Found, MistakeCode, RowMistake};
use super::read;
use super::{Table, json};

/// Columns that hold lists or tables. A relational table keeps them as `json` or `jsonb`.
const JSON_COLUMNS: &[&str] = &["charges", "charge", "add_ons", "conditions", "dimensions"];

/// Reads a record's value, whether it is an envelope or the row itself.
pub(super) fn read_value(table: Table, key: Option<&[u8]>, value: Node) -> Result<RowChange, RowMistake> {
    let value = match take(value, "payload") {
        Taken::Field(payload) => payload,
        Taken::Whole(value) => value,
    };
    if value.is_null() {
        return read_removal(table, key);
    }
    match value.field("op") {
        Some(op) => {
            let operation = op.text().unwrap_or_default().to_string();
            let (path, place) = (op.path.clone(), op.place.clone());
            envelope(table, key, value, &operation).unwrap_or_else(|| {
                let message = format!("`{operation}` is no change of a row");
                let hint = "create, update, delete and read (c, u, d, r) are; publish rows again after a truncate";
                Err(Found::new(MistakeCode::UnsupportedOperation, &path, place, message, hint).into())
            })
        }
        None => flattened(table, key, value),
    }
}

/// `None` for an operation that is none of a row's.
fn envelope(table: Table, key: Option<&[u8]>, value: Node, operation: &str) -> Option<Result<RowChange, RowMistake>> {
    match operation {
        "c" | "u" | "r" => Some(match take(value, "after") {
            Taken::Field(after) => upsert(table, after),
            Taken::Whole(value) => {
                let message = "a change without `after` says nothing about the row";
                Err(Found::new(MistakeCode::MissingField, "/after", value.place, message, "").into())
            }
        }),
        // With PostgreSQL's default replica identity `before` holds the key columns alone, which is enough.
        "d" => Some(match take(value, "before") {
            Taken::Field(before) if !before.is_null() => {
                first_mistake(|reading| read::key(table, &before, reading)).map(RowChange::Remove)
            }
            _ => read_removal(table, key),
        }),
        // A logical decoding message, which applications write for purposes of their own.
        "m" => Some(Ok(RowChange::Nothing)),
        _ => None,
    }
}

/// A row with Debezium's own columns beside it: `__deleted`, `__op`, `__source_ts_ms`, …
fn flattened(table: Table, key: Option<&[u8]>, mut value: Node) -> Result<RowChange, RowMistake> {
    let deleted = match value.field("__deleted").map(|node| &node.value) {
        Some(Value::Text(text)) => text == "true",
        Some(Value::Flag(flag)) => *flag,
        _ => false,
    };
    if deleted {
        return match key {
            Some(_) => read_removal(table, key),
            None => first_mistake(|reading| read::key(table, &value, reading)).map(RowChange::Remove),
        };
    }
    if let Value::Fields(fields) = &mut value.value {
        fields.retain(|field| !field.name.starts_with("__"));
    }
    upsert(table, value)
}

fn upsert(table: Table, mut row: Node) -> Result<RowChange, RowMistake> {
    if let Value::Fields(fields) = &mut row.value {
        for field in fields.iter_mut().filter(|field| JSON_COLUMNS.contains(&field.name.as_str())) {
            open_json_column(&mut field.node)?;
        }
    }
    first_mistake(|reading| read::row(table, &row, reading)).map(RowChange::Upsert)
}

fn open_json_column(node: &mut Node) -> Result<(), RowMistake> {
    let Value::Text(text) = &node.value else { return Ok(()) };
    let inner = json::parse(text.as_bytes()).map_err(|found| Found {
        path: format!("{}{}", node.path, found.path),
        place: node.place.clone(),
        ..found
    })?;
    *node = moved(inner, node);
    Ok(())
}

/// Gives every part of an inner document the place of the text that holds it.
fn moved(inner: Node, outer: &Node) -> Node {
    let value = match inner.value {
        Value::List(nodes) => Value::List(nodes.into_iter().map(|node| moved(node, outer)).collect()),
        Value::Fields(fields) => Value::Fields(
            fields
                .into_iter()
                .map(|field| Field { name_place: outer.place.clone(), node: moved(field.node, outer), ..field })
                .collect(),
        ),
        value => value,
    };
    Node { place: outer.place.clone(), path: format!("{}{}", outer.path, inner.path), value }
}

enum Taken {
    Field(Node),
    /// There is no such field: the node as it was.
    Whole(Node),
}

fn take(node: Node, name: &str) -> Taken {
    match node.value {
        Value::Fields(mut fields) => match fields.iter().position(|field| field.name == name) {
            Some(index) => Taken::Field(fields.swap_remove(index).node),
            None => Taken::Whole(Node { value: Value::Fields(fields), ..node }),
        },
        _ => Taken::Whole(node),
    }
}
