//! Records of the table topics and of the embedded log, as changes of rows; and back.
//!
//! Owns what a record means: a row, the removal of a key, or nothing. Does not own where records come from.

use super::document::{Node, Value, child_path};
use super::mistake::{Found, MistakeCode, RowMistake};
use super::read::{self, Reading};
use super::{Row, RowKey, Table, debezium, json};
use serde::Serialize;

/// What a record does to its table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is a row: a box would be an allocation each")]
pub enum RowChange {
    /// The row is new, or replaces the one with its key.
    Upsert(Row),
    /// The key has no row any more.
    Remove(RowKey),
    /// The record is about something else, such as a connector's heartbeat.
    Nothing,
}

/// Reads one row from its JSON: strict, exact, and by the same rules as catalog files.
pub fn read_row(table: Table, bytes: &[u8]) -> Result<Row, RowMistake> {
    let node = json::parse(bytes)?;
    first_mistake(|reading| read::row(table, &node, reading))
}

/// Reads a record of a table's topic. The value is a row, or a Debezium envelope of one; a record without a value is a
/// tombstone, and its key says which row it removes.
pub fn read_change(table: Table, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<RowChange, RowMistake> {
    match value {
        Some(value) => debezium::read_value(table, key, json::parse(value)?),
        None => read_removal(table, key),
    }
}

/// Reads a line of the embedded log: `{"table": "grants", "row": {…}}`, or `{"table": "grants", "remove": "KEY"}`.
pub fn read_line(bytes: &[u8]) -> Result<RowChange, RowMistake> {
    let node = json::parse(bytes)?;
    first_mistake(|reading| line(&node, reading))
}

pub(crate) fn line(node: &Node, reading: &mut Reading) -> Option<RowChange> {
    let fields = read::Fields::open(node, &["table", "row", "remove"], reading)?;
    let table = fields.required("table", reading, |node, reading| match node.text().and_then(Table::from_name) {
        Some(table) => Some(table),
        None => unknown_table(node, reading),
    });
    match (fields.get("row"), fields.get("remove")) {
        (Some(_), Some(remove)) => {
            let message = "a line has a row or removes one, not both";
            reading.mistake(MistakeCode::ConflictingFields, remove, message, "take `row` or `remove` out")
        }
        (None, Some(remove)) => {
            let Some(text) = remove.text() else {
                return reading.mistake(MistakeCode::WrongType, remove, "a key is text", "");
            };
            match text_key(table?, text) {
                Some(key) => Some(RowChange::Remove(key)),
                None => reading.mistake(MistakeCode::InvalidKey, remove, key_message(text), KEY_HINT),
            }
        }
        _ => fields.required("row", reading, |node, reading| read::row(table?, node, reading)).map(RowChange::Upsert),
    }
}

fn unknown_table(node: &Node, reading: &mut Reading) -> Option<Table> {
    let name = node.text().unwrap_or_default();
    let names = Table::ALL.map(Table::name);
    let hint = match read::nearest(name, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the tables are {}", names.join(", ")),
    };
    reading.mistake(MistakeCode::UnknownTable, node, format!("there is no table `{name}`"), hint)
}

/// Runs a reader and gives what it read, or the mistake that stands first in the record.
pub(super) fn first_mistake<T>(read: impl FnOnce(&mut Reading) -> Option<T>) -> Result<T, RowMistake> {
    let mut reading = Reading::default();
    let value = read(&mut reading);
    let first = reading.mistakes.into_iter().min_by_key(|found| (found.place.start, found.code));
    match (value, first) {
        (Some(value), None) => Ok(value),
        (_, Some(found)) => Err(found.into()),
        (None, None) => Err(Found::new(MistakeCode::WrongType, "", 0..0, "the record is no row", "").into()),
    }
}

pub(super) fn read_removal(table: Table, key: Option<&[u8]>) -> Result<RowChange, RowMistake> {
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let message = "a record without a value removes a row, and this one has no key that says which";
        return Err(Found::new(MistakeCode::MissingKey, "", 0..0, message, KEY_HINT).into());
    };
    read_key(table, key).map(RowChange::Remove)
}

const KEY_HINT: &str = "keys are NAME for meters, NAME@INSTANT for plans and add_ons, and the id for everything else";

/// Reads a record's key: the text that [`RowKey::key`] has, or the key columns as JSON, with or without a schema.
pub fn read_key(table: Table, bytes: &[u8]) -> Result<RowKey, RowMistake> {
    let text = std::str::from_utf8(bytes).ok();
    if text.is_some_and(|text| text.trim_start().starts_with('{')) {
        let node = json::parse(bytes)?;
        let columns = node.field("payload").unwrap_or(&node);
        return first_mistake(|reading| read::key(table, columns, reading));
    }
    // Debezium's JSON converter quotes a key that is one text.
    let text = match (text, json::parse(bytes)) {
        (_, Ok(Node { value: Value::Text(text), .. })) => Some(text),
        (text, _) => text.map(str::to_string),
    };
    text.as_deref().and_then(|text| text_key(table, text)).ok_or_else(|| {
        let shown = String::from_utf8_lossy(bytes);
        Found::new(MistakeCode::InvalidKey, "", 0..0, key_message(&shown), KEY_HINT).into()
    })
}

fn key_message(text: &str) -> String {
    format!("`{text}` is no key of this table")
}

/// A key as text, with the instant of a version written in the one way that keys have.
fn text_key(table: Table, text: &str) -> Option<RowKey> {
    let fields = match (read::key_fields(table), text.rsplit_once('@')) {
        ([name], _) => vec![(*name, text)],
        ([name, version], Some((before, after))) => vec![(*name, before), (*version, after)],
        _ => return None,
    };
    let fields = fields.into_iter().map(|(name, text)| super::document::Field {
        name: name.to_string(),
        name_place: 0..0,
        node: Node { place: 0..0, path: child_path("", name), value: Value::Text(text.to_string()) },
    });
    let columns = Node { place: 0..0, path: String::new(), value: Value::Fields(fields.collect()) };
    first_mistake(|reading| read::key(table, &columns, reading)).ok()
}

/// The embedded log's line, borrowed for writing.
#[derive(Serialize)]
struct RemoveLine<'a> {
    table: Table,
    remove: &'a str,
}

impl RowChange {
    /// The line of the embedded log that [`read_line`] reads; `None` for nothing.
    pub fn to_line(&self) -> Option<String> {
        let line = match self {
            RowChange::Upsert(row) => serde_json::to_string(row),
            RowChange::Remove(key) => serde_json::to_string(&RemoveLine { table: key.table, remove: &key.key }),
            RowChange::Nothing => return None,
        };
        // Rows have text keys and no maps of anything else, which is all that JSON cannot write.
        line.ok()
    }

    /// The key and value of the record on the table's topic; a removal has no value.
    pub fn to_record(&self) -> Option<(RowKey, Option<String>)> {
        match self {
            RowChange::Upsert(row) => row.to_json().map(|value| (row.key(), Some(value))),
            RowChange::Remove(key) => Some((key.clone(), None)),
            RowChange::Nothing => None,
        }
    }
}
