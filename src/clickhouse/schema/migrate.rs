//! Brings a database to the schema of this version.
//!
//! Every statement can be run again, and a file is recorded only once all of its statements ran: a migration that was
//! killed half-way is simply run again.

use super::drift::{self, Drift};
use super::{FILES, Kind, SchemaFile};
use crate::clickhouse::{Store, StoreError};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was done, or would be, with one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// The file's name without its ending: `0001_usage`.
    pub name: &'static str,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// For the first time.
    Apply,
    /// Views whose definition has changed, or that are not as defined.
    Replace,
    /// Nothing is to be done.
    Keep,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "schema file {name} was applied with another text (checksum {applied}, now {built_in}): a file that was applied is never edited, a change is a new file"
    )]
    Edited { name: String, applied: String, built_in: String },
    #[error(
        "the database has schema file {name}, applied by Highwater {applied_by}, which this version does not know: use that version or a newer one"
    )]
    Newer { name: String, applied_by: String },
    #[error("{0}")]
    Drift(#[from] Drift),
}

#[derive(Debug, Row, Serialize, Deserialize)]
struct Applied {
    name: String,
    checksum: String,
    applied_by: String,
}

impl Store {
    /// What [`Store::migrate`] would do. Changes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<Migration>, MigrateError> {
        let applied = self.applied().await?;
        FILES.iter().map(|file| Ok(Migration { name: file.name, step: step(file, &applied)? })).collect()
    }

    /// Applies what is missing, then compares every column with what this version needs.
    pub async fn migrate(&self) -> Result<Vec<Migration>, MigrateError> {
        if let Some(foundation) = FILES.first() {
            self.run_file(foundation).await?;
        }
        let applied = self.applied().await?;
        // All are looked at before one is run: a database of a newer version is left as it is.
        let steps: Vec<Step> = FILES.iter().map(|file| step(file, &applied)).collect::<Result<_, _>>()?;
        let mut done = Vec::with_capacity(FILES.len());
        for (file, step) in FILES.iter().zip(steps) {
            let step = match (step, file.kind) {
                (Step::Keep, Kind::View) if !drift::compare(self, file.kind).await?.is_empty() => Step::Replace,
                (step, _) => step,
            };
            if step != Step::Keep {
                self.run_file(file).await?;
                self.record(file).await?;
            }
            done.push(Migration { name: file.name, step });
        }
        self.check_schema().await?;
        Ok(done)
    }

    /// Whether every table, view and column is as this version needs it.
    pub async fn check_schema(&self) -> Result<(), MigrateError> {
        let mut differences = drift::compare(self, Kind::Table).await?;
        differences.extend(drift::compare(self, Kind::View).await?);
        if differences.is_empty() { Ok(()) } else { Err(Drift { differences }.into()) }
    }

    async fn run_file(&self, file: &SchemaFile) -> Result<(), StoreError> {
        for statement in file.statements(&self.databases) {
            self.execute(&format!("migration {}", file.name), &statement).await?;
        }
        Ok(())
    }

    async fn record(&self, file: &SchemaFile) -> Result<(), StoreError> {
        let sql =
            format!("INSERT INTO {}.migrations (name, checksum, applied_by) VALUES (?, ?, ?)", self.databases.store);
        let statement = self.client.query(&sql).bind(file.name).bind(file.checksum()).bind(env!("CARGO_PKG_VERSION"));
        crate::clickhouse::store::within("record a migration", 60, statement.execute()).await
    }

    /// Nothing where the database does not exist yet.
    async fn applied(&self) -> Result<BTreeMap<String, Applied>, StoreError> {
        let sql = format!("SELECT ?fields FROM {}.migrations FINAL", self.databases.store);
        match self.rows::<Applied>("read applied migrations", self.client.query(&sql)).await {
            Ok(rows) => Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect()),
            Err(error) if error.is_unknown_table_or_database() => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }
}

fn step(file: &SchemaFile, applied: &BTreeMap<String, Applied>) -> Result<Step, MigrateError> {
    if let Some(newer) = applied.values().find(|row| FILES.iter().all(|file| file.name != row.name)) {
        return Err(MigrateError::Newer { name: newer.name.clone(), applied_by: newer.applied_by.clone() });
    }
    match (applied.get(file.name), file.kind) {
        (None, _) => Ok(Step::Apply),
        (Some(row), _) if row.checksum == file.checksum() => Ok(Step::Keep),
        (Some(_), Kind::View) => Ok(Step::Replace),
        (Some(row), Kind::Table) => Err(MigrateError::Edited {
            name: row.name.clone(),
            applied: row.checksum.clone(),
            built_in: file.checksum(),
        }),
    }
}
