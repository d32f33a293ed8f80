//! TOML text as a document, with places.

use crate::tables::document::{Field, Node, Value, child_path};
use crate::tables::{Found, MistakeCode};
use std::ops::Range;
use toml_edit::{Array, ArrayOfTables, Document, Item, TableLike, Value as TomlValue};

/// The parser stops at the first place where the text is no TOML, so this is the one mistake that hides others.
pub(super) fn parse(text: &str) -> Result<Node, Found> {
    let document = Document::parse(text).map_err(|error| {
        let place = error.span().unwrap_or(0..0);
        Found::new(MistakeCode::InvalidToml, "", place, error.message().replace('\n', "; "), "")
    })?;
    Ok(Walk { text }.table(document.as_table(), 0..text.len(), String::new()))
}

struct Walk<'t> {
    text: &'t str,
}

impl Walk<'_> {
    fn table(&self, table: &dyn TableLike, place: Range<usize>, path: String) -> Node {
        let mut fields = Vec::new();
        for (name, item) in table.iter() {
            let name_place = table.key(name).and_then(|key| key.span());
            let place = item.span().or_else(|| name_place.clone()).unwrap_or_else(|| place.clone());
            let node = self.item(item, place.clone(), child_path(&path, name));
            fields.push(Field { name: name.to_string(), name_place: name_place.unwrap_or(place), node });
        }
        Node { place, path, value: Value::Fields(fields) }
    }

    fn item(&self, item: &Item, place: Range<usize>, path: String) -> Node {
        match item {
            Item::None => Node { place, path, value: Value::Null },
            Item::Value(value) => self.value(value, place, path),
            Item::Table(table) => self.table(table, place, path),
            Item::ArrayOfTables(tables) => self.array_of_tables(tables, place, path),
        }
    }

    fn array_of_tables(&self, tables: &ArrayOfTables, place: Range<usize>, path: String) -> Node {
        let nodes = tables.iter().enumerate().map(|(index, table)| {
            self.table(table, table.span().unwrap_or_else(|| place.clone()), format!("{path}/{index}"))
        });
        Node { value: Value::List(nodes.collect()), place, path }
    }

    fn array(&self, array: &Array, place: &Range<usize>, path: &str) -> Value {
        let nodes = array.iter().enumerate().map(|(index, value)| {
            self.value(value, value.span().unwrap_or_else(|| place.clone()), format!("{path}/{index}"))
        });
        Value::List(nodes.collect())
    }

    fn value(&self, value: &TomlValue, place: Range<usize>, path: String) -> Node {
        let value = match value {
            TomlValue::String(text) => Value::Text(text.value().clone()),
            TomlValue::Integer(number) => Value::Number(number.value().to_string()),
            // As it was written: a hint that shows it in quotes must show the same digits.
            TomlValue::Float(float) => Value::Float(self.written(float.span())),
            TomlValue::Boolean(flag) => Value::Flag(*flag.value()),
            TomlValue::Datetime(instant) => Value::Text(instant.value().to_string()),
            TomlValue::Array(items) => self.array(items, &place, &path),
            TomlValue::InlineTable(fields) => return self.table(fields, place, path),
        };
        Node { place, path, value }
    }

    fn written(&self, place: Option<Range<usize>>) -> String {
        place.and_then(|place| self.text.get(place)).unwrap_or_default().to_string()
    }
}
