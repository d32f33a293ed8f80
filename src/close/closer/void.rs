//! Undoing a bill on a person's word: a draft is deleted, an open invoice voided, and the period may be billed anew.

use super::bill::BillEnd;
use super::settle::Run;
use super::{Closer, Intents};
use crate::close::clock::Clock;
use crate::close::journal::{Changes, Journal, JournalError, Undertaking};
use crate::close::stripe::Transport;
use highwater_settlement::intent::{Operation, Request};
use highwater_settlement::ledger::{Entry, LedgerEvent};
use highwater_settlement::state::State;

/// Who wants it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub by: String,
    pub reason: String,
}

impl<T: Transport, J: Journal, C: Clock> Closer<T, J, C> {
    /// Refused while it is not known what became of a call: that is to be known first.
    pub async fn void(
        &self,
        undertaking: &Undertaking,
        intents: Intents,
        word: &Word,
    ) -> Result<BillEnd, JournalError> {
        let invoice = &undertaking.invoice;
        for intent in intents.values().filter(|intent| intent.operation != Operation::VoidInvoice) {
            match &intent.state {
                State::NeedsPerson { reason, .. } => {
                    return Ok(BillEnd::NeedsPerson { operation: intent.operation, reason: *reason });
                }
                State::Unknown { cause, .. } => {
                    return Ok(BillEnd::Unknown { operation: intent.operation, cause: cause.name() });
                }
                State::Sent { .. } => {
                    return Ok(BillEnd::Unknown { operation: intent.operation, cause: "no_answer" });
                }
                State::Planned | State::Succeeded { .. } | State::Refused { .. } => {}
            }
        }
        let created = intents.get(&invoice.key(&undertaking.account, Operation::CreateInvoice));
        let id = match created.map(|intent| &intent.state) {
            Some(State::Succeeded { object }) => object.clone(),
            // Nothing is at Stripe.
            _ => return self.voided(undertaking, String::new(), word).await,
        };
        let until = self.clock.now().after(self.limits.patience);
        // How far the invoice has come is asked before each call all the same.
        let mut run = Run { undertaking, intents, until, is_fresh: true };
        let request = Request::VoidInvoice { invoice: id.clone() };
        match self.stepped(&mut run, Operation::VoidInvoice, request).await? {
            Ok(_) => self.voided(undertaking, id, word).await,
            Err(end) => Ok(end),
        }
    }

    async fn voided(&self, undertaking: &Undertaking, invoice: String, word: &Word) -> Result<BillEnd, JournalError> {
        let entry = Entry {
            at: self.clock.now(),
            bill: undertaking.invoice.bill.clone(),
            actor: word.by.clone(),
            reason: word.reason.clone(),
            event: LedgerEvent::Voided { invoice: invoice.clone() },
        };
        self.journal.keep(Changes { entries: vec![entry], ..Changes::default() }).await?;
        Ok(BillEnd::Voided { invoice })
    }
}
