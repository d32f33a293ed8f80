//! The organizations of one worker: what is known of their periods, and the rows of credits that were given out.
//!
//! Owns when an organization's ledgers are made anew: rows or costs that changed, or time that passed the next instant
//! at which a grant begins, ends or is given anew. Periods are held of everybody, as a grant may reach back.

use super::book::Book;
use super::changes::{CreditChanges, CreditRows, PeriodCredits};
use crate::changes::PeriodValue;
use crate::event::{MeterIndex, OrganizationKey};
use crate::names::Names;
use crate::schedules::OrganizationTerms;
use highwater_rating::credits::CreditLine;
use highwater_rating::rate::RatedPeriod;
use highwater_rating::time::EventTime;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub struct Books {
    names: Arc<Names>,
    /// The greatest event time that was accepted.
    reached: EventTime,
    organizations: HashMap<OrganizationKey, Organization, foldhash::fast::FixedState>,
    /// When an organization's credits change next by themselves.
    next: BTreeSet<(EventTime, OrganizationKey)>,
    touched: BTreeSet<OrganizationKey>,
}

#[derive(Default)]
struct Organization {
    periods: BTreeMap<(EventTime, MeterIndex), Arc<RatedPeriod>>,
    /// Absent without credits.
    credits: Option<Box<Credits>>,
}

#[derive(Default)]
struct Credits {
    book: Book,
    rows: CreditRows,
    next: Option<EventTime>,
}

impl Books {
    pub fn new(names: Arc<Names>) -> Books {
        Books {
            names,
            reached: EventTime::MIN,
            organizations: HashMap::default(),
            next: BTreeSet::new(),
            touched: BTreeSet::new(),
        }
    }

    pub fn reach(&mut self, instant: EventTime) {
        self.reached = self.reached.max(instant);
    }

    pub fn put_in_force(&mut self, key: OrganizationKey, terms: Option<&OrganizationTerms>) {
        let (grants, policies) = terms.map(OrganizationTerms::credits).unwrap_or_default();
        let known = self.organizations.get(&key).is_some_and(|it| it.credits.is_some());
        if !known && grants.is_empty() && policies.is_empty() {
            return;
        }
        let credits = self.organizations.entry(key).or_default().credits.get_or_insert_default();
        credits.book = Book::new(grants, policies);
        self.touched.insert(key);
    }

    /// A period came (above zero) or went. Old and new come in any order.
    pub fn rate(
        &mut self,
        (key, meter): (OrganizationKey, MeterIndex),
        start: EventTime,
        value: PeriodValue,
        difference: isize,
    ) {
        let organization = self.organizations.entry(key).or_default();
        let period = (start, meter);
        match value {
            PeriodValue::Rated(rated) if difference > 0 => _ = organization.periods.insert(period, rated),
            PeriodValue::Rated(rated) => {
                let stands = organization.periods.get(&period).is_some_and(|known| *known == rated);
                if stands {
                    organization.periods.remove(&period);
                }
            }
            // Nothing is covered of a period without an amount.
            PeriodValue::Error(_) if difference > 0 => _ = organization.periods.remove(&period),
            PeriodValue::Error(_) => {}
        }
        if organization.credits.is_some() {
            self.touched.insert(key);
        }
    }

    /// Ends the epoch: the rows that came, changed and went, and the periods whose credit lines did.
    pub fn close(&mut self) -> (CreditChanges, Vec<PeriodCredits>) {
        let (mut changes, mut periods) = (CreditChanges::default(), Vec::new());
        let due = self.next.iter().take_while(|(instant, _)| *instant <= self.reached).map(|(_, key)| *key);
        let due: Vec<OrganizationKey> = due.collect();
        self.touched.extend(due);
        for key in std::mem::take(&mut self.touched) {
            self.make_anew(key, &mut changes, &mut periods);
        }
        (changes, periods)
    }

    fn make_anew(&mut self, key: OrganizationKey, changes: &mut CreditChanges, periods: &mut Vec<PeriodCredits>) {
        let Some(organization) = self.organizations.get_mut(&key) else { return };
        let Some(credits) = &mut organization.credits else { return };
        let name = |meter| self.names.meter(meter).unwrap_or_default();
        let rated: Vec<_> = organization.periods.iter().map(|((_, meter), it)| (name(*meter), &**it)).collect();
        let (rows, next) = credits.book.rows(key, &rated, self.reached);
        changes.add(&credits.rows, &rows);
        let before = std::mem::replace(&mut credits.rows, rows);
        for start in moved_periods(&before, &credits.rows) {
            let lines = match credits.rows.failed.get(&start) {
                Some(error) => Err(*error),
                None => Ok(lines_of(&credits.rows, start).cloned().collect()),
            };
            periods.push((key, start, lines));
        }
        if let Some(before) = std::mem::replace(&mut credits.next, next) {
            self.next.remove(&(before, key));
        }
        self.next.extend(next.map(|next| (next, key)));
    }
}

fn lines_of(rows: &CreditRows, period_start: EventTime) -> impl Iterator<Item = &CreditLine> {
    rows.lines.iter().filter(move |(key, _)| key.period_start == period_start).map(|(_, line)| line)
}

/// Periods of which a credit line, or why there is none, is not what it was.
fn moved_periods(before: &CreditRows, now: &CreditRows) -> BTreeSet<EventTime> {
    let mut lines = Vec::new();
    super::changes::differences(&before.lines, &now.lines, &mut lines);
    let mut failed = Vec::new();
    super::changes::differences(&before.failed, &now.failed, &mut failed);
    let of_lines = lines.into_iter().map(|(key, _)| key.period_start);
    of_lines.chain(failed.into_iter().map(|(start, _)| start)).collect()
}
