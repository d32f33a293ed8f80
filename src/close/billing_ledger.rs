//! The ledger as ClickHouse shows it: a copy of the journal, which may be written again.

use crate::clickhouse::{Store, StoreError};
use clickhouse::Row;
use highwater_settlement::ledger::{Entry, LedgerEvent};
use serde::Serialize;

/// Entries in one INSERT.
const BATCH: usize = 50_000;

pub async fn show(store: &Store, entries: &[Entry]) -> Result<(), StoreError> {
    for batch in entries.chunks(BATCH) {
        store.insert::<LedgerRow>("billing_ledger", batch.iter().map(LedgerRow::new)).await?;
    }
    Ok(())
}

#[derive(Default, Row, Serialize)]
struct LedgerRow {
    organization_id: String,
    period_start: i64,
    currency: String,
    revision: u32,
    reissue: u32,
    at: i64,
    entry_id: String,
    actor: String,
    reason: String,
    event: &'static str,
    content: String,
    plan: String,
    operation: String,
    intent_key: String,
    state: String,
    detail: String,
    stripe_id: String,
    line_id: String,
    ours: i64,
    theirs: i64,
    held_until: Option<i64>,
}

impl LedgerRow {
    fn new(entry: &Entry) -> LedgerRow {
        let row = LedgerRow {
            organization_id: entry.bill.organization_id.clone(),
            period_start: entry.bill.period_start.0,
            currency: entry.bill.currency.clone(),
            revision: entry.bill.revision,
            reissue: entry.bill.reissue,
            at: entry.at.0,
            entry_id: entry.id(),
            actor: entry.actor.clone(),
            reason: entry.reason.clone(),
            event: entry.event.name(),
            ..LedgerRow::default()
        };
        match entry.event.clone() {
            LedgerEvent::Approved { content, plan } => LedgerRow { content, plan, ..row },
            LedgerEvent::Held { until } => LedgerRow { held_until: until.map(|until| until.0), ..row },
            LedgerEvent::Released => row,
            LedgerEvent::Intent { key, operation, content, state, detail, object } => {
                LedgerRow { intent_key: key, operation, content, state, detail, stripe_id: object, ..row }
            }
            LedgerEvent::Settled { content, invoice, status, total, currency: _ } => {
                LedgerRow { content, stripe_id: invoice, state: status, ours: total, theirs: total, ..row }
            }
            LedgerEvent::Drifted { invoice, class, line, ours, theirs } => {
                LedgerRow { stripe_id: invoice, state: class, line_id: line, ours, theirs, ..row }
            }
            LedgerEvent::Voided { invoice } => LedgerRow { stripe_id: invoice, ..row },
        }
    }
}
