//! Trends: what each (organization, meter) will most likely come to, kept up to date as days close.
//!
//! ```text
//!  day and hour windows of count ──┐
//!  schedule ───────────────────────┼─ look (forecast, rating::rate) ─► changed trends and anomalies, once an epoch
//!  watermark ─► the present day ───┘         │
//!                                            ▼ by organization
//!  terms, rated periods ─► bill_forecasts (recurring, money credits) ─► changed bills, once an epoch
//! ```
//!
//! Owns who is looked at again: everybody when a day has closed; otherwise those whose closed days or terms changed,
//! and those whose present day departs from what was expected. What is found depends on the totals alone (`outlook`),
//! so that looking too often would change nothing. Does not own estimates (`highwater_forecast`), nor totals (`count`),
//! of which no copy is held.

mod bill;
pub mod changes;
pub(crate) mod operator;
mod organization;
mod outlook;
mod units;

pub(crate) use outlook::Counted;

use changes::{AnomalyKey, AnomalyValue, Trend, TrendChanges, TrendKey};
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use outlook::{Looked, look};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of the accounts of one worker, by their position in its list.
#[derive(Default)]
pub struct Trends {
    today: Option<i64>,
    /// Whether the epoch has begun another day.
    day_closed: bool,
    due: Vec<u32>,
    accounts: Vec<Option<Box<GivenOut>>>,
}

/// What was given out of an account, and what the present day may use without departing from it.
#[derive(Default)]
struct GivenOut {
    trend: Option<Arc<Trend>>,
    anomalies: BTreeMap<AnomalyKey, AnomalyValue>,
    departs_above: Option<Quantity>,
}

impl Trends {
    /// A day is closed when the watermark has reached its end.
    pub fn reach(&mut self, watermark: EventTime) {
        let day = watermark.day_number();
        if self.today.is_none_or(|today| today < day) {
            self.today = Some(day);
            self.day_closed = true;
        }
    }

    /// Usage of a day has changed; `of_day` is asked for its total only where that decides anything.
    pub fn touch(&mut self, account: u32, day: i64, of_day: impl FnOnce(i64) -> Option<Quantity>) {
        let Some(today) = self.today else { return };
        if !self.day_closed && (day < today || (day == today && self.departs(account, || of_day(day)))) {
            self.due.push(account);
        }
    }

    /// Terms have changed.
    pub fn renew(&mut self, account: u32) {
        if self.today.is_some() && !self.day_closed {
            self.due.push(account);
        }
    }

    fn departs(&self, account: u32, of_day: impl FnOnce() -> Option<Quantity>) -> bool {
        let Some(Some(given)) = self.accounts.get(account as usize) else { return false };
        let departed = given.trend.as_ref().is_some_and(|trend| trend.departs);
        departed || given.departs_above.is_some_and(|most| of_day().is_none_or(|of_day| of_day > most))
    }

    /// Ends the epoch: who is to be looked at, of `accounts` that there are.
    pub fn due(&mut self, accounts: usize) -> Vec<u32> {
        let mut due = std::mem::take(&mut self.due);
        if std::mem::take(&mut self.day_closed) {
            due = (0..accounts as u32).collect();
        }
        due.sort_unstable();
        due.dedup();
        due
    }

    pub fn look(&mut self, account: u32, counted: &dyn Counted, changes: &mut TrendChanges) {
        let Some(today) = self.today else { return };
        let Looked { trend, anomalies, departs_above } = look(counted, today);
        let position = account as usize;
        if self.accounts.len() <= position {
            self.accounts.resize_with(position + 1, || None);
        }
        let given = self.accounts[position].get_or_insert_default();
        given.departs_above = departs_above;
        given.tell_trend(counted.key(), trend, changes);
        given.tell_anomalies(anomalies.into_iter().collect(), changes);
    }
}

impl GivenOut {
    fn tell_trend(&mut self, key: TrendKey, trend: Option<Trend>, changes: &mut TrendChanges) {
        if self.trend.as_deref() != trend.as_ref() {
            self.trend = trend.map(Arc::new);
            changes.trends.push((key, self.trend.clone()));
        }
    }

    fn tell_anomalies(&mut self, now: BTreeMap<AnomalyKey, AnomalyValue>, changes: &mut TrendChanges) {
        let gone = self.anomalies.keys().filter(|key| !now.contains_key(key));
        changes.anomalies.extend(gone.map(|key| (*key, None)));
        let new = now.iter().filter(|(key, value)| self.anomalies.get(key) != Some(*value));
        changes.anomalies.extend(new.map(|(key, value)| (*key, Some(*value))));
        self.anomalies = now;
    }
}
