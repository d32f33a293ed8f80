//! Credit burn: what grants cover and pay, what is left of them and when more is asked for, kept up to date.
//!
//! ```text
//!  terms by organization (grants, policies) ─┐
//!  rated periods ────────────────────────────┼─► books (rating::credits) ─┬─► changed rows, once an epoch
//!  greatest event time accepted ─────────────┘                            └─► credit lines by period, for `finals`
//! ```
//!
//! Owns when an epoch's three inputs are complete. Does not own what a ledger does (`rating::credits`), nor what is
//! remembered of it (`books`). Units were covered when the periods were rated (`overage`), as covered units are not
//! priced; here they are entered. Money pays what was priced. How far time has come is the greatest event time accepted
//! of anybody, as for recurring lines.

mod book;
mod books;
pub mod changes;

use crate::changes::{Epoch, EpochChanges};
use crate::collect::Collector;
use crate::names::Names;
use crate::overage::{AccountKey, Rated};
use crate::schedules::TermsByOrganization;
use crate::shard::shard_of;
use crate::time::{Time, first_tick, last_tick};
use crate::waiting::{TermsChange, Waiting};
use books::Books;
use changes::PeriodCredits;
use differential_dataflow::VecCollection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

/// Contributes one part to each sealed epoch, and hands on the credit lines of each period in which any has changed, at
/// the epoch's last tick.
pub fn credit_burn<'scope>(
    terms: TermsByOrganization<'scope>,
    periods: VecCollection<'scope, Time, (AccountKey, Rated), isize>,
    reached: StreamVec<'scope, Time, (u64, i64)>,
    names: Arc<Names>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) -> StreamVec<'scope, Time, (Epoch, PeriodCredits)> {
    let mut builder = OperatorBuilder::new("CreditBurn".to_owned(), reached.scope());
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| u64::from(shard_of(*organization)));
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    let mut periods_input = builder.new_input(periods.inner, Pipeline);
    let mut reached_input = builder.new_input(reached, Pipeline);
    let (output, credited) = builder.new_output::<Vec<(Epoch, PeriodCredits)>>();
    let mut output = OutputBuilder::<_, CapacityContainerBuilder<Vec<(Epoch, PeriodCredits)>>>::from(output);
    builder.build(move |mut capabilities| {
        let mut capability = capabilities.pop();
        let mut waiting = Waiting::default();
        let mut books = Books::new(names);
        let mut open = Epoch(1);
        move |frontiers| {
            terms_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_terms(change)));
            periods_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_rated(change)));
            reached_input.for_each(|_, data| data.drain(..).for_each(|reached| waiting.add_reached(reached)));
            let complete = frontiers.iter().filter_map(|frontier| frontier.frontier().first().copied()).min();
            while complete.is_none_or(|complete| complete > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire)
            {
                let brought = waiting.take(open);
                brought.reached.into_iter().for_each(|instant| books.reach(instant));
                for (account, (start, value), difference) in brought.rated {
                    books.rate(account, start, value, difference);
                }
                for (organization, terms) in brought.terms {
                    books.put_in_force(organization, terms.as_deref());
                }
                let (credits, credited) = books.close();
                if let Some(capability) = &mut capability {
                    capability.downgrade(&last_tick(open));
                    let credited = credited.into_iter().map(|period| (open, period));
                    output.activate().session(&*capability).give_iterator(credited);
                    capability.downgrade(&first_tick(Epoch(open.0 + 1)));
                }
                collector.contribute(EpochChanges { epoch: open, credits, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
            if complete.is_none() {
                capability = None;
            }
        }
    });
    credited
}
