//! Recurring lines: which of them are there by now, kept up to date for every organization, also without any usage.
//!
//! ```text
//!  terms by organization ──────────┐
//!  costs of usage by period ───────┼─► books (rating::recurring) ─► changed lines, once an epoch
//!  greatest event time accepted ───┘
//! ```
//!
//! Owns when an epoch's three inputs are complete. Does not own what recurs (`rating::recurring`), nor what is
//! remembered of it (`books`). Which periods have begun or ended is a matter of the greatest event time that was
//! accepted of anybody, over all workers and epochs so far: it depends on the input alone.

mod books;

use crate::changes::{Epoch, EpochChanges};
use crate::collect::Collector;
use crate::event::OrganizationKey;
use crate::overage::{AccountKey, Rated};
use crate::schedules::{OrganizationTerms, TermsByOrganization};
use crate::time::{Time, first_tick, last_tick};
use books::Books;
use differential_dataflow::VecCollection;
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

type TermsChange = ((OrganizationKey, Arc<OrganizationTerms>), Time, isize);
type CostChange = ((AccountKey, Rated), Time, isize);

/// What has arrived, by the tick it belongs to.
#[derive(Default)]
struct Waiting {
    terms: BTreeMap<Time, BTreeMap<OrganizationKey, Option<Arc<OrganizationTerms>>>>,
    costs: BTreeMap<Time, Vec<(AccountKey, Rated, isize)>>,
    reached: BTreeMap<Time, EventTime>,
}

impl Waiting {
    /// Within one tick an organization's old terms and its new ones come in any order.
    fn add_terms(&mut self, ((organization, terms), time, difference): TermsChange) {
        let entry = self.terms.entry(time).or_default().entry(organization).or_default();
        if difference > 0 {
            *entry = Some(terms);
        }
    }

    /// Hands over everything up to the end of the epoch.
    fn enter(&mut self, epoch: Epoch, books: &mut Books) {
        let next = first_tick(Epoch(epoch.0 + 1));
        let later = self.reached.split_off(&next);
        for instant in std::mem::replace(&mut self.reached, later).into_values() {
            books.reach(instant);
        }
        let later = self.costs.split_off(&next);
        for ((organization, _), (period_start, value), difference) in
            std::mem::replace(&mut self.costs, later).into_values().flatten()
        {
            books.charge(organization, period_start, &value, difference);
        }
        let later = self.terms.split_off(&next);
        for (organization, terms) in std::mem::replace(&mut self.terms, later).into_values().flatten() {
            books.put_in_force(organization, terms.as_deref());
        }
    }
}

pub fn recurring<'scope>(
    terms: TermsByOrganization<'scope>,
    periods: VecCollection<'scope, Time, (AccountKey, Rated), isize>,
    reached: StreamVec<'scope, Time, (u64, i64)>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) {
    let mut builder = OperatorBuilder::new("Recurring".to_owned(), reached.scope());
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| organization.0);
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    // Where an organization is counted it is rated, and where it is rated it pays.
    let mut periods_input = builder.new_input(periods.inner, Pipeline);
    let mut reached_input = builder.new_input(reached, Pipeline);
    builder.build(move |_| {
        let mut waiting = Waiting::default();
        let mut books = Books::default();
        let mut open = Epoch(1);
        move |frontiers| {
            terms_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_terms(change)));
            periods_input.for_each(|_, data| {
                for ((account, rated), time, difference) in data.drain(..) as std::vec::Drain<'_, CostChange> {
                    waiting.costs.entry(time).or_default().push((account, rated, difference));
                }
            });
            reached_input.for_each(|_, data| {
                for (epoch, instant) in data.drain(..) {
                    let known = waiting.reached.entry(last_tick(Epoch(epoch))).or_insert(EventTime::MIN);
                    *known = EventTime(instant).max(*known);
                }
            });
            let complete = frontiers.iter().filter_map(|frontier| frontier.frontier().first().copied()).min();
            while complete.is_none_or(|complete| complete > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire)
            {
                waiting.enter(open, &mut books);
                let recurring = books.close();
                collector.contribute(EpochChanges { epoch: open, recurring, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
        }
    });
}
