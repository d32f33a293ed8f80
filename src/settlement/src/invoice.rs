//! One invoice as it is meant: its lines, its total, its content hash, and the requests that make it.

use crate::amount::to_stripe;
use crate::customer::Customer;
use crate::frozen::FrozenPeriod;
use crate::intent::{Bill, INTENT_METADATA, Key, LINE_METADATA, NewInvoice, NewLine, Operation, Request, hex};
use crate::line::{FinalLine, LineKind};
use crate::moment::Moment;
use crate::policy::{INVOICE_LINES_MAX, Policy};
use highwater_rating::number::Currency;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What would be sent for one bill. `content` is the hash of everything else in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedInvoice {
    pub bill: Bill,
    pub period_end: EventTime,
    pub customer: Customer,
    pub description: String,
    pub finalize: bool,
    pub tax_rates: Vec<String>,
    pub batch_lines: u32,
    pub lines: Vec<PlannedLine>,
    /// The sum of all lines, shown or not.
    #[serde(with = "integer_text")]
    pub total_minor_units: i128,
    #[serde(default)]
    pub content: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLine {
    pub line_id: String,
    pub kind: LineKind,
    pub name: String,
    pub description: String,
    pub span_start: EventTime,
    pub span_end: EventTime,
    #[serde(with = "integer_text")]
    pub amount_minor_units: i128,
    /// As Stripe counts: see `amount`.
    pub amount: i64,
}

/// Why no invoice can be made of a period as things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The lines do not agree with their close record.
    NotDefinite {
        reason: String,
    },
    NoCustomer,
    TooManyLines {
        lines: usize,
    },
    /// Stripe cannot be told the amount of a line.
    Amount {
        line_id: String,
        reason: String,
    },
    /// Some of it was sent, and it would now be another invoice.
    ChangedSinceSent,
}

impl Block {
    pub fn name(&self) -> &'static str {
        match self {
            Block::NotDefinite { .. } => "not_definite",
            Block::NoCustomer => "no_customer",
            Block::TooManyLines { .. } => "too_many_lines",
            Block::Amount { .. } => "amount",
            Block::ChangedSinceSent => "changed_since_sent",
        }
    }

    /// What a person can do about it.
    pub fn fix(&self) -> String {
        match self {
            Block::NotDefinite { reason } => format!("{reason}; wait until ClickHouse has the period, then plan again"),
            Block::NoCustomer => "add the organization with its cus_… to the customers file".into(),
            Block::TooManyLines { lines } => {
                format!(
                    "{lines} lines, Stripe takes {INVOICE_LINES_MAX}: set close.zero_lines = false, or bill by hand"
                )
            }
            Block::Amount { line_id, reason } => format!("line {line_id}: {reason}"),
            Block::ChangedSinceSent => "resume the plan that was sent, or `close void` it and plan again".into(),
        }
    }
}

impl PlannedInvoice {
    pub fn of(
        period: &FrozenPeriod,
        reissue: u32,
        customer: &Customer,
        policy: &Policy,
    ) -> Result<PlannedInvoice, Block> {
        let record = period.record();
        let unknown = |error: &dyn std::fmt::Display| Block::NotDefinite { reason: error.to_string() };
        let currency = Currency::from_code(&record.currency).map_err(|error| unknown(&error))?;
        let shown = period.lines().iter().filter(|line| policy.zero_lines || line.amount_minor_units != 0);
        let mut lines = shown.map(|line| PlannedLine::of(line, currency)).collect::<Result<Vec<_>, _>>()?;
        if lines.len() > INVOICE_LINES_MAX {
            return Err(Block::TooManyLines { lines: lines.len() });
        }
        lines.sort_by(|one, other| one.order().cmp(&other.order()));
        let bill = Bill {
            organization_id: record.organization_id.clone(),
            period_start: record.period_start,
            currency: record.currency.clone(),
            revision: record.revision,
            reissue,
        };
        let days_until_due = customer.days_until_due.or(policy.days_until_due);
        let mut invoice = PlannedInvoice {
            bill,
            period_end: record.period_end,
            customer: Customer { days_until_due, ..customer.clone() },
            description: format!("Usage from {} to {}", date(record.period_start), date(record.period_end)),
            finalize: policy.finalize,
            tax_rates: policy.tax_rates.clone(),
            batch_lines: policy.batch_lines.max(1),
            lines,
            total_minor_units: record.total_minor_units,
            content: String::new(),
        };
        invoice.content = invoice.hash();
        Ok(invoice)
    }

    /// SHA-256 over the invoice's JSON without its hash, 32 hex digits of it.
    pub fn hash(&self) -> String {
        let bare = PlannedInvoice { content: String::new(), ..self.clone() };
        // Every field is a text, a number or a list of these.
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        hex(&Sha256::digest(&text))[..32].to_owned()
    }

    pub fn batches(&self) -> impl Iterator<Item = (u32, &[PlannedLine])> {
        (0..).zip(self.lines.chunks(self.batch_lines as usize))
    }

    pub fn key(&self, account: &str, operation: Operation) -> Key {
        Key::of(account, &self.bill, operation)
    }

    pub fn create_request(&self, account: &str) -> Request {
        let mut metadata = self.metadata(&self.key(account, Operation::CreateInvoice));
        metadata.insert("highwater_period_start".into(), self.bill.period_start.to_string());
        metadata.insert("highwater_period_end".into(), self.period_end.to_string());
        metadata.insert("highwater_content".into(), self.content.clone());
        Request::CreateInvoice(NewInvoice {
            customer: self.customer.id.clone(),
            currency: self.bill.currency.to_ascii_lowercase(),
            description: self.description.clone(),
            days_until_due: self.customer.days_until_due,
            tax_rates: self.tax_rates.clone(),
            metadata,
        })
    }

    pub fn lines_request(&self, account: &str, batch: u32, invoice: &str) -> Request {
        let key = self.key(account, Operation::AddLines(batch));
        let size = self.batch_lines as usize;
        let lines = self.lines.chunks(size).nth(batch as usize).unwrap_or_default().iter();
        let lines = lines.map(|line| NewLine {
            amount: line.amount,
            description: line.description.clone(),
            period_start: Moment(line.span_start.0).unix_seconds(),
            period_end: Moment(line.span_end.0).unix_seconds(),
            metadata: BTreeMap::from([
                (INTENT_METADATA.to_owned(), key.to_string()),
                (LINE_METADATA.to_owned(), line.line_id.clone()),
            ]),
        });
        Request::AddLines { invoice: invoice.to_owned(), lines: lines.collect() }
    }

    fn metadata(&self, key: &Key) -> BTreeMap<String, String> {
        BTreeMap::from([
            (INTENT_METADATA.to_owned(), key.to_string()),
            ("highwater_organization".to_owned(), self.bill.organization_id.clone()),
        ])
    }
}

impl PlannedLine {
    fn of(line: &FinalLine, currency: Currency) -> Result<PlannedLine, Block> {
        let amount = to_stripe(currency, line.amount_minor_units)
            .map_err(|error| Block::Amount { line_id: line.line_id.clone(), reason: error.to_string() })?;
        Ok(PlannedLine {
            line_id: line.line_id.clone(),
            kind: line.kind,
            name: line.name.clone(),
            description: description(line),
            span_start: line.span_start,
            span_end: line.span_end,
            amount_minor_units: line.amount_minor_units,
            amount,
        })
    }

    /// What is fixed comes first, what takes back comes last.
    fn order(&self) -> (u8, &str, EventTime, &str) {
        let rank = match self.kind {
            LineKind::BasePrice => 0,
            LineKind::AddOn => 1,
            LineKind::Usage => 2,
            LineKind::TrueUp => 3,
            LineKind::Credit => 4,
            LineKind::Reversal => 5,
            LineKind::Correction => 6,
        };
        (rank, &self.name, self.span_start, &self.line_id)
    }
}

/// What the customer reads.
fn description(line: &FinalLine) -> String {
    let name: String = line.name.chars().take(200).map(|letter| if letter == '_' { ' ' } else { letter }).collect();
    let span = format!("{} to {}", date(line.span_start), date(line.span_end));
    let corrected = || line.corrects_period_start.map_or_else(String::new, date);
    match line.kind {
        LineKind::Usage if line.overage.0 != 0 => {
            format!("{name}: {} used, {} charged ({span})", line.quantity, line.overage)
        }
        LineKind::Usage => format!("{name}: {} used ({span})", line.quantity),
        LineKind::BasePrice => format!("{name} plan ({span})"),
        LineKind::AddOn => format!("{name}: {} ({span})", line.quantity),
        LineKind::TrueUp => format!("{name}: minimum commitment ({span})"),
        LineKind::Credit => format!("Credit: {name} ({span})"),
        LineKind::Correction => format!("Correction of the period from {}: {name}", corrected()),
        LineKind::Reversal => format!("Taken back from the period from {}: {name}", corrected()),
    }
}

/// The civil date in UTC.
fn date(time: EventTime) -> String {
    time.to_string().chars().take(10).collect()
}

/// 128-bit integers as text: no reader of JSON loses a digit.
pub(crate) mod integer_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(number: &i128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
