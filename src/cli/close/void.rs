//! `highwater close void`: a bill is undone at Stripe, and its period may be billed anew.

use super::apply::{closer, detail};
use super::decide::Word;
use super::desk::{Desk, copy_ledger, of_store, stripe};
use super::show::date;
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::close::clock::{Clock, SystemClock};
use crate::close::closer::{self, BillEnd, intents};
use crate::close::journal::Undertaking;
use clap::Args;

/// Undo an invoice: delete the draft or void it; its period may then be planned anew
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close void --organization acme --period-start 2026-10-01 --by ana --reason 'wrong plan'

Also of an invoice that Stripe refused to make: after the cause is mended it can be sent under a new
key. A paid invoice is not voided; write a credit note at Stripe.")]
pub struct VoidArguments {
    /// The organization
    #[arg(long, value_name = "ID")]
    pub organization: String,
    /// The day in UTC on which its period begins, as `close status` prints it
    #[arg(long, value_name = "DATE")]
    pub period_start: String,
    #[command(flatten)]
    pub word: Word,
}

pub fn run(global: &GlobalArguments, arguments: &VoidArguments) -> Result<Exit, CommandError> {
    arguments.word.check()?;
    let settings = global.settings_with_secrets(Vec::new())?;
    let config = &settings.config;
    let stripe = stripe(config)?;
    let desk = Desk::open(config)?;
    let kept = desk.store.read().map_err(of_store)?;
    let is_meant = |undertaking: &&Undertaking| {
        let bill = &undertaking.invoice.bill;
        let billed = desk.standings.get(&bill.slot()).and_then(|standing| standing.billed.as_ref());
        undertaking.account == config.stripe.account
            && bill.organization_id == arguments.organization
            && date(bill.period_start) == arguments.period_start
            && !billed.is_some_and(|billed| billed.bill != *bill || billed.voided)
    };
    let meant: Vec<&Undertaking> = kept.undertakings.iter().filter(is_meant).collect();
    let [undertaking] = meant.as_slice() else {
        let (count, of) = (output::counted(meant.len(), "invoice", "invoices"), &arguments.organization);
        let message = format!("{count} of {of} with a period from {} can be voided", arguments.period_start);
        return Err(CommandError::new(Exit::Negative, message).help("highwater close status --all"));
    };
    let end = block_on(async {
        let closer = closer(config, desk.store, stripe)?;
        let mut intents = intents(kept.intents, SystemClock.now(), closer.jitter);
        let own = intents.remove(&undertaking.invoice.bill).unwrap_or_default();
        let word = closer::Word { by: arguments.word.by.clone(), reason: arguments.word.reason.clone() };
        let end = closer.void(undertaking, own, &word).await.map_err(CommandError::unavailable)?;
        if let Ok(connection) = Connection::open(config).await {
            copy_ledger(&closer.journal, &connection).await?;
            connection.close().await;
        }
        Ok::<_, CommandError>(end)
    })??;
    let bill = &undertaking.invoice.bill;
    output::line(&format!("{} {}", end.name(), detail(&end, &bill.currency)))?;
    Ok(match end {
        BillEnd::Voided { .. } => Exit::Done,
        BillEnd::Unknown { .. } | BillEnd::Unread { .. } | BillEnd::Stopped => Exit::OutcomeUnknown,
        _ => Exit::Negative,
    })
}
