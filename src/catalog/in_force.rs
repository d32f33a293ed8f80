//! Which rows are in force: the newest of each key in the table streams.

use crate::source::{Outage, Source, SourceError};
use highwater_rating::tables::{Row, RowChange, RowKey};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(100);

/// Reads the table streams to where they ended when the source was opened. Ordered by table and key. A record that is
/// no row changes nothing, here as in the service.
pub fn rows_in_force(source: &mut dyn Source, patience: Duration) -> Result<Vec<Row>, SourceError> {
    let mut rows: BTreeMap<RowKey, Row> = BTreeMap::new();
    let deadline = Instant::now() + patience;
    while !source.tables_caught_up() {
        let in_time = Instant::now() < deadline;
        let records = match source.poll_tables(LOOK) {
            Err(SourceError::Temporary(_)) if in_time => continue,
            Ok(records) if records.is_empty() && !in_time => {
                let detail = format!("not read to their end within {} s", patience.as_secs());
                return Err(SourceError::Temporary(Outage { what: "the table streams".into(), detail }));
            }
            records => records?,
        };
        for record in records {
            match record.change() {
                Ok(RowChange::Upsert(row)) => drop(rows.insert(row.key(), row)),
                Ok(RowChange::Remove(key)) => drop(rows.remove(&key)),
                Ok(RowChange::Nothing) => {}
                Err(mistake) => tracing::warn!(place = %record.place, %mistake, "a table record is no row"),
            }
        }
    }
    Ok(rows.into_values().collect())
}
