//! One bill: the draft, its lines, the comparison, the end of the draft.

use super::settle::{Left, Run};
use super::{Closer, Intents};
use crate::close::clock::Clock;
use crate::close::journal::{Changes, Journal, JournalError, Undertaking};
use crate::close::stripe::{Invoice, ReadError, Transport};
use highwater_settlement::drift::{Drift, DriftClass, InvoiceStatus, StripeInvoice, StripeLine, drift};
use highwater_settlement::intent::{Operation, Request};
use highwater_settlement::invoice::PlannedInvoice;
use highwater_settlement::ledger::LedgerEvent;
use highwater_settlement::moment::Moment;
use highwater_settlement::state::{PersonReason, State, delay};

/// How a bill stands when a run leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillEnd {
    /// At Stripe, every line compared.
    Settled { invoice: String, status: InvoiceStatus },
    /// Definitely not done, by Stripe's word.
    Refused { operation: Operation, code: String, message: String },
    /// What Stripe has is not what we say. Nothing more was done.
    Drifted { invoice: String, drifts: Vec<Drift> },
    /// Nothing that may be done without a person is left.
    NeedsPerson { operation: Operation, reason: PersonReason },
    /// It is not known whether it was done. `resume` asks again.
    Unknown { operation: Operation, cause: &'static str },
    /// What was done could not be read back. `resume` asks again.
    Unread { invoice: String, reason: String },
    /// The run was stopped between two steps.
    Stopped,
    /// Undone on a person's word. No invoice where none was made.
    Voided { invoice: String },
}

impl BillEnd {
    pub fn name(&self) -> &'static str {
        match self {
            BillEnd::Settled { .. } => "settled",
            BillEnd::Refused { .. } => "refused",
            BillEnd::Drifted { .. } => "drifted",
            BillEnd::NeedsPerson { .. } => "needs_person",
            BillEnd::Unknown { .. } => "unknown",
            BillEnd::Unread { .. } => "unread",
            BillEnd::Stopped => "stopped",
            BillEnd::Voided { .. } => "voided",
        }
    }
}

/// A step's object, or why the bill goes no further now.
type Stepped = Result<String, BillEnd>;

impl<T: Transport, J: Journal, C: Clock> Closer<T, J, C> {
    pub(super) async fn bill(&self, undertaking: &Undertaking, intents: Intents) -> Result<BillEnd, JournalError> {
        let until = self.clock.now().after(self.limits.patience);
        let mut run = Run { undertaking, intents, until, is_fresh: false };
        let (invoice, account) = (&undertaking.invoice, undertaking.account.as_str());
        let request = invoice.create_request(account);
        let id = match self.stepped(&mut run, Operation::CreateInvoice, request).await? {
            Ok(id) => id,
            Err(end) => return Ok(end),
        };
        for (batch, _) in invoice.batches() {
            let request = invoice.lines_request(account, batch, &id);
            if let Err(end) = self.stepped(&mut run, Operation::AddLines(batch), request).await? {
                return Ok(end);
            }
        }
        let draft = match self.draft(&run, &id).await {
            Ok(draft) => draft,
            Err(end) => return self.unread(invoice, end).await,
        };
        let drifts = drift(invoice, &draft);
        if !drifts.is_empty() {
            return self.drifted(invoice, id, drifts).await;
        }
        if !invoice.finalize {
            return self.settled(invoice, id, InvoiceStatus::Draft).await;
        }
        let request = Request::FinalizeInvoice { invoice: id.clone() };
        if let Err(end) = self.stepped(&mut run, Operation::FinalizeInvoice, request).await? {
            return Ok(end);
        }
        let ended = match self.read(run.until, &id, || self.stripe.invoice(&id)).await {
            Ok(ended) => ended,
            Err(end) => return self.unread(invoice, end).await,
        };
        match end_drift(invoice, &draft.lines, &ended) {
            drifts if drifts.is_empty() => self.settled(invoice, id, ended.status()).await,
            drifts => self.drifted(invoice, id, drifts).await,
        }
    }

    pub(super) async fn stepped(
        &self,
        run: &mut Run<'_>,
        operation: Operation,
        request: Request,
    ) -> Result<Stepped, JournalError> {
        Ok(Err(match self.settle(run, operation, request).await? {
            Left::Resting(State::Succeeded { object }) => return Ok(Ok(object)),
            Left::Resting(State::Refused { code, message }) => BillEnd::Refused { operation, code, message },
            Left::Resting(State::NeedsPerson { reason, .. }) => BillEnd::NeedsPerson { operation, reason },
            Left::Waiting(State::Unknown { cause, .. }) => BillEnd::Unknown { operation, cause: cause.name() },
            Left::Resting(_) | Left::Waiting(_) => BillEnd::Unknown { operation, cause: "no_answer" },
            Left::NotBegun if self.is_stopping() => BillEnd::Stopped,
            Left::NotBegun => BillEnd::Unread { invoice: String::new(), reason: "Stripe could not be asked".into() },
        }))
    }

    /// What the draft has now. Of one that this run made only the lines are not known yet.
    async fn draft(&self, run: &Run<'_>, id: &str) -> Result<StripeInvoice, BillEnd> {
        let invoice = &run.undertaking.invoice;
        if !run.is_fresh {
            return self.read(run.until, id, || self.stripe.whole_invoice(id)).await;
        }
        Ok(StripeInvoice {
            id: id.to_owned(),
            status: InvoiceStatus::Draft,
            currency: invoice.bill.currency.to_ascii_lowercase(),
            customer: invoice.customer.id.clone(),
            lines: self.read(run.until, id, || self.stripe.lines(id)).await?,
        })
    }

    /// Reads again until it is answered, or the patience is over.
    async fn read<O, F: Future<Output = Result<O, ReadError>>>(
        &self,
        until: Moment,
        id: &str,
        read: impl Fn() -> F,
    ) -> Result<O, BillEnd> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (reason, retry_after) = match read().await {
                Ok(object) => return Ok(object),
                Err(ReadError::Gone) => {
                    let status = Drift { class: DriftClass::Status, line: id.to_owned(), ours: 0, theirs: 0 };
                    return Err(BillEnd::Drifted { invoice: id.to_owned(), drifts: vec![status] });
                }
                Err(ReadError::Failed { reason, retry_after }) => (reason, retry_after),
            };
            let next = self.clock.now().after(delay(tries, retry_after, (self.jitter)()));
            if !self.wait(next, until).await {
                return Err(BillEnd::Unread { invoice: id.to_owned(), reason });
            }
        }
    }

    /// An invoice that is gone is in the ledger as drift; one that could not be read is read another time.
    async fn unread(&self, planned: &PlannedInvoice, end: BillEnd) -> Result<BillEnd, JournalError> {
        match end {
            BillEnd::Drifted { invoice, drifts } => self.drifted(planned, invoice, drifts).await,
            end => Ok(end),
        }
    }

    async fn settled(
        &self,
        planned: &PlannedInvoice,
        invoice: String,
        status: InvoiceStatus,
    ) -> Result<BillEnd, JournalError> {
        let event = LedgerEvent::Settled {
            content: planned.content.clone(),
            invoice: invoice.clone(),
            status: status.name().to_owned(),
            total: total(planned),
            currency: planned.bill.currency.clone(),
        };
        let entries = vec![self.entry(&planned.bill, event)];
        self.journal.keep(Changes { entries, ..Changes::default() }).await?;
        Ok(BillEnd::Settled { invoice, status })
    }

    async fn drifted(
        &self,
        planned: &PlannedInvoice,
        invoice: String,
        drifts: Vec<Drift>,
    ) -> Result<BillEnd, JournalError> {
        let entries = drifts.iter().map(|drift| self.entry(&planned.bill, drift_event(&invoice, drift))).collect();
        self.journal.keep(Changes { entries, ..Changes::default() }).await?;
        Ok(BillEnd::Drifted { invoice, drifts })
    }
}

pub(in crate::close) fn drift_event(invoice: &str, drift: &Drift) -> LedgerEvent {
    LedgerEvent::Drifted {
        invoice: invoice.to_owned(),
        class: drift.class.name().to_owned(),
        line: drift.line.clone(),
        ours: drift.ours,
        theirs: drift.theirs,
    }
}

fn total(planned: &PlannedInvoice) -> i64 {
    planned.lines.iter().fold(0, |sum, line| sum.saturating_add(line.amount))
}

/// The finalised invoice against the draft whose lines were compared: nobody added a line between the two.
fn end_drift(planned: &PlannedInvoice, lines: &[StripeLine], ended: &Invoice) -> Vec<Drift> {
    let theirs = StripeInvoice {
        id: ended.id.clone(),
        status: ended.status(),
        currency: ended.currency.clone(),
        customer: ended.customer.clone(),
        lines: lines.to_vec(),
    };
    let mut drifts = drift(planned, &theirs);
    let ours = total(planned);
    if drifts.is_empty() && ended.subtotal != ours {
        drifts.push(Drift { class: DriftClass::Amount, line: ended.id.clone(), ours, theirs: ended.subtotal });
    }
    drifts
}
