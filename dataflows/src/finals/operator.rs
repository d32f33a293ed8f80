//! The operator around [`Finals`]: brings it each epoch whole, in order, and hands on what it says.

use super::{Brought, Finals, RecurringChange, Told};
use crate::changes::{Epoch, EpochChanges, PeriodValue};
use crate::collect::Collector;
use crate::credit_burn::changes::PeriodCredits;
use crate::event::{MeterIndex, OrganizationKey};
use crate::names::Names;
use crate::overage::{AccountKey, Rated};
use crate::schedules::{OrganizationTerms, TermsByOrganization};
use crate::shard::shard_of;
use crate::time::{Time, first_tick, last_tick};
use crate::told::Messages;
use crossbeam_channel::Receiver;
use differential_dataflow::VecCollection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::progress::frontier::MutableAntichain;

type TermsChange = ((OrganizationKey, Arc<OrganizationTerms>), Time, isize);
type RatedUpdate = ((AccountKey, Rated), Time, isize);
type PeriodsRated = BTreeMap<((OrganizationKey, MeterIndex), highwater_rating::time::EventTime), Option<PeriodValue>>;

/// What came, by the epoch that it belongs to.
#[derive(Default)]
struct Waiting {
    rated: BTreeMap<Time, Vec<RatedUpdate>>,
    credited: BTreeMap<Epoch, Vec<PeriodCredits>>,
    recurring: BTreeMap<Epoch, Vec<RecurringChange>>,
    terms: BTreeMap<Time, BTreeMap<OrganizationKey, Option<Arc<OrganizationTerms>>>>,
}

impl Waiting {
    fn brought(&mut self, epoch: Epoch, told: &mut Messages<Told>) -> Brought {
        let after = first_tick(Epoch(epoch.0 + 1));
        let mut brought = Brought::default();
        // What is new for a key stands for it, in whatever order old and new come.
        let later = self.terms.split_off(&after);
        let mut in_force = BTreeMap::new();
        for (organization, terms) in std::mem::replace(&mut self.terms, later).into_values().flatten() {
            in_force.insert(organization, terms.unwrap_or_default());
        }
        brought.terms.extend(in_force);
        let later = self.rated.split_off(&after);
        let mut rated = PeriodsRated::new();
        for ((key, (start, value)), _, difference) in std::mem::replace(&mut self.rated, later).into_values().flatten()
        {
            let entry = rated.entry((key, start)).or_default();
            if difference > 0 {
                *entry = Some(value);
            }
        }
        brought.rated.extend(rated.into_iter().map(|((key, start), value)| (key, start, value)));
        let later = self.credited.split_off(&Epoch(epoch.0 + 1));
        brought.credited.extend(std::mem::replace(&mut self.credited, later).into_values().flatten());
        let later = self.recurring.split_off(&Epoch(epoch.0 + 1));
        brought.recurring.extend(std::mem::replace(&mut self.recurring, later).into_values().flatten());
        brought.told.extend(std::iter::from_fn(|| told.up_to(epoch)));
        brought
    }
}

/// Everything that makes lines.
pub struct Charged<'scope> {
    pub rated: VecCollection<'scope, Time, (AccountKey, Rated), isize>,
    pub credited: StreamVec<'scope, Time, (Epoch, PeriodCredits)>,
    pub recurring: StreamVec<'scope, Time, (Epoch, RecurringChange)>,
}

/// Contributes one part to each sealed epoch.
pub fn finals<'scope>(
    charged: Charged<'scope>,
    terms: TermsByOrganization<'scope>,
    told: Receiver<(Epoch, Told)>,
    names: Arc<Names>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) {
    let Charged { rated, credited, recurring } = charged;
    let mut builder = OperatorBuilder::new("Finals".to_owned(), rated.inner.scope());
    let mut rated_input = builder.new_input(rated.inner, Pipeline);
    let by_organization = Exchange::new(|((organization, _), _, _): &TermsChange| u64::from(shard_of(*organization)));
    let mut terms_input = builder.new_input(terms.inner, by_organization);
    let mut credited_input = builder.new_input(credited, Pipeline);
    let mut recurring_input = builder.new_input(recurring, Pipeline);
    builder.build(move |capabilities| {
        drop(capabilities);
        let mut state = Finals::new(names);
        let mut waiting = Waiting::default();
        let mut told = Messages::new(told);
        let mut open = Epoch(1);
        move |frontiers| {
            rated_input.for_each(|_, data| {
                for update in data.drain(..) {
                    waiting.rated.entry(update.1).or_default().push(update);
                }
            });
            terms_input.for_each(|_, data| {
                for ((organization, terms), time, difference) in data.drain(..) {
                    let entry = waiting.terms.entry(time).or_default().entry(organization).or_default();
                    if difference > 0 {
                        *entry = Some(terms);
                    }
                }
            });
            credited_input.for_each(|_, data| {
                for (epoch, period) in data.drain(..) {
                    waiting.credited.entry(epoch).or_default().push(period);
                }
            });
            recurring_input.for_each(|_, data| {
                for (epoch, change) in data.drain(..) {
                    waiting.recurring.entry(epoch).or_default().push(change);
                }
            });
            let reached = frontiers.iter().filter_map(earliest).min();
            while reached.is_none_or(|reached| reached > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire) {
                let finals = state.take(waiting.brought(open, &mut told));
                collector.contribute(EpochChanges { epoch: open, finals, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
        }
    });
}

fn earliest(frontier: &MutableAntichain<Time>) -> Option<Time> {
    frontier.frontier().first().copied()
}
