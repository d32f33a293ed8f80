//! The journal as CSV files, for whoever must show what was billed, by whose word, and what differed.

use super::journal::Kept;
use highwater_settlement::intent::Bill;
use highwater_settlement::ledger::{LedgerEvent, Standings};
use serde::Serialize;

/// A file's name and its content.
pub type File = (&'static str, Vec<u8>);

#[derive(Debug, thiserror::Error)]
#[error("a report cannot be written: {0}")]
pub struct ReportError(String);

#[derive(Serialize)]
struct InvoiceRow<'a> {
    organization_id: &'a str,
    period_start: String,
    period_end: String,
    currency: &'a str,
    revision: u32,
    reissue: u32,
    customer: &'a str,
    invoice: &'a str,
    settled: bool,
    voided: bool,
    lines: usize,
    total_minor_units: String,
    content: &'a str,
}

#[derive(Serialize)]
struct LineRow<'a> {
    organization_id: &'a str,
    period_start: String,
    currency: &'a str,
    revision: u32,
    reissue: u32,
    line_id: &'a str,
    kind: &'a str,
    name: &'a str,
    span_start: String,
    span_end: String,
    amount_minor_units: String,
    stripe_amount: i64,
    description: &'a str,
}

#[derive(Serialize)]
struct EntryRow<'a> {
    at: String,
    organization_id: &'a str,
    period_start: String,
    currency: &'a str,
    revision: u32,
    reissue: u32,
    event: &'a str,
    actor: &'a str,
    reason: &'a str,
    detail: String,
    entry_id: String,
}

/// `invoices.csv`, `lines.csv`, `decisions.csv`, `reconciliation.csv` and `ledger.csv`, of the organizations that are
/// meant, in the order of the journal.
pub fn report(kept: &Kept, standings: &Standings, is_meant: impl Fn(&Bill) -> bool) -> Result<Vec<File>, ReportError> {
    let undertakings = || kept.undertakings.iter().filter(|undertaking| is_meant(&undertaking.invoice.bill));
    let invoices = undertakings().map(|undertaking| {
        let (invoice, bill) = (&undertaking.invoice, &undertaking.invoice.bill);
        let billed = standings.get(&bill.slot()).and_then(|standing| standing.billed.as_ref());
        let billed = billed.filter(|billed| billed.bill == *bill);
        InvoiceRow {
            organization_id: &bill.organization_id,
            period_start: bill.period_start.to_string(),
            period_end: invoice.period_end.to_string(),
            currency: &bill.currency,
            revision: bill.revision,
            reissue: bill.reissue,
            customer: &invoice.customer.id,
            invoice: billed.and_then(|billed| billed.invoice.as_deref()).unwrap_or_default(),
            settled: billed.is_some_and(|billed| billed.settled),
            // An earlier bill of a period that was billed anew.
            voided: billed.is_none_or(|billed| billed.voided) && has_voided(kept, bill),
            lines: invoice.lines.len(),
            total_minor_units: invoice.total_minor_units.to_string(),
            content: &invoice.content,
        }
    });
    let lines = undertakings().flat_map(|undertaking| {
        let bill = &undertaking.invoice.bill;
        undertaking.invoice.lines.iter().map(move |line| LineRow {
            organization_id: &bill.organization_id,
            period_start: bill.period_start.to_string(),
            currency: &bill.currency,
            revision: bill.revision,
            reissue: bill.reissue,
            line_id: &line.line_id,
            kind: line.kind.name(),
            name: &line.name,
            span_start: line.span_start.to_string(),
            span_end: line.span_end.to_string(),
            amount_minor_units: line.amount_minor_units.to_string(),
            stripe_amount: line.amount,
            description: &line.description,
        })
    });
    let entries = |is_shown: fn(&LedgerEvent) -> bool| {
        let shown = kept.entries.iter().filter(|entry| is_shown(&entry.event) && is_meant(&entry.bill));
        let rows = shown.map(|entry| EntryRow {
            at: entry.at.to_string(),
            organization_id: &entry.bill.organization_id,
            period_start: entry.bill.period_start.to_string(),
            currency: &entry.bill.currency,
            revision: entry.bill.revision,
            reissue: entry.bill.reissue,
            event: entry.event.name(),
            actor: &entry.actor,
            reason: &entry.reason,
            detail: serde_json::to_string(&entry.event).unwrap_or_default(),
            entry_id: entry.id(),
        });
        csv(rows)
    };
    let decided = |event: &LedgerEvent| {
        use LedgerEvent::{Approved, Held, Released, Voided};
        matches!(event, Approved { .. } | Held { .. } | Released | Voided { .. })
    };
    let compared = |event: &LedgerEvent| matches!(event, LedgerEvent::Settled { .. } | LedgerEvent::Drifted { .. });
    Ok(vec![
        ("invoices.csv", csv(invoices)?),
        ("lines.csv", csv(lines)?),
        ("decisions.csv", entries(decided)?),
        ("reconciliation.csv", entries(compared)?),
        ("ledger.csv", entries(|_| true)?),
    ])
}

fn has_voided(kept: &Kept, bill: &Bill) -> bool {
    kept.entries.iter().any(|entry| entry.bill == *bill && matches!(entry.event, LedgerEvent::Voided { .. }))
}

fn csv(rows: impl Iterator<Item = impl Serialize>) -> Result<Vec<u8>, ReportError> {
    let failed = |error: &dyn std::fmt::Display| ReportError(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}
