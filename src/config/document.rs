//! One TOML file as a dictionary, with the place of every key and value in it.

use super::mistake::{ConfigMistake, Origin, code};
use figment::value::{Dict, Value};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// What a file says. `places` holds, for each path of keys, where the key and where its value begin.
#[derive(Debug, Default)]
pub struct Document {
    pub values: Dict,
    places: BTreeMap<Vec<String>, (Place, Place)>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    line: usize,
    column: usize,
}

impl Document {
    pub fn read(path: &Path) -> (Document, Vec<ConfigMistake>) {
        let text = match std::fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => return (Document::default(), vec![unreadable(path, "it is not UTF-8 text".into())]),
            Err(error) => return (Document::default(), vec![unreadable(path, error.to_string())]),
        };
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mistakes = errors.into_iter().map(|error| {
            let place = place_of(&text, error.span().map_or(0, |span| span.start));
            ConfigMistake {
                origin: Origin::File { path: path.to_owned(), line: place.line, column: place.column },
                setting: String::new(),
                code: code::SYNTAX,
                message: error.message().trim().replace('\n', ", "),
                help: None,
            }
        });
        let mistakes: Vec<_> = mistakes.collect();
        let mut places = BTreeMap::new();
        let values = dictionary(&text, table.get_ref(), &mut Vec::new(), &mut places);
        (Document { values, places }, mistakes)
    }

    /// Where the key at `path` stands in the file, or its value; the nearest table above it where it has no own place.
    pub fn origin(&self, file: &Path, path: &[String], of_key: bool) -> Origin {
        let known = (1..=path.len()).rev().find_map(|length| self.places.get(&path[..length]));
        let place = known.map_or(Place { line: 1, column: 1 }, |(key, value)| if of_key { *key } else { *value });
        Origin::File { path: file.to_owned(), line: place.line, column: place.column }
    }

    /// Keys that `layers` joined into one keep the place of what they were made of.
    pub fn alias(&mut self, from: &[String], to: Vec<String>) {
        if let Some(place) = self.places.get(from).copied() {
            self.places.insert(to, place);
        }
    }
}

fn unreadable(path: &Path, reason: String) -> ConfigMistake {
    ConfigMistake {
        origin: Origin::File { path: path.to_owned(), line: 1, column: 1 },
        setting: String::new(),
        code: code::UNREADABLE,
        message: format!("the file cannot be read: {reason}"),
        help: None,
    }
}

fn place_of(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

fn dictionary(
    text: &str,
    table: &DeTable<'_>,
    path: &mut Vec<String>,
    places: &mut BTreeMap<Vec<String>, (Place, Place)>,
) -> Dict {
    let mut values = Dict::new();
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        let at = (place_of(text, key.span().start), place_of(text, value.span().start));
        places.insert(path.clone(), at);
        values.insert(key.get_ref().to_string(), convert(text, value.get_ref(), path, places));
        path.pop();
    }
    values
}

fn convert(
    text: &str,
    value: &DeValue<'_>,
    path: &mut Vec<String>,
    places: &mut BTreeMap<Vec<String>, (Place, Place)>,
) -> Value {
    match value {
        DeValue::String(string) => Value::from(string.as_ref()),
        DeValue::Boolean(flag) => Value::from(*flag),
        // No setting is a fraction; a float or a number out of range stays text and is refused as such.
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number.to_string()),
        },
        DeValue::Float(number) => Value::from(number.as_str()),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => {
            let convert_one = |(index, value): (usize, &toml::Spanned<DeValue<'_>>)| {
                path.push(index.to_string());
                let at = place_of(text, value.span().start);
                places.insert(path.clone(), (at, at));
                let converted = convert(text, value.get_ref(), path, places);
                path.pop();
                converted
            };
            Value::from(list.iter().enumerate().map(convert_one).collect::<Vec<Value>>())
        }
        DeValue::Table(table) => Value::from(dictionary(text, table, path, places)),
    }
}
