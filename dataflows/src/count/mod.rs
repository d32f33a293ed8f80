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
pub mod window;

use crate::changes::{AcceptedEvent, Epoch, EpochChanges, Outcome, OutcomeRow, WindowKey};
use crate::event::{Code, DecodeSettings, Decoded, Event, OrganizationKey, Rejection};
use crate::feed::{Place, Recall};
use crate::meters::MeterBook;
use crate::names::{Names, organization_key};
use crate::overage::{AccountKey, Rateable};
use crate::parcel::{Fed, Parcel};
use crate::schedules::OrganizationTerms;
use account::{Entry, Touched, with_account};
use accumulator::Reading;
use hashbrown::HashSet;
use identity::{Identities, Known};
use organization::Organizations;
use original::{Missing, Originals};
use outcome::{Outcomes, day_of};
use prefetch::prefetch;
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

/// What an event is, before anything is changed.
enum Verdict {
    Accept,
    Retract(Place),
    Other { outcome: Outcome, code: Option<Code>, hint: String, first_place: Option<Place> },
}

impl Verdict {
    fn rejected(code: Code, hint: String) -> Verdict {
        Verdict::Other { outcome: Outcome::Rejected, code: Some(code), hint, first_place: None }
    }
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
            accepted: Vec::new(),
            unarchived: Vec::new(),
            retracted: HashSet::default(),
        }
    }

    pub fn known(&self, identity: u128) -> Option<Known> {
        self.identities.find(identity, 0)
    }

    /// Counts what a batch holds for this worker, in the batch's order.
    pub fn count(&mut self, parcel: Parcel) {
        let Parcel { fed, mut events, rejections, .. } = parcel;
        self.originals.learn(&fed);
        for rejection in rejections {
            let day = rejection.received_at.map_or(0, day_of);
            let row = OutcomeRow { outcome: Outcome::Rejected, record: rejection, first_place: None };
            self.outcomes.other(organization_key(&row.record.organization_id), day, row);
        }
        for together in events.chunks_mut(TOGETHER) {
            together.iter().for_each(|event| self.identities.prefetch(event.identity));
            for position in 0..together.len() {
                let verdict = self.judge(&together[position]);
                self.carry_out(verdict, &fed, together, position);
            }
            self.add_accepted(together);
        }
    }

    #[inline]
    fn judge(&self, event: &Event) -> Verdict {
        if let (Some(received_at), Some(horizon)) = (event.received_at, self.settings.horizon_us)
            && received_at.0.saturating_sub(event.event_time.0) > horizon
        {
            let hint = format!("{} lies too far behind {received_at}, when it was received", event.event_time);
            return Verdict::Other { outcome: Outcome::Late, code: None, hint, first_place: None };
        }
        let other =
            |outcome, known: Known, hint| Verdict::Other { outcome, code: None, hint, first_place: Some(known.place) };
        match (event.retract, self.identities.find(event.identity, event.content)) {
            (false, None) => Verdict::Accept,
            (false, Some(known)) if known.same_content => other(Outcome::Duplicate, known, String::new()),
            (false, Some(known)) => {
                let hint = "an event with this identity was accepted before and says something else";
                other(Outcome::Conflicting, known, hint.to_owned())
            }
            (true, Some(known)) if known.retracted => other(Outcome::Duplicate, known, String::new()),
            (true, Some(known)) => Verdict::Retract(known.place),
            (true, None) => {
                Verdict::rejected(Code::UnknownIdentity, "no event of this identity was accepted".to_owned())
            }
        }
    }

    #[inline]
    fn carry_out(&mut self, verdict: Verdict, fed: &Fed, together: &mut [Event], position: usize) {
        let verdict = match verdict {
            Verdict::Accept => self.accept(&together[position], &fed.meters, position),
            Verdict::Retract(place) => {
                // The original may be one of those that wait to be added.
                self.add_accepted(together);
                self.retract(&together[position], place)
            }
            other => other,
        };
        let event = &together[position];
        match verdict {
            Verdict::Other { outcome, code, hint, first_place } => {
                self.describe(fed, event, (outcome, code, hint), first_place);
            }
            Verdict::Accept | Verdict::Retract(_) => {
                let organization = self.organizations.position(event.organization);
                let organization = self.organizations.at(organization);
                let day = day_of(event.received_at.unwrap_or(event.event_time));
                self.outcomes.accepted(organization, event.organization, day);
            }
        }
    }

    /// Finds the place of every contribution, unless one of them has none.
    #[inline]
    fn accept(&mut self, event: &Event, meters: &MeterBook, position: usize) -> Verdict {
        let waiting = self.accepted.len();
        let organization = self.organizations.position(event.organization);
        for (number, contribution) in event.contributions.iter().enumerate() {
            let account = self.organizations.account(organization, event.organization, contribution.meter, meters);
            let place = with_account!(self.organizations.account_at(account), inner => {
                inner.find_series(contribution.dimensions).or_else(|| {
                    let row = meters.meter(contribution.meter);
                    let room = row.dimensions.is_empty() || inner.series_count() < row.dimension_limit as usize;
                    room.then(|| inner.begin_series(contribution.dimensions))
                })
            });
            let Some(series) = place else {
                self.accepted.truncate(waiting);
                let row = meters.meter(contribution.meter);
                let hint = format!(
                    "meter `{}` allows {} combinations of its dimensions an organization",
                    row.name, row.dimension_limit
                );
                return Verdict::rejected(Code::CardinalityExceeded, hint);
            };
            let (event, contribution) = (position as u32, number as u32);
            self.accepted.push(Accepted { event, contribution, account, series });
            prefetch(&raw const self.organizations.accounts()[account as usize]);
        }
        let day = event.event_time.0.div_euclid(86_400_000_000);
        self.identities.insert(event.identity, event.content, day, event.place);
        self.outcomes.counts.unattributed += u64::from(event.contributions.is_empty());
        let latest = &mut self.outcomes.counts.event_time_max;
        *latest = (*latest).max(Some(event.event_time));
        if self.settings.archive {
            self.unarchived.push(position);
        }
        Verdict::Accept
    }

    fn add_accepted(&mut self, together: &mut [Event]) {
        let windows = self.settings.windows;
        for accepted in &self.accepted {
            with_account!(&self.organizations.accounts()[accepted.account as usize], inner => {
                inner.tails(windows).into_iter().for_each(prefetch);
            });
        }
        for accepted in self.accepted.drain(..) {
            let event = &together[accepted.event as usize];
            let reading = reading_of(event, event.contributions[accepted.contribution as usize].value);
            with_account!(self.organizations.account_at(accepted.account), inner => {
                if !inner.listed {
                    inner.listed = true;
                    self.changed.push(accepted.account);
                }
                inner.add(windows, (accepted.account, accepted.series), &reading, &mut self.touched);
            });
        }
        for position in self.unarchived.drain(..) {
            self.archive.extend(archived(&mut together[position], false));
        }
    }

    /// Takes the event of this identity out of everything that it went into.
    #[cold]
    fn retract(&mut self, retract: &Event, place: Place) -> Verdict {
        let (mut original, meters) = match self.originals.find(place, retract.identity) {
            Ok(found) => found,
            Err(Missing::Gone(hint)) => return Verdict::rejected(Code::OriginalGone, hint),
            Err(Missing::Unavailable(reason)) => {
                return Verdict::rejected(Code::OriginalUnavailable, format!("send the retract again; {reason}"));
            }
        };
        let organization = self.organizations.position(original.organization);
        for contribution in &original.contributions {
            let key = original.organization;
            let account = self.organizations.account(organization, key, contribution.meter, &meters);
            let reading = reading_of(&original, contribution.value);
            with_account!(self.organizations.account_at(account), inner => {
                if let Some(series) = inner.find_series(contribution.dimensions) {
                    if !inner.listed {
                        inner.listed = true;
                        self.changed.push(account);
                    }
                    inner.subtract(self.settings.windows, (account, series), &reading, &mut self.touched);
                }
            });
        }
        self.identities.mark_retracted(retract.identity);
        if self.settings.archive {
            self.retracted.insert(place);
            self.archive.extend(archived(&mut original, true));
        }
        Verdict::Retract(place)
    }

    /// Makes the row of a record that was not accepted, from its bytes.
    #[cold]
    fn describe(
        &mut self,
        fed: &Fed,
        event: &Event,
        (outcome, code, hint): (Outcome, Option<Code>, String),
        first_place: Option<Place>,
    ) {
        let (organization_id, source, id) = match self.originals.read_again(fed, event) {
            Decoded::Event(Event { archived: Some(archived), .. }) => {
                (archived.organization_id, archived.source, archived.id)
            }
            _ => Default::default(),
        };
        // A duplicate's bytes stand where the first one's stand; keeping them again tells nothing.
        let raw = if outcome == Outcome::Duplicate { Vec::new() } else { fed.raw(event.place.offset).to_vec() };
        let record = Box::new(Rejection {
            code: code.map_or_else(String::new, |code| code.as_str().to_owned()),
            path: String::new(),
            hint,
            place: event.place,
            received_at: event.received_at,
            organization_id,
            source,
            id,
            raw,
        });
        let day = day_of(event.received_at.unwrap_or(event.event_time));
        self.outcomes.other(event.organization, day, OutcomeRow { outcome, record, first_place });
    }

    /// Puts an organization's terms in force for everything that was counted of it.
    pub fn put_in_force(&mut self, key: OrganizationKey, terms: Arc<OrganizationTerms>) {
        let position = self.organizations.position(key);
        self.organizations.at(position).terms = terms.clone();
        let accounts: Vec<u32> = self.organizations.accounts_of(position).collect();
        for account in accounts {
            with_account!(self.organizations.account_at(account), inner => {
                let schedule = terms.schedule(inner.meter_name());
                if inner.reschedule(schedule, self.settings.windows) && !inner.listed {
                    inner.listed = true;
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
        for touched in self.touched.drain(..) {
            with_account!(self.organizations.account_at(touched.account), inner => {
                let (organization, meter) = (inner.organization, inner.meter);
                let (dimensions, shown) = inner.show(&touched);
                let start = start_of(touched.size, touched.number);
                let key = WindowKey { size: touched.size, organization, meter, dimensions, start };
                match shown {
                    Shown::Row(value) => usage.push((key, Some(value))),
                    Shown::Gone => usage.push((key, None)),
                    Shown::Never => {}
                }
            });
        }
        // What was accepted and retracted in one epoch has one row, which says both.
        let retracted = std::mem::take(&mut self.retracted);
        if !retracted.is_empty() {
            self.archive.retain(|accepted| accepted.retracted || !retracted.contains(&accepted.place));
        }
        let outcomes = self.outcomes.close();
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
