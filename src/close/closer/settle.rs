//! One intent, from its plan to where nothing is left to do for now.

use super::{Closer, Intents};
use crate::close::clock::Clock;
use crate::close::journal::{Changes, Journal, JournalError, Undertaking};
use crate::close::stripe::Transport;
use highwater_settlement::intent::{Intent, Operation, Request};
use highwater_settlement::ledger::LedgerEvent;
use highwater_settlement::moment::Moment;
use highwater_settlement::outcome::Looked;
use highwater_settlement::state::{Input, State, Step, delay, step, transition};
use std::time::Duration;

/// How an intent stands when it is left.
pub(super) enum Left {
    /// Succeeded, refused or shown to a person.
    Resting(State),
    /// Unknown, and the run's patience is over.
    Waiting(State),
    /// Never sent: the run is being stopped, or Stripe could not be asked whether it is there already.
    NotBegun,
}

/// What one run does for one bill.
pub(super) struct Run<'a> {
    pub undertaking: &'a Undertaking,
    pub intents: Intents,
    pub until: Moment,
    /// This very run found that the invoice was not there. If not so, an intent that was never sent from here may have
    /// been from elsewhere, by a process whose folder is lost, so long ago that its key says nothing: it is looked for.
    pub is_fresh: bool,
}

impl<T: Transport, J: Journal, C: Clock> Closer<T, J, C> {
    pub(super) async fn settle(
        &self,
        run: &mut Run<'_>,
        operation: Operation,
        request: Request,
    ) -> Result<Left, JournalError> {
        let invoice = &run.undertaking.invoice;
        let key = invoice.key(&run.undertaking.account, operation);
        let planned = || Intent {
            key: key.clone(),
            bill: invoice.bill.clone(),
            operation,
            content: invoice.content.clone(),
            request,
            approved_at: run.undertaking.at,
            state: State::Planned,
        };
        let mut intent = run.intents.remove(&key).unwrap_or_else(planned);
        let mut is_absent = run.is_fresh;
        let left = self.advance(&mut intent, run.until, &mut is_absent).await?;
        run.is_fresh |= operation == Operation::CreateInvoice && is_absent;
        run.intents.insert(key, intent);
        Ok(left)
    }

    async fn advance(&self, intent: &mut Intent, until: Moment, is_absent: &mut bool) -> Result<Left, JournalError> {
        let mut lookups = 0;
        loop {
            match step(&intent.state, self.clock.now()) {
                Step::Rest => return Ok(Left::Resting(intent.state.clone())),
                Step::Send if intent.state == State::Planned && self.is_stopping() => return Ok(Left::NotBegun),
                Step::Send if intent.state == State::Planned && !*is_absent => {
                    lookups += 1;
                    let looked = self.stripe.look(intent).await;
                    *is_absent = looked == Looked::Absent;
                    if let Looked::Failed { retry_after } = looked {
                        let next = self.clock.now().after(delay(lookups, retry_after, (self.jitter)()));
                        if !self.wait(next, until).await {
                            return Ok(Left::NotBegun);
                        }
                    }
                    self.take(intent, Input::Looked(looked)).await?;
                }
                Step::Send => {
                    self.take(intent, Input::Send).await?;
                    let outcome = self.stripe.send(intent).await;
                    self.take(intent, Input::Answered(outcome)).await?;
                }
                Step::LookUp => {
                    let looked = self.stripe.look(intent).await;
                    self.take(intent, Input::Looked(looked)).await?;
                }
                Step::WaitUntil(next) => {
                    if !self.wait(next, until).await {
                        return Ok(Left::Waiting(intent.state.clone()));
                    }
                }
                // Only of an intent whose sender is gone; `open` says so to each.
                Step::Listen => self.take(intent, Input::Restarted).await?,
            }
        }
    }

    /// The next state, on disk before anything follows from it.
    async fn take(&self, intent: &mut Intent, input: Input) -> Result<(), JournalError> {
        let state = transition(&intent.state, &input, self.clock.now(), (self.jitter)());
        if state == intent.state {
            return Ok(());
        }
        intent.state = state;
        let entry = self.entry(&intent.bill, event(intent));
        self.journal.keep(Changes { intents: vec![intent.clone()], entries: vec![entry], ..Changes::default() }).await
    }

    /// False where `next` is beyond `until`, or the run is stopped before it.
    pub(super) async fn wait(&self, next: Moment, until: Moment) -> bool {
        if next > until || self.is_stopping() {
            return false;
        }
        let microseconds = next.since(self.clock.now()).0.unsigned_abs();
        let stopped = async {
            // Nobody is left who could stop it.
            if self.stopping.clone().wait_for(|stopping| *stopping).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_micros(microseconds)) => true,
            () = stopped => false,
        }
    }
}

/// A step of an intent as the ledger has it.
pub fn event(intent: &Intent) -> LedgerEvent {
    let (detail, object) = match &intent.state {
        State::Planned | State::Sent { .. } => (String::new(), String::new()),
        State::Unknown { cause, .. } => (cause.name().to_owned(), String::new()),
        State::Succeeded { object } => (String::new(), object.clone()),
        State::Refused { code, message } => (format!("{code}: {message}"), String::new()),
        State::NeedsPerson { reason, .. } => (reason.name().to_owned(), String::new()),
    };
    LedgerEvent::Intent {
        key: intent.key.to_string(),
        operation: intent.operation.name().to_owned(),
        content: intent.content.clone(),
        state: intent.state.name().to_owned(),
        detail,
        object,
    }
}
