//! `highwater close status`: where every bill that was taken on stands, by the journal.

use super::desk::{Desk, of_store};
use super::plan_file::money;
use super::show::date;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::output;
use clap::Args;
use highwater_settlement::intent::{Bill, Intent};
use highwater_settlement::state::State;
use serde::Serialize;
use std::collections::BTreeMap;

/// Print where every invoice that was begun stands; asks nobody
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close status
  highwater close status --all --json

Ends with 75 when the outcome of a call is unknown.")]
pub struct StatusArguments {
    /// Settled ones too, one by one
    #[arg(long)]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Row {
    bill: Bill,
    state: &'static str,
    detail: String,
    invoice: Option<String>,
    #[serde(serialize_with = "as_text")]
    total_minor_units: i128,
}

pub fn run(global: &GlobalArguments, arguments: &StatusArguments) -> Result<Exit, CommandError> {
    let settings = global.settings(Vec::new())?;
    let desk = Desk::open(&settings.config)?;
    let kept = desk.store.read().map_err(of_store)?;
    let mut intents: BTreeMap<Bill, Vec<Intent>> = BTreeMap::new();
    for intent in kept.intents {
        intents.entry(intent.bill.clone()).or_default().push(intent);
    }
    let rows = kept.undertakings.into_iter().map(|undertaking| {
        let bill = undertaking.invoice.bill;
        let standing = desk.standings.get(&bill.slot());
        let billed = standing.and_then(|standing| standing.billed.as_ref()).filter(|billed| billed.bill == bill);
        let of = intents.get(&bill).map_or(&[][..], Vec::as_slice);
        let (state, detail) = match billed {
            Some(billed) if billed.voided => ("voided", String::new()),
            Some(billed) if billed.settled => ("settled", String::new()),
            _ => worst(of),
        };
        let invoice = billed.and_then(|billed| billed.invoice.clone());
        Row { bill, state, detail, invoice, total_minor_units: undertaking.invoice.total_minor_units }
    });
    let rows: Vec<Row> = rows.collect();
    let is_unknown = rows.iter().any(|row| row.state == "unknown");
    let shown = rows.iter().filter(|row| arguments.all || !matches!(row.state, "settled" | "voided"));
    if arguments.json {
        output::json(&shown.collect::<Vec<_>>())?;
    } else {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &rows {
            *counts.entry(row.state).or_default() += 1;
        }
        let counts: Vec<String> = counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
        output::line(&if counts.is_empty() { "nothing was begun".into() } else { counts.join(", ") })?;
        let mut table = output::table(["organization", "period", "total", "state", "invoice", "detail"]);
        let mut is_empty = true;
        for row in shown {
            is_empty = false;
            table.add_row([
                row.bill.organization_id.clone(),
                date(row.bill.period_start),
                money(row.total_minor_units, &row.bill.currency),
                row.state.into(),
                row.invoice.clone().unwrap_or_default(),
                row.detail.clone(),
            ]);
        }
        if !is_empty {
            output::line(&table.trim_fmt())?;
        }
    }
    Ok(if is_unknown { Exit::OutcomeUnknown } else { Exit::Done })
}

/// The intent that keeps the bill from being settled.
fn worst(intents: &[Intent]) -> (&'static str, String) {
    let told = |intent: &Intent, detail: &str| format!("{} {}: {detail}", intent.operation.name(), intent.key);
    for intent in intents {
        match &intent.state {
            State::NeedsPerson { reason, .. } => return ("needs_person", told(intent, reason.name())),
            State::Refused { code, message } => return ("refused", told(intent, &format!("{code}: {message}"))),
            State::Unknown { cause, .. } => return ("unknown", told(intent, cause.name())),
            State::Sent { .. } => return ("unknown", told(intent, "sent, and its sender is gone")),
            State::Planned | State::Succeeded { .. } => {}
        }
    }
    ("begun", String::new())
}

fn as_text<S: serde::Serializer>(number: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
