//! A document before it means anything: values with their places, the same for TOML and JSON.
//!
//! Owns the tree that the row readers walk. Does not own grammars (`json`, `catalog::toml`) or meaning (`read`).
//! Numbers stay the text they were written as: nothing between a file and an exact number is a float.

use std::ops::Range;

/// One value, where it stands in its text (bytes), and how it is reached (a JSON pointer).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub place: Range<usize>,
    pub path: String,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    /// An exact number token.
    Number(String),
    /// A TOML float: other programs that read the same file would round it, so nothing may depend on it.
    Float(String),
    Text(String),
    List(Vec<Node>),
    Fields(Vec<Field>),
}

/// A named value. In JSON a name may appear twice; whoever reads the fields reports it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub name: String,
    pub name_place: Range<usize>,
    pub node: Node,
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The field of this name, the first one where it appears twice; `None` on anything that has no fields.
    pub fn field(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Fields(fields) => fields.iter().find(|field| field.name == name).map(|field| &field.node),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What the value is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Flag(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Float(_) => "a float",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Fields(_) => "a table",
        }
    }
}

/// The path of a child, with the two characters that JSON pointers escape.
pub(crate) fn child_path(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}
