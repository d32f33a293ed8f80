//! `highwater tap`: watch records pass, as they reach ClickHouse.

use super::connection::Connection;
use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::output;
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::time::Duration;

/// Watch records pass, as NDJSON, until Ctrl-C
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater tap --stage accepted --organization acme
  highwater tap --stage rated --limit 10

Shows what is written from now on. Needs a running service; accepted events need the archive.")]
pub struct TapArguments {
    /// Where to look
    #[arg(long, value_enum, default_value_t = Stage::Received)]
    pub stage: Stage,
    /// Only this organization's
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    /// End after so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Every outcome: accepted, duplicate, conflicting, late and rejected
    Received,
    /// Accepted events
    Accepted,
    /// Rated lines, each time one changes
    Rated,
}

/// Between two looks; rows arrive about once a second.
const LOOK: Duration = Duration::from_millis(300);
/// Rows of one look. More than pass in an epoch are shown by the next look.
const LOOK_ROWS: u64 = 10_000;

const ACCEPTED: &str = "
    SELECT 'accepted' AS outcome, organization_id, source, id, event_time, feature, endpoint, quantity, cost, metadata,
        meters, retracted, version
    FROM highwater_store.usage_events WHERE is_deleted = 0";
const OTHERWISE: &str = "
    SELECT outcome, organization_id, source, id, code, path, hint, toValidUTF8(raw) AS raw, version
    FROM highwater_store.event_outcomes WHERE is_deleted = 0";
const RATED: &str = "
    SELECT organization_id, meter, period_start, span_start, span_end, plan, quantity, included_quantity,
        overage_quantity, amount, currency, version
    FROM highwater_store.rated_lines WHERE is_deleted = 0";

impl Stage {
    fn queries(self) -> &'static [&'static str] {
        match self {
            Stage::Received => &[ACCEPTED, OTHERWISE],
            Stage::Accepted => &[ACCEPTED],
            Stage::Rated => &[RATED],
        }
    }

    fn tables(self) -> &'static [&'static str] {
        match self {
            Stage::Received => &["usage_events", "event_outcomes"],
            Stage::Accepted => &["usage_events"],
            Stage::Rated => &["rated_lines"],
        }
    }
}

pub fn run(global: &GlobalArguments, arguments: &TapArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    super::block_on(async {
        let connection = Connection::open(&settings.config).await?;
        tokio::select! {
            watched = watch(&connection, arguments) => { watched?; }
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        }
        connection.close().await;
        Ok(Exit::Done)
    })?
}

async fn watch(connection: &Connection, arguments: &TapArguments) -> Result<(), CommandError> {
    let mut since = Vec::new();
    for table in arguments.stage.tables() {
        since.push(newest(connection, table).await?);
    }
    let mut shown = 0;
    loop {
        for (query, since) in arguments.stage.queries().iter().zip(&mut since) {
            for row in look(connection, arguments, query, *since).await? {
                *since = (*since).max(version(&row));
                output::line(&without_version(row).to_string())?;
                shown += 1;
                if arguments.limit.is_some_and(|limit| shown >= limit) {
                    return Ok(());
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn newest(connection: &Connection, table: &str) -> Result<u64, CommandError> {
    let rows = connection.rows(&format!("SELECT max(version) AS version FROM highwater_store.{table}"), &[]).await?;
    Ok(rows.first().map(version).unwrap_or_default())
}

async fn look(
    connection: &Connection,
    arguments: &TapArguments,
    query: &str,
    since: u64,
) -> Result<Vec<Value>, CommandError> {
    let organization = arguments.organization.clone().unwrap_or_default();
    // An epoch is shown whole: its rows share a version, so a bound on rows must not cut it.
    let query = format!(
        "{query} AND version > {{since:UInt64}} AND ({{organization:String}} = '' OR organization_id = {{organization:String}})
        ORDER BY version LIMIT {LOOK_ROWS} WITH TIES"
    );
    connection.rows(&query, &[("since", since.to_string()), ("organization", organization)]).await
}

fn version(row: &Value) -> u64 {
    row["version"].as_str().and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn without_version(mut row: Value) -> Value {
    if let Some(fields) = row.as_object_mut() {
        fields.remove("version");
    }
    row
}
