//! One INSERT of many rows.

use crate::clickhouse::{Store, StoreError};
use clickhouse::{Row, RowWrite};
use std::time::Duration;

/// How long a piece of the rows may take to be sent, at the most. Beyond that, as beyond the store's `write_timeout` for
/// the answer, the outcome is unknown, and the rows are written again.
const SEND: Duration = Duration::from_secs(30);

impl Store {
    /// Gives the number of rows. Without rows the server is not asked.
    pub(crate) async fn insert<'r, T>(
        &self,
        table: &str,
        rows: impl Iterator<Item = T::Value<'r>>,
    ) -> Result<u64, StoreError>
    where
        T: Row + RowWrite,
    {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(0);
        }
        let task = || format!("insert into {table}");
        let failed = |error| StoreError::new(task(), &error);
        let name = format!("{}.{table}", self.databases.store);
        let insert = self.client.insert_unescaped::<T>(&name).await.map_err(failed)?;
        // The archive is partitioned by day: a replay of half a year must not fail at ClickHouse's default of 100.
        let (send, end) = (SEND.min(self.write_timeout), self.write_timeout);
        let mut insert =
            insert.with_timeouts(Some(send), Some(end)).with_setting("max_partitions_per_insert_block", "0");
        let mut written = 0;
        for row in rows {
            insert.write(&row).await.map_err(failed)?;
            written += 1;
        }
        insert.end().await.map_err(failed)?;
        metrics::counter!("highwater_clickhouse_rows_written_total", "table" => table.to_owned()).increment(written);
        Ok(written)
    }
}
