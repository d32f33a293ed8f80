//! The table rows as JSON, by key: what was published last under a key is what counts, for all of time.
//!
//! Owns keys and the reading of single fields. Does not own what the rows mean together (`terms`).

use crate::civil::{self, Micros};
use serde_json::Value;

/// One step of a table's changelog. Both carry the whole envelope `{"table": …, "row": …}`.
#[derive(Clone, Debug, PartialEq)]
pub enum TableChange {
    Upsert(Value),
    /// Removes whatever stands under this row's key.
    Remove(Value),
}

/// Rows in the order in which their keys first came: where an event has several faults, the first meter names its own.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: Vec<((String, String), Value)>,
}

impl Tables {
    pub fn apply(&mut self, change: &TableChange) {
        match change {
            TableChange::Upsert(envelope) => {
                let (key, row) = (key(envelope), envelope["row"].clone());
                match self.rows.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => *known = row,
                    None => self.rows.push((key, row)),
                }
            }
            TableChange::Remove(envelope) => {
                let key = key(envelope);
                self.rows.retain(|(known, _)| *known != key);
            }
        }
    }

    pub fn table<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.rows.iter().filter(move |((table, _), _)| table == name).map(|(_, row)| row)
    }
}

/// The table's name and the row's key in it: versions of plans and add-ons differ by instant, all else by its id.
fn key(envelope: &Value) -> (String, String) {
    let row = &envelope["row"];
    let table = text(envelope, "table");
    let key = match table {
        "meters" => text(row, "name").to_owned(),
        "plans" => format!("{}@{}", text(row, "plan"), effective_from(row)),
        "add_ons" => format!("{}@{}", text(row, "add_on"), effective_from(row)),
        _ => text(row, "id").to_owned(),
    };
    (table.to_owned(), key)
}

pub fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("no text under {field} in {row}"))
}

pub fn effective_from(row: &Value) -> Micros {
    time(row, "effective_from").unwrap_or_else(|| panic!("no effective_from in {row}"))
}

pub fn effective_to(row: &Value) -> Option<Micros> {
    time(row, "effective_to")
}

/// Whether a row with `effective_from` and maybe `effective_to` holds at an instant.
pub fn covers(row: &Value, instant: Micros) -> bool {
    effective_from(row) <= instant && effective_to(row).is_none_or(|end| instant < end)
}

fn time(row: &Value, field: &str) -> Option<Micros> {
    let text = row.get(field)?.as_str()?;
    Some(civil::instant(text).unwrap_or_else(|| panic!("no instant under {field}: {text}")))
}
