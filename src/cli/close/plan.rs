//! `highwater close plan`: what would be sent, with what blocks it and what stands out.

use super::desk::Desk;
use super::show;
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::config::Config;
use clap::Args;
use highwater_rating::time::EventTime;
use highwater_settlement::frozen::CloseRecord;
use highwater_settlement::ledger::Standings;
use std::path::PathBuf;

/// Print what would be sent, what blocks it and what stands out; send nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close plan --out close.json
  highwater close plan --period 2026-10 --organization acme --json

Reads final periods from ClickHouse and holds their lines against their close records. Needs no key
of Stripe. Without --period: every final period that is not settled.")]
pub struct PlanArguments {
    /// Only periods that begin in this month, in UTC; those that are settled too
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    pub period: Option<(EventTime, EventTime)>,
    /// Only of this organization; may be repeated
    #[arg(long, value_name = "ID")]
    pub organization: Vec<String>,
    /// Write the plan to a file, which the other commands take
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &PlanArguments) -> Result<Exit, CommandError> {
    let settings = global.settings(Vec::new())?;
    let desk = Desk::open(&settings.config)?;
    let (plan, held) = block_on(async {
        let connection = Connection::open(&settings.config).await?;
        let planned = planned(&desk, &settings.config, &connection, arguments).await;
        connection.close().await;
        planned
    })??;
    if let Some(path) = &arguments.out {
        let text = plan.to_json().map_err(CommandError::internal)?;
        std::fs::write(path, text).map_err(|error| CommandError::input(format_args!("{}: {error}", path.display())))?;
    }
    if arguments.json {
        output::json(&plan)?;
        return Ok(Exit::Done);
    }
    show::summary(&plan)?;
    if held > 0 {
        let count = output::counted(held, "period has", "periods have");
        output::line(&format!("\n{count} no amount and cannot be final: see highwater.held_periods"))?;
    }
    Ok(Exit::Done)
}

async fn planned(
    desk: &Desk,
    config: &Config,
    connection: &Connection,
    arguments: &PlanArguments,
) -> Result<(highwater_settlement::plan::ClosePlan, usize), CommandError> {
    let plan = desk.plan(config, connection, |record| is_wanted(record, arguments, &desk.standings)).await?;
    let held = connection.rows("SELECT organization_id FROM highwater.held_periods", &[]).await?;
    Ok((plan, held.len()))
}

fn is_wanted(record: &CloseRecord, arguments: &PlanArguments, standings: &Standings) -> bool {
    if !arguments.organization.is_empty() && !arguments.organization.contains(&record.organization_id) {
        return false;
    }
    match arguments.period {
        Some((from, to)) => (from..to).contains(&record.period_start),
        None => {
            let billed = standings.get(&record.slot()).and_then(|standing| standing.billed.as_ref());
            !billed.is_some_and(|billed| billed.settled && !billed.voided)
        }
    }
}

/// The month's first instant in UTC, and the next month's.
fn month(text: &str) -> Result<(EventTime, EventTime), String> {
    let wrong = || "write a year and a month, as in 2026-10".to_owned();
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    let (year, month): (i16, i8) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
    let first = jiff::civil::Date::new(year, month, 1).map_err(|_| wrong())?;
    let next = first.checked_add(jiff::Span::new().months(1)).map_err(|_| wrong())?;
    let instant = |date: jiff::civil::Date| {
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
        Ok::<_, String>(EventTime(zoned.timestamp().as_microsecond()))
    };
    Ok((instant(first)?, instant(next)?))
}

#[cfg(test)]
mod tests {
    use super::month;

    #[test]
    fn a_month_is_from_its_first_instant_to_the_next_ones() {
        for (text, expected) in [
            ("2026-10", Some(("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"))),
            ("2026-12", Some(("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"))),
            ("2026-13", None),
            ("2026", None),
            ("october", None),
        ] {
            let shown = month(text).ok().map(|(from, to)| (from.to_string(), to.to_string()));
            let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
            assert_eq!(shown, expected, "{text}");
        }
    }
}
