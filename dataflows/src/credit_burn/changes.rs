//! What credit burn gives out: the rows of ledgers that an epoch has changed.

use crate::event::OrganizationKey;
use highwater_rating::credits::{Balance, CreditLine, CreditUnit, Entry, RechargeRequest};
use highwater_rating::rate::RateError;
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an epoch changed about credits. `None` says that the row is no longer there; order carries no meaning.
#[derive(Debug, Default)]
pub struct CreditChanges {
    pub entries: Vec<(EntryKey, Option<Entry>)>,
    /// Where there is no ledger its error stands for every grant of it.
    pub balances: Vec<(GrantKey, Option<Result<Balance, RateError>>)>,
    pub requests: Vec<(RequestKey, Option<RechargeRequest>)>,
    /// What money pays.
    pub lines: Vec<(CreditLineKey, Option<CreditLine>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantKey {
    pub organization: OrganizationKey,
    pub unit: CreditUnit,
    pub grant: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    pub of: GrantKey,
    pub at: EventTime,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    pub organization: OrganizationKey,
    pub unit: CreditUnit,
    pub id: Arc<str>,
}

/// What a grant pays of one line of usage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditLineKey {
    pub organization: OrganizationKey,
    pub period_start: EventTime,
    pub meter: Arc<str>,
    pub span_start: EventTime,
    pub grant: Arc<str>,
}

/// The credit lines of one period, all of them; an error where its credits have no ledger.
pub type PeriodCredits = (OrganizationKey, EventTime, Result<Vec<CreditLine>, RateError>);

/// All rows, of one organization or of several.
#[derive(Debug, Default, PartialEq)]
pub struct CreditRows {
    pub entries: BTreeMap<EntryKey, Entry>,
    pub balances: BTreeMap<GrantKey, Result<Balance, RateError>>,
    pub requests: BTreeMap<RequestKey, RechargeRequest>,
    pub lines: BTreeMap<CreditLineKey, CreditLine>,
    /// Periods that money should pay for, and why it cannot be said how much.
    pub failed: BTreeMap<EventTime, RateError>,
}

impl CreditRows {
    /// Takes up what an epoch has changed.
    pub fn apply(&mut self, changes: CreditChanges) {
        upsert(&mut self.entries, changes.entries);
        upsert(&mut self.balances, changes.balances);
        upsert(&mut self.requests, changes.requests);
        upsert(&mut self.lines, changes.lines);
    }
}

fn upsert<K: Ord, V>(rows: &mut BTreeMap<K, V>, changes: Vec<(K, Option<V>)>) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(rows.insert(key, value)),
            None => drop(rows.remove(&key)),
        }
    }
}

impl CreditChanges {
    pub fn append(&mut self, mut more: CreditChanges) {
        self.entries.append(&mut more.entries);
        self.balances.append(&mut more.balances);
        self.requests.append(&mut more.requests);
        self.lines.append(&mut more.lines);
    }

    /// What leads from one organization's rows to its rows now.
    pub fn add(&mut self, before: &CreditRows, now: &CreditRows) {
        differences(&before.entries, &now.entries, &mut self.entries);
        differences(&before.balances, &now.balances, &mut self.balances);
        differences(&before.requests, &now.requests, &mut self.requests);
        differences(&before.lines, &now.lines, &mut self.lines);
    }
}

/// Values that are no longer there, and those that are new or others.
pub(super) fn differences<K: Ord + Clone, V: PartialEq + Clone>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
    changes: &mut Vec<(K, Option<V>)>,
) {
    let gone = before.keys().filter(|key| !now.contains_key(key));
    changes.extend(gone.map(|key| (key.clone(), None)));
    let new = now.iter().filter(|(key, value)| before.get(key) != Some(value));
    changes.extend(new.map(|(key, value)| (key.clone(), Some(value.clone()))));
}
