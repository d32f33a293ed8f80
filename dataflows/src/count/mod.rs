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
pub mod identity;
pub mod operator;
mod organization;
mod original;
mod outcome;
mod prefetch;
mod span;
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
use account::{Entry, Touched, with_account};
use accumulator::Reading;
use hashbrown::HashSet;
use identity::{Identities, Known};
use organization::Organizations;
use original::Originals;
use outcome::{Outcomes, day_of};
use std::sync::Arc;
use usage::Amount;
use window::{Shown, Windows, start_of};

/// Events that are looked at together, so that the memory of each is fetched while others are worked on.
const TOGETHER: usize = 32;

#[derive(Clone, Debug)]
pub struct CountSettings {
    pub windows: Windows,
    pub archive: bool,
    /// How far behind its time of receipt an event may lie; absent for no bound.
    pub horizon_us: Option<i64>,
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
    /// Positions of the organizations of the events that are looked at together.
    positions: Vec<u32>,
    /// Contributions of accepted events that are not added yet.
    accepted: Vec<Accepted>,
    /// Positions of accepted events that are not in the archive yet.
    unarchived: Vec<usize>,
    retracted: HashSet<Place, foldhash::fast::FixedState>,
}

/// One contribution, with the account and series that it goes to.
#[derive(Clone, Copy)]
struct Accepted {
    event: u32,
    contribution: u32,
    account: u32,
    series: u32,
}

impl Count {
    pub fn new(settings: CountSettings, decode: DecodeSettings, names: Arc<Names>, recall: Arc<dyn Recall>) -> Count {
        Count {
            settings,
            identities: Identities::default(),
            organizations: Organizations::default(),
            outcomes: Outcomes::default(),
            originals: Originals::new(recall, names, decode),
            archive: Vec::new(),
            touched: Vec::new(),
            changed: Vec::new(),
            positions: Vec::new(),
            accepted: Vec::new(),
            unarchived: Vec::new(),
            retracted: HashSet::default(),
        }
    }

    pub fn known(&self, identity: u128) -> Option<Known> {
        self.identities.find(identity, 0)
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
        for together in events.chunks_mut(TOGETHER) {
            self.fetch(together);
            for position in 0..together.len() {
                self.take(&fed, together, position);
            }
            self.add_accepted(together);
        }
        events.clear();
        events
    }

    /// Looks up what the events will need, and starts to fetch it.
    #[inline]
    fn fetch(&mut self, together: &[Event]) {
        self.positions.clear();
        for event in together {
            self.identities.prefetch(event.identity);
            let position = self.organizations.position(event.organization);
            self.positions.push(position);
            if let [contribution, ..] = &*event.contributions {
                self.organizations.prefetch(position, contribution.meter);
            }
        }
    }

    fn add_accepted(&mut self, together: &mut [Event]) {
        let windows = self.settings.windows;
        for accepted in self.accepted.drain(..) {
            let event = &together[accepted.event as usize];
            let reading = reading_of(event, event.contributions[accepted.contribution as usize].value);
            with_account!(self.organizations.account_at(accepted.account), inner => {
                if inner.list() {
                    self.changed.push(accepted.account);
                }
                inner.add(windows, (accepted.account, accepted.series), &reading, &mut self.touched);
            });
        }
        for position in self.unarchived.drain(..) {
            self.archive.extend(archived(&mut together[position], false));
        }
    }

    /// Puts an organization's terms in force for everything that was counted of it.
    pub fn put_in_force(&mut self, key: OrganizationKey, terms: Arc<OrganizationTerms>) {
        let position = self.organizations.position(key);
        self.organizations.at(position).terms = terms.clone();
        let accounts: Vec<u32> = self.organizations.accounts_of(position).collect();
        for account in accounts {
            with_account!(self.organizations.account_at(account), inner => {
                let schedule = terms.schedule(inner.meter_name());
                if inner.reschedule(schedule, self.settings.windows) && inner.list() {
                    self.changed.push(account);
                }
            });
        }
    }

    /// Ends the epoch: gives what it enters into differential, and returns the rows that it changed.
    pub fn close(&mut self, epoch: Epoch, mut enter: impl FnMut(AccountKey, Rateable, Amount)) -> EpochChanges {
        for account in self.changed.drain(..) {
            let account = self.organizations.account_at(account);
            let aggregation = account.aggregation();
            with_account!(account, inner => {
                let key = (inner.organization, inner.meter);
                inner.enter(|entry| match entry {
                    Entry::Usage(figure, amount) => enter(key, Rateable::Figure(figure), amount),
                    Entry::Schedule(schedule, amount) => enter(key, Rateable::Schedule(aggregation, schedule), amount),
                });
            });
        }
        let mut usage = Vec::with_capacity(self.touched.len());
        for (position, touched) in self.touched.iter().enumerate() {
            if let Some(ahead) = self.touched.get(position + TOGETHER) {
                self.organizations.prefetch_account(ahead.account);
            }
            if let Some(ahead) = self.touched.get(position + TOGETHER / 2) {
                with_account!(self.organizations.account_at(ahead.account), inner => inner.prefetch_tails(ahead.series));
            }
            with_account!(self.organizations.account_at(touched.account), inner => {
                let (organization, meter) = (inner.organization, inner.meter);
                let (dimensions, shown) = inner.show(touched);
                let start = start_of(touched.size, touched.number);
                let key = WindowKey { size: touched.size, organization, meter, dimensions, start };
                match shown {
                    Shown::Row(value) => usage.push((key, Some(value))),
                    Shown::Gone => usage.push((key, None)),
                    Shown::Never => {}
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
        EpochChanges {
            epoch,
            usage,
            periods: Vec::new(),
            archive: std::mem::take(&mut self.archive),
            outcomes: outcomes.rows,
            outcome_counts: outcomes.absolute,
            counts: outcomes.counts,
        }
    }
}

/// The archive's row of an event that carries its texts, which are taken from it.
fn archived(event: &mut Event, retracted: bool) -> Option<AcceptedEvent> {
    Some(AcceptedEvent {
        event: event.archived.take()?,
        event_time: event.event_time,
        received_at: event.received_at,
        place: event.place,
        meters: event.contributions.iter().map(|contribution| contribution.meter).collect(),
        retracted,
    })
}

fn reading_of(event: &Event, value: i128) -> Reading<'_> {
    let (source, id) = event.archived.as_ref().map_or(("", ""), |archived| (&*archived.source, &*archived.id));
    Reading { value, event_time: event.event_time, source, id }
}
