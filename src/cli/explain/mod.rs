//! `highwater explain LINE-ID`: what a line is made of, down to its events, which are counted again.
//!
//! Owns what is asked of ClickHouse and how the answer is put together. Does not own the meaning of the columns
//! (`schemas/clickhouse`).

mod events;
mod line;
mod show;

use super::connection::Connection;
use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use super::{block_on, output};
use clap::Args;
use events::Check;
use highwater_rating::finals::LineId;
use line::Explained;
use serde::Serialize;
use serde_json::Value;

/// Explain a line: terms, tiers, credits, rounding, history, and its events counted again
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater explain 0123456789abcdef0123456789abcdef
  highwater explain 0123456789abcdef0123456789abcdef --json

Takes lines as known now (rated_lines), frozen ones (final_lines), corrections and reversals, billed or pending. Runs
the query that returns the line's events and holds it against the line; exit code 1 when they differ or nothing is found.")]
pub struct ExplainArguments {
    /// The line's id: 32 hex digits, as rated_lines, final_lines and invoices have it
    #[arg(value_name = "LINE-ID", value_parser = line_id)]
    pub line_id: LineId,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn line_id(text: &str) -> Result<LineId, String> {
    LineId::parse(text).ok_or_else(|| "a line's id is 32 hex digits".to_owned())
}

/// Everything that is known of a line.
#[derive(Debug, Serialize)]
pub struct Explanation {
    #[serde(flatten)]
    pub line: Explained,
    /// What was known of the line, or of the line that it corrects, and from when on; empty while its period is open.
    pub history: Vec<Value>,
    /// What was billed for it, in order.
    pub billed: Vec<Value>,
    /// What is to be billed for it.
    pub pending: Vec<Value>,
    /// What money credits pay of it now: a row a grant, with the credit line.
    pub credits: Vec<Value>,
    /// `None` for a line that no meter makes.
    pub events_check: Option<Check>,
}

pub fn run(global: &GlobalArguments, arguments: &ExplainArguments) -> Result<Exit, CommandError> {
    let settings = global.settings(Vec::new())?;
    let id = arguments.line_id;
    let explanation = block_on(async {
        let connection = Connection::open(&settings.config).await?;
        let explanation = explain(&connection, id).await;
        connection.close().await;
        explanation
    })??;
    let Some(explanation) = explanation else {
        eprintln!("no line has the id {id}; ids are in highwater.rated_lines, final_lines and pending_corrections");
        return Ok(Exit::Negative);
    };
    if arguments.json {
        output::json(&explanation)?;
    } else {
        output::line(show::text(&explanation).trim_end())?;
    }
    let differs = explanation.events_check.as_ref().is_some_and(|check| !check.equal);
    Ok(if differs { Exit::Negative } else { Exit::Done })
}

async fn explain(connection: &Connection, id: LineId) -> Result<Option<Explanation>, CommandError> {
    let Some(line) = line::find(connection, id).await? else { return Ok(None) };
    let original = vec![("line", line.original().to_owned()), ("organization", line.organization_id.clone())];
    let history = "SELECT known_from, known_to, at_close, is_gone, events, quantity, overage, amount_unrounded, amount_minor_units, currency, terms
        FROM highwater.rated_line_history WHERE organization_id = {organization:String} AND line_id = {line:String} ORDER BY known_from, NOT at_close";
    let billed = "SELECT period_start, revision, line_id, kind, quantity, amount_minor_units, currency
        FROM highwater.final_lines WHERE organization_id = {organization:String} AND (line_id = {line:String} OR corrects_line_id = {line:String})
        ORDER BY period_start, revision, kind DESC";
    let pending = "SELECT billed_period_start, billed_revision, cause, quantity_before, quantity_after, amount_minor_units_before, amount_minor_units_after,
            currency_before, currency_after, reversal_line_id, correction_line_id
        FROM highwater.pending_corrections WHERE organization_id = {organization:String} AND line_id = {line:String}";
    let credits = "SELECT grant_id, line_id, amount, amount_minor_units, currency FROM highwater.credit_lines
        WHERE organization_id = {organization:String} AND paid_line_id = {line:String} ORDER BY grant_id";
    Ok(Some(Explanation {
        history: connection.rows(history, &original).await?,
        billed: connection.rows(billed, &original).await?,
        pending: connection.rows(pending, &original).await?,
        credits: connection.rows(credits, &original).await?,
        events_check: events::check(connection, &line).await?,
        line,
    }))
}
