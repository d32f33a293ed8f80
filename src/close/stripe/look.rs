//! Whether an intent's effect is at Stripe: asked of lists and objects, which are consistent, never of the search.

use super::{Call, ReadError, Stripe, Transport, request};
use highwater_settlement::drift::InvoiceStatus;
use highwater_settlement::intent::{INTENT_METADATA, Intent, Request};
use highwater_settlement::outcome::{Looked, Outcome, UnknownCause};

pub(super) async fn look<T: Transport>(stripe: &Stripe<T>, intent: &Intent) -> Looked {
    let key = intent.key.as_str();
    let looked = match &intent.request {
        Request::CreateInvoice(new) => created(stripe, &new.customer, key).await,
        Request::AddLines { invoice, lines } => added(stripe, invoice, lines.len(), key).await,
        Request::FinalizeInvoice { invoice } => status(stripe, invoice).await.map(|status| match status {
            InvoiceStatus::Draft => Looked::Absent,
            InvoiceStatus::Open | InvoiceStatus::Paid | InvoiceStatus::Uncollectible => found(invoice),
            InvoiceStatus::Void | InvoiceStatus::Deleted => Looked::Gone,
        }),
        Request::VoidInvoice { invoice } => status(stripe, invoice).await.map(|status| match status {
            InvoiceStatus::Void | InvoiceStatus::Deleted => found(invoice),
            InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Uncollectible => Looked::Absent,
            InvoiceStatus::Paid => Looked::Gone,
        }),
    };
    match looked {
        Ok(looked) => looked,
        Err(ReadError::Gone) => Looked::Gone,
        Err(ReadError::Failed { reason, retry_after }) => {
            tracing::debug!(key, reason, "the lookup failed");
            Looked::Failed { retry_after }
        }
    }
}

async fn created<T: Transport>(stripe: &Stripe<T>, customer: &str, key: &str) -> Result<Looked, ReadError> {
    let invoices = stripe.invoices_of(customer).await?;
    let ours = invoices.into_iter().filter(|invoice| invoice.metadata(INTENT_METADATA) == Some(key));
    let mut ours: Vec<String> = ours.map(|invoice| invoice.id).collect();
    Ok(match ours.len() {
        0 => Looked::Absent,
        1 => Looked::Found { object: ours.remove(0) },
        _ => Looked::Several { objects: ours },
    })
}

async fn added<T: Transport>(stripe: &Stripe<T>, invoice: &str, count: usize, key: &str) -> Result<Looked, ReadError> {
    let status = status(stripe, invoice).await?;
    if status == InvoiceStatus::Deleted {
        return Ok(Looked::Gone);
    }
    let lines = stripe.raw_lines(invoice).await?;
    let ours: Vec<String> =
        lines.into_iter().filter(|line| line.metadata(INTENT_METADATA) == Some(key)).map(|line| line.id).collect();
    Ok(match ours.len() {
        0 if status == InvoiceStatus::Draft => Looked::Absent,
        0 => Looked::Gone,
        found_count if found_count == count => found(invoice),
        _ => Looked::Several { objects: ours },
    })
}

/// A draft that was deleted answers 404.
async fn status<T: Transport>(stripe: &Stripe<T>, invoice: &str) -> Result<InvoiceStatus, ReadError> {
    match stripe.invoice(invoice).await {
        Ok(invoice) => Ok(invoice.status()),
        Err(ReadError::Gone) => Ok(InvoiceStatus::Deleted),
        Err(error) => Err(error),
    }
}

fn found(invoice: &str) -> Looked {
    Looked::Found { object: invoice.to_owned() }
}

impl<T: Transport> Stripe<T> {
    /// How an invoice is undone depends on how far it has come: a draft is deleted, an open invoice voided. The outcome
    /// where nothing is to be sent.
    pub(super) async fn undoing(&self, intent: &Intent, invoice: &str) -> Result<Call, Outcome> {
        match status(self, invoice).await {
            Ok(InvoiceStatus::Draft) => Ok(request::delete_draft(invoice)),
            Ok(InvoiceStatus::Open | InvoiceStatus::Uncollectible) => Ok(request::void(invoice, &intent.key)),
            Ok(InvoiceStatus::Void | InvoiceStatus::Deleted) => Err(Outcome::Succeeded { object: invoice.to_owned() }),
            Ok(InvoiceStatus::Paid) => Err(Outcome::Refused {
                code: "invoice_paid".into(),
                message: "a paid invoice is not voided: write a credit note at Stripe".into(),
            }),
            Err(ReadError::Gone) => Err(Outcome::Succeeded { object: invoice.to_owned() }),
            // Nothing was changed; it is asked again.
            Err(ReadError::Failed { retry_after, .. }) => {
                Err(Outcome::Unknown { cause: UnknownCause::Throttled, retry_after })
            }
        }
    }
}
