//! Whether the tables and views that are there are the ones that this version writes and promises.
//!
//! Compares with `schemas/clickhouse/columns.tsv`, which a test keeps equal to what the schema files make. A column
//! that is missing or has another type is refused before the first row is written; columns that somebody added are
//! their own business.

use super::{COLUMNS, Kind};
use crate::clickhouse::{Store, StoreError};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One column that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `highwater_store.usage_minute.quantity`
    pub column: String,
    pub expected: String,
    /// `None` where the column, or its whole table, is missing.
    pub found: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub struct Drift {
    pub differences: Vec<Difference>,
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the database was changed by hand: {} columns are not as this version needs them",
            self.differences.len()
        )?;
        for difference in &self.differences {
            let found = difference.found.as_deref().unwrap_or("nothing");
            write!(formatter, "\n  {}: expected {}, found {found}", difference.column, difference.expected)?;
        }
        Ok(())
    }
}

#[derive(Debug, Row, Serialize, Deserialize)]
struct Column {
    database: String,
    table: String,
    name: String,
    r#type: String,
}

pub(super) async fn compare(store: &Store, kind: Kind) -> Result<Vec<Difference>, StoreError> {
    let database = match kind {
        Kind::Table => &store.databases.store,
        Kind::View => &store.databases.views,
    };
    let query = "SELECT ?fields FROM system.columns WHERE database = ?";
    let columns = store.rows::<Column>("read columns", store.client.query(query).bind(database)).await?;
    let found: BTreeMap<(String, String), String> =
        columns.into_iter().map(|column| ((column.table, column.name), column.r#type)).collect();
    let expected = store.databases.named(COLUMNS);
    let differences = expected.lines().filter_map(|line| {
        let [of, table, column, expected]: [&str; 4] = line.splitn(4, '\t').collect::<Vec<_>>().try_into().ok()?;
        let found = found.get(&(table.to_owned(), column.to_owned()));
        (of == database && found.is_none_or(|found| found != expected)).then(|| Difference {
            column: format!("{of}.{table}.{column}"),
            expected: expected.to_owned(),
            found: found.cloned(),
        })
    });
    Ok(differences.collect())
}
