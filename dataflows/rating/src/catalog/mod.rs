//! Catalog files: parsing, every mistake with its place, and the difference to what is in force.
//!
//! A catalog is a set of files, merged in the order of their names. `*.toml` has the tables as arrays of tables
//! (`[[meters]]`, `[[plans]]` with `[[plans.charges]]`, …); `*.ndjson` has one row a line, as
//! `{"table": "subscriptions", "row": {…}}`. A catalog is a state, not a change: it says which rows there are.
//!
//! Owns rules between rows and what a person is told. Does not own rules of one row (`tables`), nor where files are.

mod beginning;
mod check;
mod collect;
mod difference;
mod fields;
mod mistake;
mod plan;
mod toml;

pub use beginning::{METER_LEAD_US, begun_meters, planned_beginning, settle_beginnings};
pub use difference::{Refusal, RefusalCode, difference};
pub use fields::FieldChange;
pub use mistake::Mistake;
pub use plan::{Action, CatalogPlan, PlanEntry, PlanError};

use crate::tables::{Row, Table};
use std::collections::BTreeSet;

/// One file of a catalog. The name is shown in mistakes; its ending says how the text is written.
#[derive(Clone, Copy, Debug)]
pub struct CatalogText<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// A catalog in which every row is right and refers only to rows that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Ordered by table and key.
    pub rows: Vec<Row>,
    /// The tables that the files speak of. Rows of other tables are somebody else's, such as subscriptions that come
    /// from a database: a catalog never removes them. `grants = []` says that there are to be none.
    pub tables: BTreeSet<Table>,
}

/// Reads a catalog, or says everything that is wrong with it, in the order of files and lines.
pub fn parse(files: &[CatalogText<'_>]) -> Result<Catalog, Vec<Mistake>> {
    let mut files = files.to_vec();
    files.sort_by_key(|file| file.name);
    let mut collected = collect::collect(&files);
    check::between_rows(&mut collected);
    if !collected.found.is_empty() {
        return Err(collected.mistakes(&files));
    }
    let mut rows: Vec<Row> = collected.rows.into_iter().map(|placed| placed.row).collect();
    rows.sort_by_cached_key(Row::key);
    Ok(Catalog { rows, tables: collected.tables })
}
