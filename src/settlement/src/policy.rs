//! What is decided once for all invoices.

use serde::{Deserialize, Serialize};

/// How periods are turned into invoices. It is part of a plan, so that a plan means the same later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether a draft whose lines all agree is finalised, or left for a person.
    pub finalize: bool,
    /// Net terms in days; absent, the customer's payment method is charged.
    pub days_until_due: Option<u32>,
    /// Stripe tax rates (`txr_…`) that hold for every line. Amounts are without tax.
    pub tax_rates: Vec<String>,
    /// Lines that cost nothing are shown on the invoice.
    pub zero_lines: bool,
    /// Lines in one call.
    pub batch_lines: u32,
    pub approval: Approval,
    /// Invoices of at least this many minor units need two persons.
    pub four_eyes_minor_units: Option<u64>,
    pub flags: Thresholds,
}

/// Which invoices wait for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    All,
    /// Those that stand out; the others are sent.
    Flagged,
}

/// From where on an invoice stands out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Against the period before, in percent and in minor units: both must be passed.
    pub variance_percent: u32,
    pub variance_minor_units: u64,
    /// Corrections of earlier periods, in minor units without sign.
    pub correction_minor_units: u64,
    /// What Stripe cannot charge is carried to the customer's balance.
    pub least_minor_units: u64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            finalize: true,
            days_until_due: None,
            tax_rates: Vec::new(),
            zero_lines: true,
            batch_lines: 100,
            approval: Approval::Flagged,
            four_eyes_minor_units: None,
            flags: Thresholds::default(),
        }
    }
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            variance_percent: 50,
            variance_minor_units: 10_000,
            correction_minor_units: 10_000,
            least_minor_units: 50,
        }
    }
}

/// Stripe takes this many items on one invoice.
pub const INVOICE_LINES_MAX: usize = 250;
