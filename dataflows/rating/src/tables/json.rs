//! JSON text as a document: strict, exact, with places.
//!
//! Every level is cut into raw slices first, so that numbers keep their tokens and a repeated name is seen. That reads
//! a byte once for each level it is nested in, which the depth limit bounds.

use super::document::{Field, Node, Value, child_path};
use super::mistake::{Found, MistakeCode};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::ops::Range;

/// Rows are four levels deep; an envelope with a schema some more.
pub(crate) const DEPTH_LIMIT: usize = 16;

pub(crate) fn parse(bytes: &[u8]) -> Result<Node, Found> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| syntax("the text is not UTF-8".to_string(), error.valid_up_to()..bytes.len(), ""))?;
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|error| syntax(describe(&error), offset_of(text, &error), ""))?;
    Parser { text }.node(raw, String::new(), 0)
}

struct Parser<'t> {
    text: &'t str,
}

impl<'t> Parser<'t> {
    fn node(&self, raw: &'t RawValue, path: String, depth: usize) -> Result<Node, Found> {
        let token = raw.get();
        // The raw slice borrows from the text, so the distance of the two is its place.
        let start = token.as_ptr() as usize - self.text.as_ptr() as usize;
        let place = start..start + token.len();
        if depth > DEPTH_LIMIT {
            let message = format!("the document is nested deeper than {DEPTH_LIMIT} levels");
            return Err(Found::new(MistakeCode::TooDeep, &path, place, message, "no row needs that: send it flat"));
        }
        let value = match token.as_bytes().first() {
            Some(b'{') => Value::Fields(self.fields(token, &place, &path, depth)?),
            Some(b'[') => Value::List(self.list(token, &place, &path, depth)?),
            Some(b'"') => Value::Text(read(token, &place, &path)?),
            Some(b't') => Value::Flag(true),
            Some(b'f') => Value::Flag(false),
            Some(b'n') => Value::Null,
            _ => Value::Number(token.to_string()),
        };
        Ok(Node { place, path, value })
    }

    fn fields(&self, token: &'t str, place: &Range<usize>, path: &str, depth: usize) -> Result<Vec<Field>, Found> {
        let entries: Entries<'t> = read(token, place, path)?;
        let mut fields = Vec::with_capacity(entries.0.len());
        for (name, raw) in entries.0 {
            let node = self.node(raw, child_path(path, &name), depth + 1)?;
            fields.push(Field { name_place: node.place.clone(), name, node });
        }
        Ok(fields)
    }

    fn list(&self, token: &'t str, place: &Range<usize>, path: &str, depth: usize) -> Result<Vec<Node>, Found> {
        let items: Vec<&'t RawValue> = read(token, place, path)?;
        items.into_iter().enumerate().map(|(index, raw)| self.node(raw, format!("{path}/{index}"), depth + 1)).collect()
    }
}

/// The fields of an object in the order they were written, repeated names included.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Entries<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'t> Visitor<'t> for InOrder {
            type Value = Entries<'t>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Entries<'t>, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    entries.push((name, map.next_value::<&'t RawValue>()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads one level. It was seen to be JSON already, except for what only shows when a string is unescaped.
fn read<'t, T: Deserialize<'t>>(token: &'t str, place: &Range<usize>, path: &str) -> Result<T, Found> {
    serde_json::from_str(token).map_err(|error| syntax(describe(&error), place.clone(), path))
}

fn syntax(message: String, place: Range<usize>, path: &str) -> Found {
    Found::new(MistakeCode::InvalidJson, path, place, message, "send one JSON object in UTF-8")
}

/// serde_json's sentence without its own line and column: the place is told in ours.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

fn offset_of(text: &str, error: &serde_json::Error) -> Range<usize> {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    offset..offset
}
