//! From a document to rows: the one set of rules for rows from catalog files, topics and the embedded log.
//!
//! A reader takes a node and returns what it means, or `None` after it has said why not. It goes on after a mistake,
//! so that a person sees all of them at once. Does not own rules between rows (`catalog::check`).

pub(crate) mod charge;
mod charge_model;
mod charge_rules;
mod credit;
mod fields;
mod meter;
pub(crate) mod numbers;
mod phase;
pub(crate) mod plan;
pub(crate) mod subscription;
mod terms;
pub(crate) mod texts;
pub(crate) mod times;

pub(crate) use fields::{Fields, list};
pub(crate) use texts::nearest;

use super::document::Node;
use super::mistake::{Found, MistakeCode};
use super::{Row, Table};
use std::ops::Range;
use std::sync::Arc;

/// What reading has brought to light so far.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub mistakes: Vec<Found>,
    /// Names of other rows, kept with their places because only a whole catalog can tell whether they exist.
    pub references: Vec<Reference>,
}

#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub table: Table,
    pub name: Arc<str>,
    pub place: Range<usize>,
    pub path: String,
}

impl Reading {
    /// Notes a mistake at a node. Returns `None` so that a reader can end with it.
    pub fn mistake<T>(
        &mut self,
        code: MistakeCode,
        node: &Node,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.mistakes.push(Found::new(code, &node.path, node.place.clone(), message, hint));
        None
    }

    fn wrong_type<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let message = format!("{expected} is expected here, not {}", node.kind());
        self.mistake(MistakeCode::WrongType, node, message, "")
    }
}

/// Reads one row of a table.
pub(crate) fn row(table: Table, node: &Node, reading: &mut Reading) -> Option<Row> {
    match table {
        Table::Meters => meter::meter(node, reading).map(Row::Meters),
        Table::Plans => plan::plan(node, reading).map(Row::Plans),
        Table::AddOns => plan::add_on(node, reading).map(Row::AddOns),
        Table::Subscriptions => subscription::subscription(node, reading).map(Row::Subscriptions),
        Table::Overrides => terms::an_override(node, reading).map(Row::Overrides),
        Table::Grants => credit::grant(node, reading).map(Row::Grants),
        Table::CreditPolicies => credit::policy(node, reading).map(Row::CreditPolicies),
        Table::Adjustments => terms::adjustment(node, reading).map(Row::Adjustments),
    }
}

/// The fields that make up the key of a table's rows, in order.
pub(crate) fn key_fields(table: Table) -> &'static [&'static str] {
    match table {
        Table::Meters => &["name"],
        Table::Plans => &["plan", "effective_from"],
        Table::AddOns => &["add_on", "effective_from"],
        Table::Subscriptions | Table::Overrides | Table::Grants | Table::CreditPolicies | Table::Adjustments => &["id"],
    }
}

/// Reads the key alone, from a row of which the other fields may be missing.
pub(crate) fn key(table: Table, node: &Node, reading: &mut Reading) -> Option<super::RowKey> {
    let fields = Fields::open_any(node, reading)?;
    let [name, version @ ..] = key_fields(table) else { return None };
    let name = fields.required(name, reading, texts::name);
    let key = match version {
        [effective_from, ..] => {
            let effective_from = fields.required(effective_from, reading, times::instant);
            format!("{}@{}", name?, effective_from?).into()
        }
        [] => name?,
    };
    Some(super::RowKey { table, key })
}
