//! `quote credits`: what grants cover of usage over time, what is left of them, and when more is asked for.

use super::{CaseError, Refused, answer};
use crate::credits::{Cover, CreditError, CreditUnit, Entry, Need, RechargeRequest, balances, burn};
use crate::number::Quantity;
use crate::tables::document::Node;
use crate::tables::read::{Fields, Reading, list, numbers, row, times};
use crate::tables::{CreditPolicy, Grant, MistakeCode, Row, Table};
use crate::time::EventTime;
use serde::Serialize;
use std::sync::Arc;

const FIELDS: &[&str] = &["grants", "policies", "usage", "at", "until"];
const ROWS_LIMIT: usize = 1_000;
const USAGE_LIMIT: usize = 10_000;
const INSTANTS_LIMIT: usize = 1_000;

struct Case {
    grants: Vec<Grant>,
    policies: Vec<CreditPolicy>,
    usage: Vec<Need>,
    at: Vec<EventTime>,
    until: Option<EventTime>,
}

#[derive(Serialize)]
struct Ledger {
    #[serde(flatten)]
    unit: CreditUnit,
    /// By instant, then by grant.
    entries: Vec<Entry>,
    /// In the order of time.
    usage: Vec<Usage>,
    /// In the order of the case.
    balances: Vec<BalanceAt>,
    requests: Vec<RechargeRequest>,
}

#[derive(Serialize)]
struct Usage {
    at: EventTime,
    quantity: Quantity,
    /// In the order of burn.
    covers: Vec<Cover>,
    /// What is to be paid for.
    uncovered: Quantity,
}

#[derive(Serialize)]
struct BalanceAt {
    at: EventTime,
    /// Of all grants.
    balance: Quantity,
    grants: Vec<Left>,
}

/// What is left of a grant that has begun.
#[derive(Serialize)]
struct Left {
    grant: Arc<str>,
    balance: Quantity,
}

/// Answers one case of `highwater quote credits`.
pub fn credits(case: &[u8]) -> Result<String, Refused> {
    answer(case, FIELDS, read, find)
}

fn read(fields: &Fields<'_>, reading: &mut Reading) -> Option<Case> {
    let grants = fields.required("grants", reading, list(ROWS_LIMIT, grant));
    let policies = fields.or("policies", Vec::new(), reading, list(ROWS_LIMIT, policy));
    let usage = fields.or("usage", Vec::new(), reading, list(USAGE_LIMIT, usage));
    let at = fields.or("at", Vec::new(), reading, list(INSTANTS_LIMIT, times::any_instant));
    let until = fields.optional("until", reading, times::any_instant);
    Some(Case { grants: grants?, policies: policies?, usage: usage?, at: at?, until: until? })
}

fn grant(node: &Node, reading: &mut Reading) -> Option<Grant> {
    match row(Table::Grants, node, reading)? {
        Row::Grants(row) => Some(row),
        _ => None,
    }
}

fn policy(node: &Node, reading: &mut Reading) -> Option<CreditPolicy> {
    match row(Table::CreditPolicies, node, reading)? {
        Row::CreditPolicies(row) => Some(row),
        _ => None,
    }
}

fn usage(node: &Node, reading: &mut Reading) -> Option<Need> {
    let fields = Fields::open(node, &["at", "quantity"], reading)?;
    let at = fields.required("at", reading, times::any_instant);
    let quantity = fields.required("quantity", reading, numbers::quantity);
    Some(Need { at: at?, quantity: quantity? })
}

fn find(case: Case) -> Result<Ledger, CaseError> {
    let unit = one_ledger(&case)?;
    let mut usage = case.usage;
    usage.sort_by_key(|need| need.at);
    let asked = case.at.iter().copied().chain(usage.last().map(|need| need.at)).max();
    let begun = case.grants.iter().map(|row| row.effective_from).max();
    let until = case.until.or(asked).or(begun).unwrap_or(EventTime::MIN);
    let burnt = burn(&unit, &case.grants, &case.policies, &usage, until).map_err(no_ledger)?;
    let entries = burnt.statement.entries;
    let usage = usage.iter().zip(burnt.covers).map(|(need, covers)| used(need, covers)).collect();
    let balances = case.at.iter().map(|at| left(&entries, *at)).collect::<Result<_, _>>()?;
    Ok(Ledger { unit, entries, usage, balances, requests: burnt.statement.requests })
}

/// What all rows are counted in; a mistake where they belong to several ledgers.
fn one_ledger(case: &Case) -> Result<CreditUnit, CaseError> {
    let of_grants = case.grants.iter().map(|row| (CreditUnit::of_grant(row), &row.organization_id));
    let of_policies = case.policies.iter().map(|row| (CreditUnit::of_policy(row), &row.organization_id));
    let (mut grants, policies) = (of_grants.enumerate(), of_policies.enumerate());
    let refused = |code: MistakeCode, field: String, message: &str| CaseError {
        code: code.as_str().to_owned(),
        field,
        message: message.to_owned(),
        hint: "a case has one ledger: ask for another in a case of its own".to_owned(),
    };
    let Some((_, first)) = grants.next() else {
        return Err(refused(MistakeCode::EmptyList, "/grants".into(), "there is no grant"));
    };
    let places = grants.map(|(index, of)| (format!("/grants/{index}"), of));
    let mut places = places.chain(policies.map(|(index, of)| (format!("/policies/{index}"), of)));
    if let Some((field, _)) = places.find(|(_, of)| *of != first) {
        let message = "it is of another organization, meter or currency than the first grant";
        return Err(refused(MistakeCode::ConflictingFields, field, message));
    }
    first.0.ok_or_else(|| refused(MistakeCode::MissingField, "/grants/0".into(), "it is not said what is granted"))
}

fn used(need: &Need, covers: Vec<Cover>) -> Usage {
    // Never more than is needed is covered, so that nothing leaves the range.
    let covered = covers.iter().map(|cover| cover.quantity.0).sum::<i128>();
    Usage { at: need.at, quantity: need.quantity, covers, uncovered: Quantity(need.quantity.0 - covered) }
}

fn left(entries: &[Entry], at: EventTime) -> Result<BalanceAt, CaseError> {
    let left = balances(entries, at);
    let sum = left.values().try_fold(Quantity::ZERO, |sum, balance| sum.checked_add(*balance));
    let balance = sum.ok_or_else(|| no_ledger(CreditError::Overflow))?;
    let grants = left.into_iter().map(|(grant, balance)| Left { grant, balance }).collect();
    Ok(BalanceAt { at, balance, grants })
}

fn no_ledger(error: CreditError) -> CaseError {
    let message = match error {
        CreditError::TooManyInstants => "something happens to the credits at more instants than a ledger holds",
        CreditError::Overflow | CreditError::OutOfOrder => "a balance is out of range",
    };
    CaseError { code: error.to_string(), field: "/grants".to_owned(), message: message.to_owned(), hint: String::new() }
}
