//! Takes away what older generations wrote and this one did not.
//!
//! A generation begins by writing every state row that follows from the sources; rows that it did not write follow from
//! nothing any more. They get tombstones with the generation's first version: above all that older generations wrote,
//! below all that this one has written.

use super::{Sink, version};
use crate::clickhouse::{Store, StoreError};

/// Tables whose rows are all written anew by each generation, with their sorting keys.
const STATE_TABLES: &[(&str, &str)] = &[
    ("usage_minute", "organization_id, meter, window_start, dimensions_key"),
    ("usage_hour", "organization_id, meter, window_start, dimensions_key"),
    ("usage_day", "organization_id, meter, window_start, dimensions_key"),
    ("period_usage", "organization_id, meter, period_start"),
    ("rated_lines", "organization_id, meter, period_start, span_start"),
    ("recurring_lines", "organization_id, period_start, kind, name, span_start"),
    ("credit_lines", "organization_id, period_start, meter, span_start, grant_id"),
    ("credit_ledger", "organization_id, meter, currency, grant_id, at"),
    ("credit_balances", "organization_id, meter, currency, grant_id"),
    ("recharge_requests", "organization_id, meter, currency, request_id"),
    ("event_outcomes_daily", "day, organization_id, outcome, code"),
    ("pending_corrections", "organization_id, period_start, line_id"),
    ("held_periods", "organization_id, period_start"),
    ("table_rows", "table, key"),
    ("trends", "organization_id, meter"),
    ("bill_forecasts", "organization_id, currency"),
    ("anomalies", "organization_id, meter, window_size, window_start"),
];

impl Sink {
    /// Call once the generation has written everything that it holds. Tries once; doing it again changes nothing.
    pub async fn sweep(&self, generation: u64) -> Result<(), StoreError> {
        let tombstone = version(generation, 0);
        let database = &self.store.databases().store;
        for (table, key) in STATE_TABLES {
            let sql = format!(
                "INSERT INTO {database}.{table} ({key}, version, is_deleted)
                 SELECT {key}, {tombstone}, 1 FROM {database}.{table} FINAL WHERE version < {tombstone}
                 SETTINGS max_partitions_per_insert_block = 0"
            );
            self.store.execute(&format!("sweep {table}"), &sql).await?;
        }
        Ok(())
    }
}

impl Store {
    /// The greatest generation that has written here, 0 for none.
    pub async fn greatest_generation(&self) -> Result<u64, StoreError> {
        let sql = format!("SELECT max(generation) FROM {}.progress", self.databases.store);
        let rows: Vec<u64> = self.rows("ask for the last generation", self.client.query(&sql)).await?;
        Ok(rows.into_iter().max().unwrap_or(0))
    }
}
