//! The ledgers of one organization: its lines and its rows to everything that credits say.
//!
//! Made anew as a whole whenever anything of it has changed: what came late, or reaches back, needs no path of its own.

use super::changes::{CreditLineKey, CreditRows, EntryKey, GrantKey, RequestKey};
use crate::event::OrganizationKey;
use highwater_rating::credits::{Balance, Burnt, CreditError, CreditUnit, Need, Payable, Statement, burn};
use highwater_rating::number::{Currency, Quantity};
use highwater_rating::rate::{RateError, RatedLine, RatedPeriod};
use highwater_rating::tables::{CreditPolicy, Grant};
use highwater_rating::time::EventTime;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rows that make an organization's credits.
#[derive(Default)]
pub struct Book {
    grants: Vec<Arc<Grant>>,
    policies: Vec<Arc<CreditPolicy>>,
}

/// A rated period of one meter, by name.
pub type OfMeter<'a> = (Arc<str>, &'a RatedPeriod);

impl Book {
    pub fn new(grants: &[Arc<Grant>], policies: &[Arc<CreditPolicy>]) -> Book {
        Book { grants: grants.to_vec(), policies: policies.to_vec() }
    }

    /// All rows as they are when time has reached `until`, and when they next change by themselves.
    pub fn rows(
        &self,
        organization: OrganizationKey,
        periods: &[OfMeter<'_>],
        until: EventTime,
    ) -> (CreditRows, Option<EventTime>) {
        let of_grants = self.grants.iter().filter_map(|row| CreditUnit::of_grant(row));
        let of_policies = self.policies.iter().filter_map(|row| CreditUnit::of_policy(row));
        let units: BTreeSet<CreditUnit> = of_grants.chain(of_policies).collect();
        let mut rows = CreditRows::default();
        let mut next = None;
        for unit in units {
            let mut ledger = UnitBook { organization, unit: &unit, book: self, until, rows: &mut rows };
            let after = match &unit {
                CreditUnit::Meter(meter) => ledger.cover(meter, periods),
                CreditUnit::Currency(currency) => ledger.pay(currency, periods),
            };
            next = [next, after].into_iter().flatten().min();
        }
        (rows, next)
    }

    fn grants_of<'a>(&'a self, unit: &'a CreditUnit) -> impl Iterator<Item = &'a Grant> {
        let of_unit = |row: &&Grant| CreditUnit::of_grant(row).as_ref() == Some(unit);
        self.grants.iter().map(|row| &**row).filter(of_unit)
    }
}

/// One ledger on its way to its rows.
struct UnitBook<'a> {
    organization: OrganizationKey,
    unit: &'a CreditUnit,
    book: &'a Book,
    until: EventTime,
    rows: &'a mut CreditRows,
}

impl UnitBook<'_> {
    /// Units: what they cover was decided when the periods were rated.
    fn cover(&mut self, meter: &Arc<str>, periods: &[OfMeter<'_>]) -> Option<EventTime> {
        let lines = periods.iter().filter(|(name, _)| name == meter).flat_map(|(_, period)| &period.lines);
        let need = |line: &RatedLine| {
            let quantity = line.covered().map_err(|_| CreditError::Overflow)?;
            Ok(Need { at: line.span.start, quantity })
        };
        let mut needs: Vec<Need> = match lines.map(need).collect() {
            Ok(needs) => needs,
            Err(error) => return self.fail(error),
        };
        needs.retain(|need| need.quantity > Quantity::ZERO);
        needs.sort_by_key(|need| need.at);
        match self.burn(&needs) {
            Ok(burnt) => self.state(&burnt.statement),
            Err(error) => self.fail(error),
        }
    }

    /// Money: pays the rounded lines of usage in the order of span and meter.
    fn pay(&mut self, code: &Arc<str>, periods: &[OfMeter<'_>]) -> Option<EventTime> {
        let Ok(currency) = Currency::from_code(code) else { return None };
        let mut payable: Vec<Payable<'_>> = Vec::new();
        for (meter, period) in periods {
            let lines = period.lines.iter().filter(|line| line.span.terms.currency == *code);
            let due = lines.filter(|line| line.amount_minor_units > 0);
            payable.extend(due.map(|line| Payable { meter: meter.clone(), line }));
        }
        payable.sort_by(|one, other| one.order().cmp(&other.order()));
        let needs: Vec<Need> = payable.iter().map(|it| it.need(currency)).collect();
        match self.burn(&needs) {
            Ok(burnt) => {
                for (payable, covers) in payable.iter().zip(&burnt.covers) {
                    for cover in covers {
                        let line = payable.paid_by(cover, currency);
                        let key = CreditLineKey {
                            organization: self.organization,
                            period_start: line.period.start,
                            meter: line.meter.clone(),
                            span_start: line.span_start,
                            grant: line.grant.clone(),
                        };
                        self.rows.lines.insert(key, line);
                    }
                }
                self.state(&burnt.statement)
            }
            Err(error) => {
                let starts = payable.iter().map(|it| it.line.span.period.start);
                self.rows.failed.extend(starts.map(|start| (start, error.into())));
                self.fail(error)
            }
        }
    }

    fn burn(&self, needs: &[Need]) -> Result<Burnt, CreditError> {
        let of_unit = |row: &&CreditPolicy| CreditUnit::of_policy(row).as_ref() == Some(self.unit);
        let policies = self.book.policies.iter().map(|row| &**row).filter(of_unit);
        burn(self.unit, self.book.grants_of(self.unit), policies, needs, self.until)
    }

    fn state(&mut self, statement: &Statement) -> Option<EventTime> {
        for grant in self.book.grants_of(self.unit) {
            let balance = Balance::of(grant, &statement.entries).map_err(RateError::from).transpose();
            self.rows.balances.extend(balance.map(|balance| (self.grant_key(&grant.id), balance)));
        }
        for entry in &statement.entries {
            let key = EntryKey { of: self.grant_key(&entry.grant), at: entry.at };
            self.rows.entries.insert(key, entry.clone());
        }
        for request in &statement.requests {
            let (organization, unit) = (self.organization, self.unit.clone());
            self.rows.requests.insert(RequestKey { organization, unit, id: request.id.clone() }, request.clone());
        }
        statement.next
    }

    /// A ledger that cannot be made says so under each of its grants.
    fn fail(&mut self, error: CreditError) -> Option<EventTime> {
        let holding = self.book.grants_of(self.unit).filter(|row| row.of.is_none());
        let keys: Vec<GrantKey> = holding.map(|row| self.grant_key(&row.id)).collect();
        self.rows.balances.extend(keys.into_iter().map(|key| (key, Err(RateError::from(error)))));
        None
    }

    fn grant_key(&self, grant: &Arc<str>) -> GrantKey {
        GrantKey { organization: self.organization, unit: self.unit.clone(), grant: grant.clone() }
    }
}
