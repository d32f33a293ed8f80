//! `highwater close verify`: what Stripe has against what we say, each line, without tolerance.

use super::desk::{Desk, of_store, stripe};
use super::plan_file::money;
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::close::clock::{Clock, SystemClock};
use crate::close::closer::SELF;
use crate::close::verify::{Checked, verify};
use clap::Args;
use highwater_settlement::amount::from_stripe;
use highwater_settlement::drift::Drift;
use serde_json::json;

/// Read invoices back from Stripe and compare every line; change nothing
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close verify
  highwater close verify --organization acme --json

Ends with 1 when something differs, with 69 when an invoice could not be read.")]
pub struct VerifyArguments {
    /// Only of this organization; may be repeated
    #[arg(long, value_name = "ID")]
    pub organization: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &VerifyArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let config = &settings.config;
    let stripe = stripe(config)?;
    let desk = Desk::open(config)?;
    let kept = desk.store.read().map_err(of_store)?;
    let is_meant =
        |organization: &String| arguments.organization.is_empty() || arguments.organization.contains(organization);
    let account = &config.stripe.account;
    let undertakings = kept
        .undertakings
        .into_iter()
        .filter(|undertaking| undertaking.account == *account && is_meant(&undertaking.invoice.bill.organization_id));
    let undertakings: Vec<_> = undertakings.collect();
    let checked = block_on(async {
        let checked = verify(&stripe, &undertakings, &desk.standings, config.close.in_flight).await;
        let entries = checked.iter().flat_map(|checked| checked.entries(SystemClock.now(), SELF)).collect();
        desk.enter(entries).await?;
        if let Ok(connection) = Connection::open(config).await {
            desk.copy_ledger(&connection).await?;
            connection.close().await;
        }
        Ok::<_, CommandError>(checked)
    })??;
    show(&checked, arguments.json)
}

fn show(checked: &[Checked], as_json: bool) -> Result<Exit, CommandError> {
    let drifts = || checked.iter().flat_map(|checked| checked.drifts().iter().map(move |drift| (checked, drift)));
    let unread = || checked.iter().filter_map(|checked| Some((checked, checked.unread()?)));
    if as_json {
        let drifts: Vec<_> = drifts()
            .map(|(checked, drift)| json!({ "bill": checked.bill, "invoice": checked.invoice, "drift": drift }))
            .collect();
        let unread: Vec<_> = unread()
            .map(|(checked, reason)| json!({ "bill": checked.bill, "invoice": checked.invoice, "reason": reason }))
            .collect();
        output::json(&json!({ "invoices": checked.len(), "drifts": drifts, "unread": unread }))?;
    } else {
        let count = output::counted(checked.len(), "invoice", "invoices");
        let lines: usize = checked.iter().map(|checked| checked.lines).sum();
        output::line(&format!("{count}, {lines} lines, {} differ, {} unread", drifts().count(), unread().count()))?;
        if drifts().next().is_some() {
            let mut table = output::table(["organization", "invoice", "class", "line", "ours", "theirs", "repair"]);
            for (checked, drift) in drifts() {
                let Drift { class, line, .. } = drift;
                let amount = |amount| shown(amount, &checked.bill.currency);
                let (ours, theirs) = (amount(drift.ours), amount(drift.theirs));
                let (class, repair) = (class.name().to_owned(), class.repair().to_owned());
                let of = (checked.bill.organization_id.clone(), checked.invoice.clone());
                table.add_row([of.0, of.1, class, line.clone(), ours, theirs, repair]);
            }
            output::line(&table.trim_fmt())?;
        }
        for (checked, reason) in unread() {
            eprintln!("{} {}: {reason}", checked.bill.organization_id, checked.invoice);
        }
    }
    Ok(match (drifts().next(), unread().next()) {
        (Some(_), _) => Exit::Negative,
        (None, Some(_)) => Exit::Unavailable,
        (None, None) => Exit::Done,
    })
}

fn shown(amount: i64, currency: &str) -> String {
    let known = highwater_rating::number::Currency::from_code(currency).ok();
    let minor_units = known.and_then(|known| from_stripe(known, amount).ok());
    minor_units.map_or_else(|| amount.to_string(), |minor_units| money(minor_units, currency))
}
