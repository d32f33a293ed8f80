//! Objects read back from Stripe: only what is compared, so that what Stripe adds to them breaks nothing.

use super::{Answer, Call, NoAnswer, Stripe, Transport, answer, request};
use highwater_settlement::drift::{InvoiceStatus, StripeInvoice, StripeLine};
use highwater_settlement::intent::LINE_METADATA;
use highwater_settlement::moment::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A bound on every list: ten thousand invoices of a customer, or lines of an invoice (Stripe takes 250).
const PAGES: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Invoice {
    pub id: String,
    /// Absent where the invoice is deleted.
    #[serde(default)]
    pub status: Option<InvoiceStatus>,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default)]
    pub customer: String,
    #[serde(default)]
    pub currency: String,
    /// Its lines, before tax.
    #[serde(default)]
    pub subtotal: i64,
    #[serde(default)]
    pub livemode: bool,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

impl Invoice {
    pub fn status(&self) -> InvoiceStatus {
        if self.deleted { InvoiceStatus::Deleted } else { self.status.unwrap_or(InvoiceStatus::Draft) }
    }

    pub(super) fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(name).map(String::as_str)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    pub(super) id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
}

impl Line {
    pub(super) fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(name).map(String::as_str)
    }

    fn compared(self) -> StripeLine {
        let line_id = self.metadata(LINE_METADATA).map(str::to_owned);
        StripeLine { id: self.id, amount: self.amount, currency: self.currency, line_id }
    }
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("Stripe has no such object")]
    Gone,
    #[error("Stripe could not be asked: {reason}")]
    Failed { reason: String, retry_after: Option<Span> },
}

impl<T: Transport> Stripe<T> {
    /// The invoice without its lines.
    pub async fn invoice(&self, id: &str) -> Result<Invoice, ReadError> {
        self.get(&request::retrieve(id)).await
    }

    /// The invoice with all of its lines.
    pub async fn whole_invoice(&self, id: &str) -> Result<StripeInvoice, ReadError> {
        let invoice = self.invoice(id).await?;
        let lines = if invoice.deleted { Vec::new() } else { self.lines(id).await? };
        let status = invoice.status();
        Ok(StripeInvoice { id: invoice.id, status, currency: invoice.currency, customer: invoice.customer, lines })
    }

    pub async fn lines(&self, invoice: &str) -> Result<Vec<StripeLine>, ReadError> {
        Ok(self.raw_lines(invoice).await?.into_iter().map(Line::compared).collect())
    }

    pub(super) async fn raw_lines(&self, invoice: &str) -> Result<Vec<Line>, ReadError> {
        self.pages(|after| request::lines_of(invoice, after), |line: &Line| &line.id).await
    }

    pub(super) async fn invoices_of(&self, customer: &str) -> Result<Vec<Invoice>, ReadError> {
        self.pages(|after| request::invoices_of(customer, after), |invoice: &Invoice| &invoice.id).await
    }

    async fn pages<O: DeserializeOwned>(
        &self,
        call: impl Fn(Option<&str>) -> Call,
        id: impl Fn(&O) -> &String,
    ) -> Result<Vec<O>, ReadError> {
        let mut all: Vec<O> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().map(|last| id(last).clone());
            let page: Page<O> = self.get(&call(after.as_deref())).await?;
            let ended = !page.has_more || page.data.is_empty();
            all.extend(page.data);
            if ended {
                return Ok(all);
            }
        }
        Err(failed(format!("a list of more than {PAGES} pages"), None))
    }

    async fn get<O: DeserializeOwned>(&self, call: &Call) -> Result<O, ReadError> {
        let Answer { status, retry_after, body } = match self.exchange(call).await {
            Ok(answer) => answer,
            Err(NoAnswer(reason)) => return Err(failed(reason, None)),
        };
        match status {
            200..=299 => serde_json::from_slice(&body).map_err(|error| failed(error.to_string(), retry_after)),
            404 if answer::detail(&body).code.as_deref() == Some("resource_missing") => Err(ReadError::Gone),
            status => {
                let detail = answer::detail(&body);
                let text = detail.message.or(detail.code).unwrap_or_default();
                Err(failed(format!("{status} {text}"), retry_after))
            }
        }
    }
}

fn failed(reason: String, retry_after: Option<Span>) -> ReadError {
    ReadError::Failed { reason, retry_after }
}
