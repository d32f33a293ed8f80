//! The counting operator: takes parcels in the order of their batches and terms before the parcels that follow them.
//!
//! Owns the order, so that nothing that is counted depends on which worker decoded a batch or when it arrived.

use super::Count;
use super::usage::Amount;
use crate::changes::Epoch;
use crate::collect::Collector;
use crate::event::OrganizationKey;
use crate::overage::{AccountKey, Rateable};
use crate::parcel::{Parcel, Spare};
use crate::schedules::{OrganizationTerms, TermsByOrganization};
use crate::shard::shard_of;
use crate::time::{Time, first_tick, last_tick};
use crate::told::Messages;
use crate::trends::operator::TrendUpdate;
use crossbeam_channel::Receiver;
use differential_dataflow::{AsCollection, VecCollection};
use hashbrown::HashMap;
use highwater_rating::time::EventTime;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::operators::vec::Broadcast;
use timely::progress::frontier::MutableAntichain;

type Entered = ((AccountKey, Rateable), Time, Amount);
type TermsChange = ((OrganizationKey, Arc<OrganizationTerms>), Time, isize);

/// Terms by the tick from which they are in force, until everything before that tick is counted.
#[derive(Default)]
struct Waiting {
    parcels: BTreeMap<u64, Parcel>,
    next_sequence: u64,
    spare: Spare,
    terms: BTreeMap<Time, HashMap<OrganizationKey, Option<Arc<OrganizationTerms>>, foldhash::fast::FixedState>>,
}

impl Waiting {
    /// Within one tick an organization's old terms and its new ones come in any order.
    fn add_terms(&mut self, ((organization, terms), time, difference): TermsChange) {
        let entry = self.terms.entry(time).or_default().entry(organization).or_default();
        if difference > 0 {
            *entry = Some(terms);
        }
    }

    /// Puts all terms of earlier ticks than `time` in force.
    fn put_in_force_before(&mut self, time: Time, count: &mut Count) {
        while let Some(first) = self.terms.first_entry()
            && *first.key() < time
        {
            let mut changes: Vec<_> = first.remove().into_iter().collect();
            changes.sort_unstable_by_key(|(organization, _)| *organization);
            for (organization, terms) in changes {
                count.put_in_force(organization, terms.unwrap_or_default());
            }
        }
    }

    /// Counts the parcels of the open epoch whose turn it is, given that all terms before `complete` are known.
    fn count_ready(&mut self, open: Epoch, complete: Option<Time>, count: &mut Count) {
        while let Some(first) = self.parcels.first_entry()
            && *first.key() == self.next_sequence
            && first.get().time <= complete.unwrap_or(Time::MAX).min(last_tick(open))
        {
            let parcel = first.remove();
            self.put_in_force_before(parcel.time, count);
            self.spare.give(count.count(parcel));
            self.next_sequence += 1;
        }
    }
}

/// What counting is told before an epoch is sealed, to be done when it is closed.
#[derive(Clone, Copy, Debug)]
pub enum AtClose {
    /// How far event time has come.
    Reach(EventTime),
    Snapshot,
}

pub struct Counted<'scope> {
    pub entered: VecCollection<'scope, Time, (AccountKey, Rateable), Amount>,
    /// With the epoch, the greatest event time that any worker has accepted by its end, told to each worker whenever it
    /// grows.
    pub reached: StreamVec<'scope, Time, (u64, i64)>,
    /// Forecasts that came, changed or went.
    pub trends: StreamVec<'scope, Time, TrendUpdate>,
}

/// Counts until the inputs end. `sealed` is the last epoch that was sealed: one that never was is not given out.
pub fn count<'scope>(
    parcels: StreamVec<'scope, Time, Parcel>,
    terms: TermsByOrganization<'scope>,
    state: Rc<RefCell<Count>>,
    spare: Spare,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
    told: Receiver<(Epoch, AtClose)>,
) -> Counted<'scope> {
    let worker = parcels.scope().index();
    let mut builder = OperatorBuilder::new("Count".to_owned(), parcels.scope());
    let mut parcels_input = builder.new_input(parcels, Exchange::new(|parcel: &Parcel| parcel.destination as u64));
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| u64::from(shard_of(*organization)));
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    let (output, entered) = builder.new_output::<Vec<Entered>>();
    let (reached_output, reached) = builder.new_output::<Vec<(u64, i64)>>();
    let mut reached_output = OutputBuilder::<_, CapacityContainerBuilder<Vec<(u64, i64)>>>::from(reached_output);
    let mut output = OutputBuilder::<_, CapacityContainerBuilder<Vec<Entered>>>::from(output);
    let (trends_output, trends) = builder.new_output::<Vec<TrendUpdate>>();
    let mut trends_output = OutputBuilder::<_, CapacityContainerBuilder<Vec<TrendUpdate>>>::from(trends_output);
    builder.build(move |mut capabilities| {
        // In the order of the outputs.
        let mut held = <[_; 3]>::try_from(std::mem::take(&mut capabilities)).ok();
        let mut event_time_max = None;
        let mut waiting = Waiting { spare, ..Waiting::default() };
        let mut told = Messages::new(told);
        let mut open = Epoch(1);
        move |frontiers| {
            parcels_input.for_each(|_, data| {
                waiting.parcels.extend(data.drain(..).map(|parcel| (parcel.fed.sequence, parcel)));
            });
            terms_input.for_each(|_, data| data.drain(..).for_each(|change| waiting.add_terms(change)));
            let state = &mut *state.borrow_mut();
            let complete = earliest(&frontiers[1]);
            waiting.count_ready(open, complete, state);

            let reached = [earliest(&frontiers[0]), complete].into_iter().flatten().min();
            while reached.is_none_or(|reached| reached > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire) {
                waiting.put_in_force_before(first_tick(Epoch(open.0 + 1)), state);
                let mut snapshot = false;
                while let Some(at_close) = told.up_to(open) {
                    match at_close {
                        AtClose::Reach(instant) => state.reach(instant),
                        AtClose::Snapshot => snapshot = true,
                    }
                }
                if let Some([capability, reached_capability, trends_capability]) = &held {
                    let mut handle = output.activate();
                    let mut session = handle.session(capability);
                    let enter = |key, rateable, amount| session.give(((key, rateable), last_tick(open), amount));
                    let mut changes = state.close(open, enter);
                    if snapshot {
                        changes.snapshot = state.snapshot(worker);
                    }
                    let trends = changes.trends.trends.iter().map(|(key, trend)| (open, *key, trend.clone()));
                    trends_output.activate().session(trends_capability).give_iterator(trends);
                    collector.contribute(changes);
                    if state.event_time_max() > event_time_max {
                        event_time_max = state.event_time_max();
                        let mut handle = reached_output.activate();
                        handle
                            .session(reached_capability)
                            .give_iterator(event_time_max.map(|instant: EventTime| (open.0, instant.0)).into_iter());
                    }
                }
                open = Epoch(open.0 + 1);
                held.iter_mut().flatten().for_each(|capability| capability.downgrade(&first_tick(open)));
                waiting.count_ready(open, complete, state);
            }
            if reached.is_none() {
                held = None;
            }
        }
    });
    Counted { entered: entered.as_collection(), reached: reached.broadcast(), trends }
}

fn earliest(frontier: &MutableAntichain<Time>) -> Option<Time> {
    frontier.frontier().first().copied()
}
