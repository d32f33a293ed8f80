//! Recurring lines: which of them are there by now, kept up to date for every organization, also without any usage.
//!
//! ```text
//!  terms by organization ──────────┐
//!  costs of usage by period ───────┼─► books (rating::recurring) ─► changed lines, once an epoch
//!  greatest event time accepted ───┤
//!  watermark ──────────────────────┘
//! ```
//!
//! Owns when an epoch's inputs are complete. Does not own what recurs (`rating::recurring`), nor what is
//! remembered of it (`books`). Which periods have begun or ended is a matter of the greatest event time that was
//! accepted of anybody, over all workers and epochs so far, or of the watermark where it is ahead of that: when a period is
//! final, its lines are there, also where nobody uses anything. It depends on the input alone.

mod books;

use crate::changes::{Epoch, EpochChanges};
use crate::collect::Collector;
use crate::finals::RecurringChange;
use crate::overage::{AccountKey, Rated};
use crate::schedules::TermsByOrganization;
use crate::shard::shard_of;
use crate::time::{Time, first_tick, last_tick};
use crate::told::Messages;
use crate::waiting::{TermsChange, Waiting};
use books::Books;
use crossbeam_channel::Receiver;
use differential_dataflow::VecCollection;
use highwater_rating::time::EventTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

/// Contributes one part to each sealed epoch, and hands the changes on.
pub fn recurring<'scope>(
    terms: TermsByOrganization<'scope>,
    periods: VecCollection<'scope, Time, (AccountKey, Rated), isize>,
    reached: StreamVec<'scope, Time, (u64, i64)>,
    watermarks: Receiver<(Epoch, EventTime)>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) -> StreamVec<'scope, Time, (Epoch, RecurringChange)> {
    let mut builder = OperatorBuilder::new("Recurring".to_owned(), reached.scope());
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| u64::from(shard_of(*organization)));
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    // Where an organization is counted it is rated, and where it is rated it pays.
    let mut periods_input = builder.new_input(periods.inner, Pipeline);
    let mut reached_input = builder.new_input(reached, Pipeline);
    let (output, changes) = builder.new_output::<Vec<(Epoch, RecurringChange)>>();
    let mut output = OutputBuilder::<_, CapacityContainerBuilder<Vec<(Epoch, RecurringChange)>>>::from(output);
    builder.build(move |mut capabilities| {
        // Held at the open epoch, so that nobody takes it for complete before its lines are out.
        let mut capability = capabilities.pop();
        let mut watermarks = Messages::new(watermarks);
        let mut waiting = Waiting::default();
        let mut books = Books::default();
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
                for ((organization, _), (period_start, value), difference) in brought.rated {
                    books.charge(organization, period_start, &value, difference);
                }
                for (organization, terms) in brought.terms {
                    books.put_in_force(organization, terms.as_deref());
                }
                while let Some(watermark) = watermarks.up_to(open) {
                    books.reach(watermark);
                }
                let recurring = books.close();
                if let Some(capability) = &mut capability {
                    let changes = recurring.iter().map(|change| (open, change.clone()));
                    output.activate().session(&*capability).give_iterator(changes);
                    capability.downgrade(&first_tick(Epoch(open.0 + 1)));
                }
                collector.contribute(EpochChanges { epoch: open, recurring, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
            if complete.is_none() {
                capability = None;
            }
        }
    });
    changes
}
