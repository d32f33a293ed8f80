//! A close as it is meant: every due period in its bucket, with a hash that names exactly this.
//!
//! `apply` carries out a plan and nothing else; what has changed since makes it stale, invoice by invoice.

use crate::customer::Customers;
use crate::flag::{Flag, flags};
use crate::frozen::{CloseRecord, FrozenPeriod, NotDefinite};
use crate::intent::{Slot, hex};
use crate::invoice::{Block, PlannedInvoice};
use crate::ledger::{Standing, Standings};
use crate::moment::Moment;
use crate::policy::{Approval, Policy};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Counts up when the meaning of the file changes.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosePlan {
    pub format: u32,
    pub made_at: Moment,
    /// Which Stripe account it is for, by the name that the settings give it.
    pub account: String,
    pub mode: Mode,
    pub policy: Policy,
    /// In order of organization, period, revision and currency.
    pub items: Vec<Item>,
    #[serde(default)]
    pub hash: String,
}

/// Stripe keeps test data apart from what is real, and so do we.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Test,
    Live,
}

/// One due period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub record: CloseRecordText,
    pub bucket: Bucket,
    /// Absent where something blocks it.
    pub invoice: Option<PlannedInvoice>,
    pub block: Option<Block>,
    pub flags: Vec<Flag>,
    /// Why a person holds it.
    pub held: Option<String>,
}

/// What of a close record is shown where no invoice can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRecordText {
    pub organization_id: String,
    pub period_start: highwater_rating::time::EventTime,
    pub period_end: highwater_rating::time::EventTime,
    pub currency: String,
    pub revision: u32,
    #[serde(with = "crate::invoice::integer_text")]
    pub total_minor_units: i128,
}

/// Worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    Blocked,
    /// It stands out, and is sent once a person approved it.
    Flagged,
    /// Approved once, and changed since.
    Changed,
    Ready,
    /// Its lines come to nothing and none is shown; nothing is sent.
    Zero,
    Held,
    Settled,
}

impl Bucket {
    pub const ALL: [Bucket; 7] =
        [Bucket::Blocked, Bucket::Flagged, Bucket::Changed, Bucket::Ready, Bucket::Zero, Bucket::Held, Bucket::Settled];

    pub fn name(self) -> &'static str {
        match self {
            Bucket::Blocked => "blocked",
            Bucket::Flagged => "flagged",
            Bucket::Changed => "changed",
            Bucket::Ready => "ready",
            Bucket::Zero => "zero",
            Bucket::Held => "held",
            Bucket::Settled => "settled",
        }
    }
}

/// A due period as it was read.
pub type Due = Result<FrozenPeriod, Box<(CloseRecord, NotDefinite)>>;

/// Everything that a plan is made of.
pub struct Sources<'a> {
    pub due: &'a [Due],
    /// The period before each, by what the due one is.
    pub before: &'a BTreeMap<Slot, FrozenPeriod>,
    pub customers: &'a Customers,
    pub standings: &'a Standings,
}

impl ClosePlan {
    pub fn make(sources: &Sources<'_>, policy: &Policy, account: &str, mode: Mode, now: Moment) -> ClosePlan {
        let mut items: Vec<Item> = sources.due.iter().map(|due| item(due, sources, policy, now)).collect();
        items.sort_by_cached_key(Item::slot);
        let mut plan = ClosePlan {
            format: FORMAT,
            made_at: now,
            account: account.to_owned(),
            mode,
            policy: policy.clone(),
            items,
            hash: String::new(),
        };
        plan.hash = plan.hashed();
        plan
    }

    /// SHA-256 over the plan's JSON without its hash, 32 hex digits of it.
    pub fn hashed(&self) -> String {
        let bare = ClosePlan { hash: String::new(), ..self.clone() };
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        hex(&Sha256::digest(&text))[..32].to_owned()
    }

    /// A file that was edited, cut off or made by another version is no plan.
    pub fn from_json(text: &str) -> Result<ClosePlan, PlanError> {
        let plan: ClosePlan = serde_json::from_str(text).map_err(|error| PlanError::NoPlan(error.to_string()))?;
        if plan.format != FORMAT {
            return Err(PlanError::Format(plan.format));
        }
        let whole =
            plan.items.iter().filter_map(|item| item.invoice.as_ref()).all(|invoice| invoice.hash() == invoice.content);
        if plan.hash != plan.hashed() || !whole {
            return Err(PlanError::Edited);
        }
        Ok(plan)
    }

    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    pub fn invoices(&self) -> impl Iterator<Item = (&Item, &PlannedInvoice)> {
        self.items.iter().filter_map(|item| item.invoice.as_ref().map(|invoice| (item, invoice)))
    }

    /// What of this plan is no longer so, by what would be planned now.
    pub fn stale(&self, now: &ClosePlan) -> Vec<Stale> {
        let fresh: BTreeMap<_, _> = now.items.iter().map(|item| (item.slot(), item)).collect();
        let mut stale = Vec::new();
        for (item, invoice) in self.invoices() {
            let other = fresh.get(&item.slot());
            // What was settled since was settled by this very plan or its twin.
            if other.is_some_and(|other| other.bucket == Bucket::Settled) {
                continue;
            }
            let found = other.and_then(|other| other.invoice.as_ref());
            if found.is_some_and(|found| found.content == invoice.content) {
                continue;
            }
            let lines = found.map_or(invoice.lines.len(), |found| changed_lines(invoice, found));
            stale.push(Stale { organization_id: item.record.organization_id.clone(), lines });
        }
        stale
    }
}

/// An invoice that has changed since its plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub organization_id: String,
    /// How many lines are other ones; none where something else changed, such as the customer.
    pub lines: usize,
}

fn changed_lines(one: &PlannedInvoice, other: &PlannedInvoice) -> usize {
    let by_id = |invoice: &PlannedInvoice| -> BTreeMap<String, (i64, String)> {
        invoice.lines.iter().map(|line| (line.line_id.clone(), (line.amount, line.description.clone()))).collect()
    };
    let (one, other) = (by_id(one), by_id(other));
    let gone = one.iter().filter(|(id, line)| other.get(*id) != Some(line)).count();
    gone + other.keys().filter(|id| !one.contains_key(*id)).count()
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("this is no close plan: {0}")]
    NoPlan(String),
    #[error("the plan has format {0}, this version writes {FORMAT}")]
    Format(u32),
    #[error("the plan was edited: its hash is not that of its content")]
    Edited,
}

impl Item {
    pub fn slot(&self) -> Slot {
        let record = &self.record;
        (record.organization_id.clone(), record.period_start, record.revision, record.currency.clone())
    }

    /// How many persons must still approve it.
    pub fn approvals_missing(&self, standing: &Standing, policy: &Policy) -> usize {
        let Some(invoice) = &self.invoice else { return 0 };
        let big = policy
            .four_eyes_minor_units
            .is_some_and(|from| self.record.total_minor_units.unsigned_abs() >= u128::from(from));
        let needed = match (big, policy.approval, self.flags.is_empty()) {
            (true, _, _) => 2,
            (false, Approval::All, _) | (false, Approval::Flagged, false) => 1,
            (false, Approval::Flagged, true) => 0,
        };
        let given = standing.approved.get(&invoice.content).map_or(0, |actors| actors.len());
        usize::saturating_sub(needed, given)
    }
}

fn item(due: &Due, sources: &Sources<'_>, policy: &Policy, now: Moment) -> Item {
    let record = match due {
        Ok(period) => period.record(),
        Err(wrong) => &wrong.0,
    };
    let nothing = Standing::default();
    let standing = sources.standings.get(&record.slot()).unwrap_or(&nothing);
    let before = sources.before.get(&record.slot());
    let flags = due.as_ref().map_or_else(|_| Vec::new(), |period| flags(period, before, &policy.flags));
    let mut item = Item {
        record: CloseRecordText {
            organization_id: record.organization_id.clone(),
            period_start: record.period_start,
            period_end: record.period_end,
            currency: record.currency.clone(),
            revision: record.revision,
            total_minor_units: record.total_minor_units,
        },
        bucket: Bucket::Blocked,
        invoice: None,
        block: None,
        flags,
        held: standing.held.as_ref().filter(|_| standing.is_held(now)).map(|held| held.reason.clone()),
    };
    match invoice(due, standing, sources.customers, policy) {
        Ok(invoice) => item.invoice = Some(invoice),
        Err(block) => item.block = Some(block),
    }
    item.bucket = bucket(&item, standing, policy);
    item
}

fn invoice(due: &Due, standing: &Standing, customers: &Customers, policy: &Policy) -> Result<PlannedInvoice, Block> {
    let period = due.as_ref().map_err(|wrong| Block::NotDefinite { reason: wrong.1.to_string() })?;
    let record = period.record();
    let billed = standing.billed.as_ref();
    let reissue = match billed {
        Some(billed) if billed.voided => billed.bill.reissue + 1,
        Some(billed) => billed.bill.reissue,
        None => 0,
    };
    let customer = customers.get(&record.organization_id).ok_or(Block::NoCustomer)?;
    let invoice = PlannedInvoice::of(period, reissue, customer, policy)?;
    match billed {
        Some(billed) if !billed.voided && billed.content != invoice.content => Err(Block::ChangedSinceSent),
        _ => Ok(invoice),
    }
}

fn bucket(item: &Item, standing: &Standing, policy: &Policy) -> Bucket {
    if standing.billed.as_ref().is_some_and(|billed| billed.settled && !billed.voided) {
        return Bucket::Settled;
    }
    let Some(invoice) = &item.invoice else { return Bucket::Blocked };
    if item.held.is_some() {
        return Bucket::Held;
    }
    if invoice.total_minor_units == 0 && invoice.lines.iter().all(|line| line.amount == 0) {
        return Bucket::Zero;
    }
    if item.approvals_missing(standing, policy) == 0 {
        return Bucket::Ready;
    }
    if standing.approved.is_empty() { Bucket::Flagged } else { Bucket::Changed }
}
