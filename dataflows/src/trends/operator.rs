//! Forecasts of whole bills, kept up to date: brings each epoch's forecasts, rated periods and terms together.
//!
//! Owns which organizations are looked at again, and what was given out of them. Does not own what a bill is made of
//! (`organization`).

use super::changes::{BillForecast, BillKey, Trend, TrendChanges, TrendKey};
use super::organization::{Bills, Organization};
use crate::changes::{Epoch, EpochChanges, PeriodValue};
use crate::collect::Collector;
use crate::event::{MeterIndex, OrganizationKey};
use crate::names::Names;
use crate::overage::{AccountKey, Rated};
use crate::schedules::{OrganizationTerms, TermsByOrganization};
use crate::time::{Time, last_tick};
use crate::waiting::{TermsChange, Waiting};
use differential_dataflow::VecCollection;
use highwater_rating::time::EventTime;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

/// A forecast that came, changed or went, with its epoch.
pub type TrendUpdate = (Epoch, TrendKey, Option<Arc<Trend>>);

pub struct Books {
    names: Arc<Names>,
    organizations: HashMap<OrganizationKey, (Organization, Bills), foldhash::fast::FixedState>,
    touched: BTreeSet<OrganizationKey>,
}

type BillChanges = Vec<(BillKey, Option<BillForecast>)>;

impl Books {
    fn put_in_force(&mut self, key: OrganizationKey, terms: Option<Arc<OrganizationTerms>>) {
        self.organizations.entry(key).or_default().0.terms = terms;
        self.touched.insert(key);
    }

    /// A period came (above zero) or went. Old and new come in any order.
    fn rate(&mut self, (key, meter): AccountKey, start: EventTime, value: PeriodValue, difference: isize) {
        let organization = &mut self.organizations.entry(key).or_default().0;
        let period = (start, meter);
        if difference > 0 {
            organization.rated.insert(period, value);
        } else if organization.rated.get(&period) == Some(&value) {
            organization.rated.remove(&period);
        }
        if organization.depends_on(start, meter) {
            self.touched.insert(key);
        }
    }

    fn expect(&mut self, TrendKey { organization, meter }: TrendKey, trend: Option<Arc<Trend>>) {
        let trends = &mut self.organizations.entry(organization).or_default().0.trends;
        match trend {
            Some(trend) => _ = trends.insert(meter, trend),
            None => _ = trends.remove(&meter),
        }
        self.touched.insert(organization);
    }

    /// Ends the epoch: the bills that came, changed and went.
    fn close(&mut self) -> BillChanges {
        let mut changes = BillChanges::new();
        for key in std::mem::take(&mut self.touched) {
            let Some((organization, given)) = self.organizations.get_mut(&key) else { continue };
            let names = &self.names;
            let now = organization.bills(|meter: MeterIndex| names.meter(meter).unwrap_or_default());
            let bill_key = |currency: &Arc<str>| BillKey { organization: key, currency: currency.clone() };
            let gone = given.keys().filter(|currency| !now.contains_key(*currency));
            changes.extend(gone.map(|currency| (bill_key(currency), None)));
            let new = now.iter().filter(|(currency, bill)| given.get(*currency) != Some(*bill));
            changes.extend(new.map(|(currency, bill)| (bill_key(currency), Some(bill.clone()))));
            *given = now;
        }
        changes
    }
}

/// Contributes one part to each sealed epoch.
pub fn bill_forecasts<'scope>(
    terms: TermsByOrganization<'scope>,
    periods: VecCollection<'scope, Time, (AccountKey, Rated), isize>,
    trends: StreamVec<'scope, Time, TrendUpdate>,
    names: Arc<Names>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) {
    let mut builder = OperatorBuilder::new("BillForecasts".to_owned(), trends.scope());
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| organization.0);
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    let mut periods_input = builder.new_input(periods.inner, Pipeline);
    let mut trends_input = builder.new_input(trends, Pipeline);
    builder.build(move |_| {
        let mut waiting = Waiting::default();
        let mut expected: BTreeMap<Epoch, Vec<(TrendKey, Option<Arc<Trend>>)>> = BTreeMap::new();
        let mut books = Books { names, organizations: HashMap::default(), touched: BTreeSet::new() };
        let mut open = Epoch(1);
        move |frontiers| {
            terms_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_terms(change)));
            periods_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_rated(change)));
            trends_input.for_each(|_, data| {
                for (epoch, key, trend) in data.drain(..) {
                    expected.entry(epoch).or_default().push((key, trend));
                }
            });
            let complete = frontiers.iter().filter_map(|frontier| frontier.frontier().first().copied()).min();
            while complete.is_none_or(|complete| complete > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire)
            {
                let brought = waiting.take(open);
                for (account, (start, value), difference) in brought.rated {
                    books.rate(account, start, value, difference);
                }
                for (key, trend) in expected.remove(&open).unwrap_or_default() {
                    books.expect(key, trend);
                }
                for (organization, terms) in brought.terms {
                    books.put_in_force(organization, terms);
                }
                let trends = TrendChanges { bills: books.close(), ..TrendChanges::default() };
                collector.contribute(EpochChanges { epoch: open, trends, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
        }
    });
}
