//! `highwater close resolve`: what a person found at Stripe of an intent that the program may not decide about.

use super::decide::Word;
use super::desk::{Desk, copy_ledger, of_store};
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::close::clock::{Clock, SystemClock};
use crate::close::closer::event;
use crate::close::journal::{Changes, Journal};
use clap::Args;
use highwater_settlement::ledger::Entry;
use highwater_settlement::state::{Input, Jitter, Resolution, transition};

/// Say what became of a call that needs a person, after looking at Stripe
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close resolve hw_0123456789abcdef --done in_1 --by ana --reason 'found it'
  highwater close resolve hw_0123456789abcdef --not-done --by ana --reason '500 in the log'

`close status` prints the names. What was done is gone on with by `close resume`; what was not done
never will be: `close void` the invoice, and plan again.")]
pub struct ResolveArguments {
    /// The intent, as `close status` prints it
    pub intent: String,
    /// It was done, and this is the invoice
    #[arg(long, value_name = "INVOICE", required_unless_present = "not_done")]
    pub done: Option<String>,
    /// It was not done
    #[arg(long, conflicts_with = "done")]
    pub not_done: bool,
    #[command(flatten)]
    pub word: Word,
}

pub fn run(global: &GlobalArguments, arguments: &ResolveArguments) -> Result<Exit, CommandError> {
    arguments.word.check()?;
    let settings = global.settings(Vec::new())?;
    let desk = Desk::open(&settings.config)?;
    let kept = desk.store.read().map_err(of_store)?;
    let found = kept.intents.into_iter().find(|intent| intent.key.as_str() == arguments.intent);
    let negative = |message: String| CommandError::new(Exit::Negative, message).help("highwater close status");
    let mut intent = found.ok_or_else(|| negative(format!("there is no intent {}", arguments.intent)))?;
    let resolution = match &arguments.done {
        Some(object) => Resolution::Done { object: object.clone() },
        None => Resolution::NotDone,
    };
    let now = SystemClock.now();
    let state = transition(&intent.state, &Input::Resolved(resolution), now, Jitter(0));
    if state == intent.state {
        return Err(negative(format!("{} is {}, and needs nobody", arguments.intent, intent.state.name())));
    }
    intent.state = state;
    let (actor, reason) = (arguments.word.by.clone(), arguments.word.reason.clone());
    let entry = Entry { at: now, bill: intent.bill.clone(), actor, reason, event: event(&intent) };
    let name = intent.state.name();
    block_on(async {
        let changes = Changes { intents: vec![intent], entries: vec![entry], ..Changes::default() };
        desk.store.keep(changes).await.map_err(CommandError::unavailable)?;
        if let Ok(connection) = Connection::open(&settings.config).await {
            copy_ledger(&desk.store, &connection).await?;
            connection.close().await;
        }
        Ok::<_, CommandError>(())
    })??;
    output::line(&format!("{} {name}", arguments.intent))?;
    Ok(Exit::Done)
}
