//! Counting: which events are accepted, and what each of them changes. Differential never sees an event.
//!
//! ```text
//!  parcels ─► identity ─► windows (by minute, hour, day and dimensions) ─► usage rows
//!    │           │    └─► spans (by the terms in force) ─► differences of usage, for rating
//!    │           └──────► outcomes: duplicate, conflicting, late, rejected
//!    └─ retract ─► original record ─► the same, taken out
//! ```
//!
//! Owns acceptance and the state behind it, of the organizations of one worker. Does not own when to count (`operator`).

mod acceptance;
pub mod account;
pub mod accumulator;
mod books;
pub mod identity;
pub mod operator;
mod organization;
mod original;
mod outcome;
mod prefetch;
pub mod snapshot;
mod span;
mod totals;
pub mod usage;
mod wide;
pub mod window;

use crate::changes::{AcceptedEvent, Epoch, EpochChanges, Outcome, OutcomeRow, WindowKey};
use crate::event::{DecodeSettings, Event, OrganizationKey};
use crate::feed::{Place, Recall};
use crate::names::{Names, organization_key};
use crate::overage::{AccountKey, Rateable};
use crate::parcel::Parcel;
use crate::schedules::OrganizationTerms;
use crate::shard::{SHARDS, shard_of};
use crate::trends::Trends;
use crate::trends::changes::TrendChanges;
use account::{Entry, Touched, with_account};
use accumulator::Reading;
use hashbrown::HashSet;
use highwater_rating::time::EventTime;
use identity::{Identities, Known};
use organization::Organizations;
use original::Originals;
use outcome::{Outcomes, day_of};
use std::collections::BTreeMap;
use std::sync::Arc;
use totals::Totals;
use usage::Amount;
use window::{Shown, Windows, start_of};

/// How many events ahead an event's identity and account are fetched, and its windows once the account is there.
const FAR: usize = 24;
const NEAR: usize = 12;

#[derive(Clone, Debug)]
pub struct CountSettings {
    pub windows: Windows,
    pub archive: bool,
    /// How far behind its time of receipt an event may lie; absent for no bound.
    pub horizon_us: Option<i64>,
    /// Whether snapshots are taken: they need to know what changed.
    pub snapshots: bool,
}

pub struct Count {
    settings: CountSettings,
    identities: Identities,
    organizations: Organizations,
    outcomes: Outcomes,
    originals: Originals,
    archive: Vec<AcceptedEvent>,
    touched: Vec<Touched>,
    /// Accounts with something to enter.
    changed: Vec<u32>,
    /// Positions of the organizations of a parcel's events.
    positions: Vec<u32>,
    retracted: HashSet<Place, foldhash::fast::FixedState>,
    /// The greatest event time accepted from each partition.
    event_times: BTreeMap<u32, EventTime>,
    trends: Trends,
    names: Arc<Names>,
    /// The shards of whose organizations something was counted since the last snapshot.
    changed_shards: Vec<bool>,
}

impl Count {
    pub fn new(settings: CountSettings, decode: DecodeSettings, names: Arc<Names>, recall: Arc<dyn Recall>) -> Count {
        let mut identities = Identities::default();
        if settings.snapshots {
            identities.keep_track();
        }
        Count {
            settings,
            identities,
            organizations: Organizations::default(),
            outcomes: Outcomes::default(),
            originals: Originals::new(recall, names.clone(), decode),
            archive: Vec::new(),
            touched: Vec::new(),
            changed: Vec::new(),
            positions: Vec::new(),
            retracted: HashSet::default(),
            event_times: BTreeMap::new(),
            trends: Trends::default(),
            names,
            changed_shards: vec![false; SHARDS],
        }
    }

    pub fn known(&self, organization: OrganizationKey, identity: u128) -> Option<Known> {
        self.identities.find(organization, identity, 0)
    }

    /// An event of this time was accepted from this partition, or from an earlier process.
    fn reached(&mut self, partition: u32, event_time: EventTime) {
        let of_partition = self.event_times.entry(partition).or_insert(event_time);
        *of_partition = event_time.max(*of_partition);
        let latest = &mut self.outcomes.counts.event_time_max;
        *latest = (*latest).max(Some(event_time));
    }

    /// Counts what a batch holds for this worker, in the batch's order, and gives the emptied list back.
    pub fn count(&mut self, parcel: Parcel) -> Vec<Event> {
        let Parcel { fed, mut events, rejections, .. } = parcel;
        self.originals.learn(&fed);
        for rejection in rejections {
            let day = rejection.received_at.map_or(0, day_of);
            let row = OutcomeRow { outcome: Outcome::Rejected, record: rejection, first_place: None };
            self.outcomes.other(organization_key(&row.record.organization_id), day, row);
        }
        self.positions.clear();
        let latest_before = self.outcomes.counts.event_time_max.take();
        // Three steps an event, each that far ahead of the next that the memory it asked for is there.
        for ahead in 0..events.len() + FAR {
            if let Some(event) = events.get(ahead) {
                self.fetch(event);
            }
            if let Some(position) = ahead.checked_sub(FAR - NEAR)
                && let Some(event) = events.get(position)
            {
                self.fetch_windows(event, self.positions[position]);
            }
            if let Some(position) = ahead.checked_sub(FAR) {
                self.take(&fed, &mut events[position], self.positions[position]);
            }
        }
        let latest = &mut self.outcomes.counts.event_time_max;
        if let Some(of_parcel) = *latest {
            let of_partition = self.event_times.entry(fed.batch.partition).or_insert(of_parcel);
            *of_partition = of_parcel.max(*of_partition);
        }
        *latest = latest_before.max(*latest);
        events.clear();
        events
    }

    /// Looks up what an event will need, and starts to fetch it.
    #[inline]
    fn fetch(&mut self, event: &Event) {
        self.identities.prefetch(event.organization, event.identity);
        let position = self.organizations.position(event.organization);
        self.positions.push(position);
        if let [contribution, ..] = &*event.contributions
            && let Some(account) = self.organizations.find(position, contribution.meter)
        {
            self.organizations.prefetch(account);
        }
    }

    #[inline]
    fn fetch_windows(&mut self, event: &Event, position: u32) {
        if let [contribution, ..] = &*event.contributions
            && let Some(account) = self.organizations.find(position, contribution.meter)
        {
            with_account!(self.organizations.account_at(account), inner => {
                if let Some(series) = inner.find_series(contribution.dimensions) {
                    inner.prefetch_tails(series);
                }
            });
        }
    }

    /// Puts an organization's terms in force for everything that was counted of it.
    pub fn put_in_force(&mut self, key: OrganizationKey, terms: Arc<OrganizationTerms>) {
        let position = self.organizations.position(key);
        self.organizations.at(position).terms = terms.clone();
        for account in self.organizations.at(position).accounts.clone() {
            let account_of_meter = self.organizations.account_at(account);
            let aggregation = account_of_meter.aggregation();
            with_account!(account_of_meter, inner => {
                let schedule = terms.schedule(inner.meter_name(), aggregation);
                if inner.reschedule(schedule, self.settings.windows) {
                    self.trends.renew(account);
                    if inner.list() {
                        self.changed.push(account);
                    }
                }
            });
        }
    }

    /// Says how far event time has come, before the epoch is closed.
    pub fn reach(&mut self, watermark: EventTime) {
        self.trends.reach(watermark);
    }

    /// Ends the epoch: gives what it enters into differential, and returns the rows that it changed.
    pub fn close(&mut self, epoch: Epoch, mut enter: impl FnMut(AccountKey, Rateable, Amount)) -> EpochChanges {
        for account in self.changed.drain(..) {
            let account = self.organizations.account_at(account);
            let aggregation = account.aggregation();
            with_account!(account, inner => {
                let key = (inner.organization, inner.meter);
                self.changed_shards[usize::from(shard_of(inner.organization))] = true;
                inner.enter(|entry| match entry {
                    Entry::Usage(figure, amount) => enter(key, Rateable::Figure(figure), amount),
                    Entry::Schedule(schedule, amount) => enter(key, Rateable::Schedule(aggregation, schedule), amount),
                });
            });
        }
        let windows = self.settings.windows;
        let coarsest = windows.coarsest();
        let mut usage = Vec::with_capacity(self.touched.len());
        for (position, touched) in self.touched.iter().enumerate() {
            if let Some(ahead) = self.touched.get(position + FAR) {
                self.organizations.prefetch(ahead.account);
            }
            if let Some(ahead) = self.touched.get(position + NEAR) {
                with_account!(self.organizations.account_at(ahead.account), inner => inner.prefetch_tails(ahead.series));
            }
            let account = self.organizations.account_at(touched.account);
            let aggregation = account.aggregation();
            with_account!(account, inner => {
                let (organization, meter) = (inner.organization, inner.meter);
                let (dimensions, shown) = inner.show(touched);
                let start = start_of(touched.size, touched.number);
                let key = WindowKey { size: touched.size, organization, meter, dimensions, start };
                match shown {
                    Shown::Row(value) => usage.push((key, Some(value))),
                    Shown::Gone => usage.push((key, None)),
                    Shown::Never => {}
                }
                if Some(touched.size) == coarsest && aggregation.is_additive() {
                    let totals = Totals { account: inner, aggregation, windows };
                    self.trends.touch(touched.account, start.day_number(), |day| totals.of_day(day));
                }
            });
        }
        self.touched.clear();
        // What was accepted and retracted in one epoch has one row, which says both.
        let retracted = std::mem::take(&mut self.retracted);
        if !retracted.is_empty() {
            self.archive.retain(|accepted| accepted.retracted || !retracted.contains(&accepted.place));
        }
        let outcomes = self.outcomes.close(&mut self.organizations);
        let trends = self.look_at_trends();
        for (key, _) in &outcomes.absolute {
            self.changed_shards[usize::from(shard_of(key.organization))] = true;
        }
        EpochChanges {
            epoch,
            usage,
            archive: std::mem::take(&mut self.archive),
            outcomes: outcomes.rows,
            outcome_counts: outcomes.absolute,
            counts: outcomes.counts,
            event_times: self.event_times.iter().map(|(partition, latest)| (*partition, *latest)).collect(),
            trends,
            ..EpochChanges::default()
        }
    }

    fn look_at_trends(&mut self) -> TrendChanges {
        let mut changes = TrendChanges::default();
        let windows = self.settings.windows;
        for position in self.trends.due(self.organizations.accounts()) {
            let account = self.organizations.account_at(position);
            let aggregation = account.aggregation();
            // What does not add up has no total of a day that its period's could be made of.
            if aggregation.is_additive() {
                with_account!(account, inner => {
                    self.trends.look(position, &Totals { account: inner, aggregation, windows }, &mut changes);
                });
            }
        }
        changes
    }

    /// The greatest event time that was accepted so far.
    pub fn event_time_max(&self) -> Option<EventTime> {
        self.outcomes.counts.event_time_max
    }
}

/// The archive's row of an event that carries its texts, which are taken from it.
fn archived(event: &mut Event, retracted_by: Option<Place>) -> Option<AcceptedEvent> {
    Some(AcceptedEvent {
        event: event.archived.take()?,
        event_time: event.event_time,
        received_at: event.received_at,
        place: event.place,
        meters: event.contributions.iter().map(|contribution| contribution.meter).collect(),
        retracted: retracted_by.is_some(),
        retracted_by,
    })
}

fn reading_of(event: &Event, value: i128) -> Reading<'_> {
    let (source, id) = event.archived.as_ref().map_or(("", ""), |archived| (&*archived.source, &*archived.id));
    Reading { value, event_time: event.event_time, source, id }
}
