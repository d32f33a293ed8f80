//! The fields of one table: unknown, repeated and missing ones are named here, for every kind of row alike.

use super::{Reading, nearest};
use crate::tables::document::{Field, Node, Value, child_path};
use crate::tables::mistake::{Found, MistakeCode};

pub(crate) struct Fields<'n> {
    node: &'n Node,
    fields: &'n [Field],
}

impl<'n> Fields<'n> {
    /// Opens a table that may have these fields and no others.
    pub fn open(node: &'n Node, known: &[&str], reading: &mut Reading) -> Option<Fields<'n>> {
        let opened = Fields::open_any(node, reading)?;
        for field in opened.fields {
            if known.contains(&canonical(&field.name)) {
                continue;
            }
            let hint = match nearest(&field.name, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the fields are {}", known.join(", ")),
            };
            reading.mistakes.push(Found::new(
                MistakeCode::UnknownField,
                &field.node.path,
                field.name_place.clone(),
                format!("there is no field `{}`", field.name),
                hint,
            ));
        }
        Some(opened)
    }

    /// Opens a table of which only some fields are read.
    pub fn open_any(node: &'n Node, reading: &mut Reading) -> Option<Fields<'n>> {
        let Value::Fields(fields) = &node.value else {
            return reading.wrong_type(node, "a table of fields");
        };
        for (index, field) in fields.iter().enumerate() {
            if fields[..index].iter().any(|earlier| canonical(&earlier.name) == canonical(&field.name)) {
                reading.mistakes.push(Found::new(
                    MistakeCode::DuplicateField,
                    &field.node.path,
                    field.name_place.clone(),
                    format!("`{}` is given twice", field.name),
                    "keep one of them",
                ));
            }
        }
        Some(Fields { node, fields })
    }

    pub fn node(&self) -> &'n Node {
        self.node
    }

    /// A null is an absent field: relational tables have no other way to leave a column out.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.fields
            .iter()
            .find(|field| canonical(&field.name) == name)
            .map(|field| &field.node)
            .filter(|node| !node.is_null())
    }

    pub fn required<T>(
        &self,
        name: &str,
        reading: &mut Reading,
        read: impl FnOnce(&Node, &mut Reading) -> Option<T>,
    ) -> Option<T> {
        if let Some(node) = self.get(name) {
            return read(node, reading);
        }
        let null = self.fields.iter().find(|field| canonical(&field.name) == name);
        let (place, path) = match null {
            Some(field) => (field.node.place.clone(), field.node.path.clone()),
            None => (self.node.place.clone(), child_path(&self.node.path, name)),
        };
        let message = format!("`{name}` is required");
        let hint = if name == "organization_id" { "`organizationId` is the same field" } else { "" };
        reading.mistakes.push(Found::new(MistakeCode::MissingField, &path, place, message, hint));
        None
    }

    /// The outer `None` says that the field is there and wrong.
    pub fn optional<T>(
        &self,
        name: &str,
        reading: &mut Reading,
        read: impl FnOnce(&Node, &mut Reading) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(name) {
            Some(node) => read(node, reading).map(Some),
            None => Some(None),
        }
    }

    pub fn or<T>(
        &self,
        name: &str,
        absent: T,
        reading: &mut Reading,
        read: impl FnOnce(&Node, &mut Reading) -> Option<T>,
    ) -> Option<T> {
        match self.get(name) {
            Some(node) => read(node, reading),
            None => Some(absent),
        }
    }

    /// Fields that mean nothing beside what was chosen.
    pub fn refuse(&self, names: &[&str], because: &str, reading: &mut Reading) -> Option<()> {
        let mut clean = Some(());
        for name in names {
            if let Some(node) = self.get(name) {
                let message = format!("`{name}` has no meaning here: {because}");
                clean = reading.mistake(MistakeCode::ConflictingFields, node, message, "take it out");
            }
        }
        clean
    }
}

/// Events and relational columns spell the organization differently; both are its name.
fn canonical(name: &str) -> &str {
    if name == "organizationId" { "organization_id" } else { name }
}

/// Reads every item, so that a mistake in the first does not hide one in the second. `limit` bounds what one row may
/// hold.
pub(crate) fn list<T>(
    limit: usize,
    mut item: impl FnMut(&Node, &mut Reading) -> Option<T>,
) -> impl FnOnce(&Node, &mut Reading) -> Option<Vec<T>> {
    move |node, reading| {
        let Value::List(nodes) = &node.value else {
            return reading.wrong_type(node, "a list");
        };
        if nodes.len() > limit {
            let message = format!("{} items are more than the {limit} that one row may hold", nodes.len());
            return reading.mistake(MistakeCode::TooManyItems, node, message, "split it into several rows");
        }
        let read: Vec<Option<T>> = nodes.iter().map(|node| item(node, reading)).collect();
        read.into_iter().collect()
    }
}
