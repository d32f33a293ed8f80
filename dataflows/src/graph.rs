//! The graph, wired in the order in which the data flows.
//!
//! ```text
//!   commands                    one channel a worker: batches of raw records, table rows, ticks
//!      │
//!   decode ─────────rows──────► schedules          subscriptions ⋈ plans ⊕ overrides ⊕ adjustments
//!      │                            │
//!      │ parcels, by organization   │ terms, by organization
//!      ▼                            ▼
//!   count ◄─────────────────────────┘              identity, windows, spans; trends of them as days close
//!      │      └──► usage rows, archive, outcomes, trends ──────┐
//!      │ usage by span, and the schedule it was cut by         │
//!      ▼                                                       ▼
//!   accounts (arranged by organization and meter)           collect ──► one complete EpochChanges an epoch
//!      │                                                       ▲
//!      └──► overage ──┬─► periods with their lines ────────────┤
//!                     ├─► bill forecasts ─► whole bills ahead ─┤   (and terms, and trends)
//!                     ├─► recurring ─► lines no meter makes ───┤   (and terms, the time reached and the watermark)
//!                     │        ▼                               │
//!                     ├─► credit burn ─► ledgers, credit lines ┤   (and terms, and the time reached)
//!                     │        ▼                               │
//!                     └─► finals ─► closed, corrections ───────┘   (and terms, and what it is told)
//! ```
//!
//! Everything is partitioned by organization: each worker counts and rates its own, and only parcels and terms change
//! workers. Rating happens at the last tick of an epoch, when what was counted and the terms agree.

use crate::changes::{Epoch, EpochChanges, PeriodKey, PeriodValue};
use crate::collect::Collector;
use crate::count::Count;
use crate::count::operator::{AtClose, count};
use crate::credit_burn::credit_burn;
use crate::decode::{Command, decode};
use crate::event::DecodeSettings;
use crate::finals::Told;
use crate::finals::operator::{Charged, finals};
use crate::names::Names;
use crate::overage::{AccountKey, Accounts, Rated, overage};
use crate::parcel::Spare;
use crate::recurring::recurring;
use crate::schedules::schedules;
use crate::time::{Time, first_tick, last_tick};
use crate::trends::operator::bill_forecasts;
use crossbeam_channel::Receiver;
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::implementations::ValBatcher;
use highwater_rating::time::EventTime;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::Operator;
use timely::scheduling::SyncActivator;
use timely::worker::Worker;

/// What all workers share.
pub struct Shared {
    pub decode: DecodeSettings,
    pub names: Arc<Names>,
    pub collector: Arc<Collector>,
    /// The last epoch that was sealed.
    pub sealed: Arc<AtomicU64>,
}

/// What a worker is told beside its commands, by the epoch that it belongs to: each operator that has to know it.
#[derive(Clone)]
pub struct Hears {
    pub told: Receiver<(Epoch, Told)>,
    /// For counting: the watermark, for the days that it closes, and snapshots.
    pub at_close: Receiver<(Epoch, AtClose)>,
    /// The same for what recurs, with that of an earlier process.
    pub recurs: Receiver<(Epoch, EventTime)>,
}

/// Builds this worker's part; the activator is to be poked after each command.
pub fn build(
    worker: &mut Worker,
    commands: Receiver<Command>,
    hears: Hears,
    state: Count,
    shared: &Shared,
) -> SyncActivator {
    let names = &shared.names;
    let state = Rc::new(RefCell::new(state));
    let asked = state.clone();
    let (collector, sealed) = (&shared.collector, &shared.sealed);
    let Hears { told, at_close, recurs } = hears;
    worker.dataflow::<Time, _, _>(|scope| {
        let known = move |organization, identity| asked.borrow().known(organization, identity);
        let spare = Spare::default();
        let fed = decode(scope, commands, names.clone(), shared.decode.clone(), spare.clone(), known);
        let terms = schedules(fed.rows);
        let counted = count(fed.parcels, terms.clone(), state, spare, collector.clone(), sealed.clone(), at_close);
        let accounts: Accounts = arrange_core(counted.entered.inner, Pipeline, "Accounts", ValBatcher::new);
        let rated = overage(accounts);
        let reached = counted.reached;
        let (costs, until) = (rated.clone(), reached.clone());
        let recurring = recurring(terms.clone(), costs, until, recurs, collector.clone(), sealed.clone());
        let credited =
            credit_burn(terms.clone(), rated.clone(), reached, names.clone(), collector.clone(), sealed.clone());
        let charged = Charged { rated: rated.clone(), credited, recurring };
        bill_forecasts(terms.clone(), rated.clone(), counted.trends, names.clone(), collector.clone(), sealed.clone());
        finals(charged, terms, told, names.clone(), collector.clone(), sealed.clone());
        give_out(rated, collector.clone(), sealed.clone());
        fed.activator
    })
}

type RatedUpdate = ((AccountKey, Rated), isize);

/// Hands each epoch's rated periods to the collector, as soon as they are complete.
fn give_out(
    periods: VecCollection<'_, Time, (AccountKey, Rated), isize>,
    collector: Arc<Collector>,
    sealed: Arc<AtomicU64>,
) {
    let mut stash: BTreeMap<Time, Vec<RatedUpdate>> = BTreeMap::new();
    let mut open = Epoch(1);
    let name = "Periods";
    periods.inner.unary_frontier::<CapacityContainerBuilder<Vec<()>>, _, _, _>(Pipeline, name, move |capability, _| {
        drop(capability);
        move |(input, frontier), _| {
            input.for_each(|_, data| {
                for (rated, time, difference) in data.drain(..) {
                    stash.entry(time).or_default().push((rated, difference));
                }
            });
            let reached = frontier.frontier().first().copied();
            while reached.is_none_or(|reached| reached > last_tick(open)) && open.0 <= sealed.load(Ordering::Acquire) {
                let later = stash.split_off(&first_tick(Epoch(open.0 + 1)));
                let updates = std::mem::replace(&mut stash, later).into_values().flatten();
                let periods = upserts(updates);
                collector.contribute(EpochChanges { epoch: open, periods, ..EpochChanges::default() });
                open = Epoch(open.0 + 1);
            }
        }
    });
}

/// What is new for a key stands for it; a key that only lost what it had is gone. Each key has at most one value that
/// came and one that went: the reduce speaks once an epoch.
fn upserts(updates: impl Iterator<Item = RatedUpdate>) -> Vec<(PeriodKey, Option<PeriodValue>)> {
    let row = |(((organization, meter), (period_start, value)), difference): RatedUpdate| {
        let key = PeriodKey { organization, meter, period_start };
        (key, (difference > 0).then_some(value))
    };
    let mut rows: Vec<(PeriodKey, Option<PeriodValue>)> = updates.map(row).collect();
    // Of two rows of a key the one with a value comes first, and stays.
    rows.sort_unstable_by_key(|(key, value)| (*key, value.is_none()));
    rows.dedup_by_key(|(key, _)| *key);
    rows
}
