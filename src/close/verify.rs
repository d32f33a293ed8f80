//! Invoices read back from Stripe, and what they differ in.

use super::closer::drift_event;
use super::journal::Undertaking;
use super::stripe::{ReadError, Stripe, Transport};
use futures::{StreamExt, stream};
use highwater_settlement::drift::{Drift, InvoiceStatus, StripeInvoice, drift};
use highwater_settlement::intent::Bill;
use highwater_settlement::ledger::{Entry, Standings};
use highwater_settlement::moment::Moment;

/// One invoice that was compared, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub bill: Bill,
    /// Stripe's id.
    pub invoice: String,
    pub lines: usize,
    found: Result<Vec<Drift>, String>,
}

impl Checked {
    pub fn drifts(&self) -> &[Drift] {
        self.found.as_deref().unwrap_or_default()
    }

    /// Why it could not be read.
    pub fn unread(&self) -> Option<&str> {
        self.found.as_ref().err().map(String::as_str)
    }

    /// What of it belongs into the ledger.
    pub fn entries(&self, at: Moment, actor: &str) -> Vec<Entry> {
        let entry = |drift: &Drift| Entry {
            at,
            bill: self.bill.clone(),
            actor: actor.to_owned(),
            reason: String::new(),
            event: drift_event(&self.invoice, drift),
        };
        self.drifts().iter().map(entry).collect()
    }
}

/// Compares every invoice that was settled and not voided, in the order of the undertakings.
pub async fn verify<T: Transport>(
    stripe: &Stripe<T>,
    undertakings: &[Undertaking],
    standings: &Standings,
    in_flight: usize,
) -> Vec<Checked> {
    let settled = undertakings.iter().filter_map(|undertaking| {
        let billed = standings.get(&undertaking.invoice.bill.slot())?.billed.as_ref()?;
        let is_meant = billed.bill == undertaking.invoice.bill && billed.settled && !billed.voided;
        Some((undertaking, billed.invoice.clone().filter(|_| is_meant)?))
    });
    let checks = stream::iter(settled).map(|(undertaking, invoice)| async move {
        let found = match stripe.whole_invoice(&invoice).await {
            Ok(theirs) => Ok(drift(&undertaking.invoice, &theirs)),
            Err(ReadError::Gone) => Ok(drift(&undertaking.invoice, &gone(&invoice))),
            Err(error) => Err(error.to_string()),
        };
        let (bill, lines) = (undertaking.invoice.bill.clone(), undertaking.invoice.lines.len());
        Checked { bill, invoice, lines, found }
    });
    checks.buffered(in_flight.max(1)).collect().await
}

fn gone(invoice: &str) -> StripeInvoice {
    StripeInvoice {
        id: invoice.to_owned(),
        status: InvoiceStatus::Deleted,
        currency: String::new(),
        customer: String::new(),
        lines: Vec::new(),
    }
}
