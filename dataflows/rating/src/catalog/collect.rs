//! From files to rows with their places. Rules between rows come afterwards (`check`).

use super::mistake::{Lines, Mistake};
use super::{CatalogText, toml};
use crate::tables::document::{Field, Node, Value};
use crate::tables::read::{self, Reading, Reference, nearest};
use crate::tables::{Found, MistakeCode, Row, RowChange, Table, json, line};
use std::collections::BTreeSet;
use std::ops::Range;

/// Everything that the files hold. A file is its index in the list of them.
#[derive(Default)]
pub(super) struct Collected {
    pub rows: Vec<PlacedRow>,
    pub tables: BTreeSet<Table>,
    /// Names that rows give themselves, those of rows with mistakes included: a reference to one of these is right.
    pub names: BTreeSet<(Table, String)>,
    pub references: Vec<(usize, Reference)>,
    /// Tables of which a row may stand where nothing could be read: nothing can be said about names they lack.
    pub unsure: BTreeSet<Table>,
    pub found: Vec<(usize, Found)>,
}

pub(super) struct PlacedRow {
    pub row: Row,
    pub file: usize,
    pub place: Range<usize>,
}

pub(super) fn collect(files: &[CatalogText<'_>]) -> Collected {
    let mut collected = Collected::default();
    for (index, file) in files.iter().enumerate() {
        if file.name.ends_with(".toml") {
            match toml::parse(file.text) {
                Ok(document) => collected.tables_of(index, &document),
                Err(found) => collected.unreadable(index, found, Table::ALL),
            }
        } else if file.name.ends_with(".ndjson") {
            collected.lines_of(index, file.text);
        } else {
            let hint = "catalog files end in .toml, or in .ndjson for one row a line";
            let found = Found::new(MistakeCode::UnknownFileKind, "", 0..0, "unknown kind of file", hint);
            collected.unreadable(index, found, Table::ALL);
        }
    }
    collected
}

impl Collected {
    /// Whatever stands there could be a row of any of these tables.
    fn unreadable(&mut self, file: usize, found: Found, tables: impl IntoIterator<Item = Table>) {
        self.unsure.extend(tables);
        self.found.push((file, found));
    }

    fn tables_of(&mut self, file: usize, document: &Node) {
        let Value::Fields(fields) = &document.value else { return };
        for field in fields {
            let Some(table) = Table::from_name(&field.name) else {
                self.unknown_table(file, field);
                continue;
            };
            self.tables.insert(table);
            let Value::List(nodes) = &field.node.value else {
                let message = format!("`{table}` is a list of rows, not {}", field.node.kind());
                let hint = format!("write [[{table}]] with two brackets");
                let place = field.node.place.clone();
                let found = Found::new(MistakeCode::WrongType, &field.node.path, place, message, hint);
                self.unreadable(file, found, [table]);
                continue;
            };
            for node in nodes {
                let mut reading = Reading::default();
                let row = read::row(table, node, &mut reading);
                self.row(file, table, node, row, reading);
            }
        }
    }

    fn unknown_table(&mut self, file: usize, field: &Field) {
        let meant = meant(&field.name);
        let hint = match meant[..] {
            [table] => format!("did you mean `[[{table}]]`?"),
            _ => format!("the tables are {}", Table::ALL.map(Table::name).join(", ")),
        };
        let message = format!("there is no table `{}`", field.name);
        let place = field.name_place.clone();
        self.unreadable(file, Found::new(MistakeCode::UnknownTable, &field.node.path, place, message, hint), meant);
    }

    fn lines_of(&mut self, file: usize, text: &str) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let offset = start;
            start += line.len();
            if line.trim().is_empty() {
                continue;
            }
            match json::parse(line.as_bytes()) {
                Ok(node) => self.line(file, &node, offset),
                Err(found) => self.unreadable(file, shifted(found, offset), Table::ALL),
            }
        }
    }

    fn line(&mut self, file: usize, node: &Node, offset: usize) {
        let mut reading = Reading::default();
        let change = line(node, &mut reading);
        let row = match change {
            Some(RowChange::Upsert(row)) => Some(row),
            Some(RowChange::Remove(_) | RowChange::Nothing) => reading.mistake(
                MistakeCode::ConflictingFields,
                node.field("remove").unwrap_or(node),
                "a catalog says which rows there are, so it removes none",
                "leave the row out, and apply the catalog",
            ),
            None => None,
        };
        for found in &mut reading.mistakes {
            found.place = found.place.start + offset..found.place.end + offset;
        }
        for reference in &mut reading.references {
            reference.place = reference.place.start + offset..reference.place.end + offset;
        }
        let table = node.field("table").and_then(Node::text).and_then(Table::from_name);
        match (table, node.field("row")) {
            (Some(table), Some(body)) => {
                self.tables.insert(table);
                let place = body.place.start + offset..body.place.end + offset;
                self.row(file, table, &Node { place, ..body.clone() }, row, reading);
            }
            _ => {
                self.unsure.extend(meant(node.field("table").and_then(Node::text).unwrap_or_default()));
                self.found.extend(reading.mistakes.into_iter().map(|found| (file, found)));
            }
        }
    }

    fn row(&mut self, file: usize, table: Table, node: &Node, row: Option<Row>, reading: Reading) {
        let named_by = read::key_fields(table).first().and_then(|field| node.field(field));
        match named_by.and_then(Node::text) {
            Some(name) => {
                self.names.insert((table, name.to_string()));
            }
            // A row that should have a name and has none may be the one that others refer to.
            None => {
                self.unsure.insert(table);
            }
        }
        self.found.extend(reading.mistakes.into_iter().map(|found| (file, found)));
        self.references.extend(reading.references.into_iter().map(|reference| (file, reference)));
        if let Some(row) = row {
            self.rows.push(PlacedRow { row, file, place: node.place.clone() });
        }
    }

    /// Everything found, placed by line and column, in the order of files and places.
    pub fn mistakes(mut self, files: &[CatalogText<'_>]) -> Vec<Mistake> {
        self.found.sort_by_key(|(file, found)| (*file, found.place.start, found.code));
        let lines: Vec<Lines<'_>> = files.iter().map(|file| Lines::of(file.text)).collect();
        self.found.into_iter().map(|(file, found)| lines[file].mistake(files[file].name, found)).collect()
    }
}

/// The tables that somebody may have meant who wrote this name.
fn meant(name: &str) -> Vec<Table> {
    let nearest = nearest(name, Table::ALL.map(Table::name)).and_then(Table::from_name);
    nearest.map_or(Table::ALL.to_vec(), |table| vec![table])
}

fn shifted(found: Found, offset: usize) -> Found {
    Found { place: found.place.start + offset..found.place.end + offset, ..found }
}
