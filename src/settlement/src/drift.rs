//! What Stripe holds against what we say: each line, in minor units, without tolerance.

use crate::invoice::PlannedInvoice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An invoice as Stripe gives it back; only what is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeInvoice {
    pub id: String,
    pub status: InvoiceStatus,
    /// In lower case.
    pub currency: String,
    pub customer: String,
    pub lines: Vec<StripeLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
    /// A draft that is gone.
    Deleted,
}

impl InvoiceStatus {
    pub fn name(self) -> &'static str {
        match self {
            InvoiceStatus::Draft => "draft",
            InvoiceStatus::Open => "open",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::Void => "void",
            InvoiceStatus::Uncollectible => "uncollectible",
            InvoiceStatus::Deleted => "deleted",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeLine {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    /// From the line's metadata.
    pub line_id: Option<String>,
}

/// One disagreement. Amounts are Stripe's, as in the requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub class: DriftClass,
    /// Ours, where there is one; else Stripe's.
    pub line: String,
    pub ours: i64,
    pub theirs: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftClass {
    /// We say it, Stripe does not have it.
    Missing,
    /// Stripe has it, we do not say it.
    Extra,
    Amount,
    Currency,
    /// One of our lines is there more than once.
    Twice,
    Customer,
    /// Voided, written off or deleted by somebody else.
    Status,
}

impl DriftClass {
    pub fn name(self) -> &'static str {
        match self {
            DriftClass::Missing => "missing",
            DriftClass::Extra => "extra",
            DriftClass::Amount => "amount",
            DriftClass::Currency => "currency",
            DriftClass::Twice => "twice",
            DriftClass::Customer => "customer",
            DriftClass::Status => "status",
        }
    }

    /// What a person can do. Nothing at Stripe is overwritten by the program.
    pub fn repair(self) -> &'static str {
        match self {
            DriftClass::Missing => "resume the close; if the invoice is finalised, bill the line by hand",
            DriftClass::Extra => "somebody added it at Stripe: remove it there, or book it",
            DriftClass::Amount | DriftClass::Currency | DriftClass::Twice | DriftClass::Customer => {
                "void the invoice at Stripe, then `close void` and plan again"
            }
            DriftClass::Status => "if that was meant, `close void` with the reason; else bill it anew after that",
        }
    }
}

impl Drift {
    /// Stripe's amount less ours.
    pub fn amount(&self) -> i128 {
        i128::from(self.theirs) - i128::from(self.ours)
    }
}

/// All disagreements, in the order of our lines, then Stripe's.
pub fn drift(ours: &PlannedInvoice, theirs: &StripeInvoice) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let total: i64 = ours.lines.iter().fold(0, |sum, line| sum.saturating_add(line.amount));
    if matches!(theirs.status, InvoiceStatus::Void | InvoiceStatus::Uncollectible | InvoiceStatus::Deleted) {
        drifts.push(Drift { class: DriftClass::Status, line: theirs.id.clone(), ours: total, theirs: 0 });
        return drifts;
    }
    if theirs.customer != ours.customer.id {
        drifts.push(Drift { class: DriftClass::Customer, line: theirs.id.clone(), ours: total, theirs: total });
    }
    let mut by_line: BTreeMap<&str, Vec<&StripeLine>> = BTreeMap::new();
    for line in &theirs.lines {
        by_line.entry(line.line_id.as_deref().unwrap_or(&line.id)).or_default().push(line);
    }
    let currency = ours.bill.currency.to_ascii_lowercase();
    for line in &ours.lines {
        let found = by_line.remove(line.line_id.as_str()).unwrap_or_default();
        let sum = found.iter().fold(0i64, |sum, line| sum.saturating_add(line.amount));
        let class = match found.as_slice() {
            [] => Some(DriftClass::Missing),
            [only] if only.currency != currency => Some(DriftClass::Currency),
            [only] if only.amount != line.amount => Some(DriftClass::Amount),
            [_] => None,
            _ => Some(DriftClass::Twice),
        };
        let drift = |class| Drift { class, line: line.line_id.clone(), ours: line.amount, theirs: sum };
        drifts.extend(class.map(drift));
    }
    for line in by_line.into_values().flatten() {
        drifts.push(Drift { class: DriftClass::Extra, line: line.id.clone(), ours: 0, theirs: line.amount });
    }
    drifts
}
