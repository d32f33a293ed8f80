//! What becomes of one event: accepted, taken out again, or named otherwise.
//!
//! Owns the order in which an event is asked: too late? known? room for it? Does not own what an accepted one changes.

use super::account::with_account;
use super::accumulator::Reading;
use super::identity::Known;
use super::original::Missing;
use super::outcome::day_of;
use super::{Count, archived, reading_of};
use crate::changes::{Outcome, OutcomeRow};
use crate::event::{Code, Decoded, Event, MeterIndex, Rejection};
use crate::feed::Place;
use crate::meters::MeterBook;
use crate::parcel::Fed;
use smallvec::SmallVec;

/// What is to be done with an event, before anything is.
enum Step {
    Accept,
    /// Of the event whose record stands here.
    Retract(Place),
}

/// Why nothing is.
struct Refusal {
    outcome: Outcome,
    code: Option<Code>,
    hint: String,
    first_place: Option<Place>,
}

impl Refusal {
    fn rejected(code: Code, hint: impl Into<String>) -> Refusal {
        Refusal { outcome: Outcome::Rejected, code: Some(code), hint: hint.into(), first_place: None }
    }

    fn known(outcome: Outcome, known: Known, hint: &str) -> Refusal {
        Refusal { outcome, code: None, hint: hint.to_owned(), first_place: Some(known.place) }
    }
}

#[cold]
fn no_room(meter: MeterIndex, meters: &MeterBook) -> Refusal {
    let row = meters.meter(meter);
    let (name, limit) = (&row.name, row.dimension_limit);
    let hint = format!("meter `{name}` allows {limit} combinations of its dimensions an organization");
    Refusal::rejected(Code::CardinalityExceeded, hint)
}

impl Count {
    /// Takes one event. `organization` is the position of its organization.
    #[inline]
    pub(super) fn take(&mut self, fed: &Fed, event: &mut Event, organization: u32) {
        let taken = match self.judge(event) {
            Ok(Step::Accept) => self.accept(event, &fed.meters, organization),
            Ok(Step::Retract(place)) => self.retract(event, place, organization),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            self.refuse(fed, event, refusal);
        }
    }

    #[inline]
    fn judge(&self, event: &Event) -> Result<Step, Refusal> {
        if let (Some(received_at), Some(horizon_us)) = (event.received_at, self.settings.horizon_us)
            && received_at.0.saturating_sub(event.event_time.0) > horizon_us
        {
            let hint = format!("{} lies too far behind {received_at}, when it was received", event.event_time);
            return Err(Refusal { outcome: Outcome::Late, code: None, hint, first_place: None });
        }
        let known = self.identities.find(event.organization, event.identity, event.content);
        match (event.retract, known) {
            (false, None) => Ok(Step::Accept),
            (false, Some(known)) if known.same_content => Err(Refusal::known(Outcome::Duplicate, known, "")),
            (false, Some(known)) => {
                let hint = "an event with this identity was accepted before and says something else";
                Err(Refusal::known(Outcome::Conflicting, known, hint))
            }
            (true, Some(known)) if known.retracted => Err(Refusal::known(Outcome::Duplicate, known, "")),
            (true, Some(known)) => Ok(Step::Retract(known.place)),
            (true, None) => Err(Refusal::rejected(Code::UnknownIdentity, "no event of this identity was accepted")),
        }
    }

    /// Finds the place of every contribution, and adds them if none of them lacks one.
    #[inline]
    fn accept(&mut self, event: &mut Event, meters: &MeterBook, organization: u32) -> Result<(), Refusal> {
        let mut places: SmallVec<[(u32, u32); 4]> = SmallVec::new();
        let mut begun: SmallVec<[u32; 2]> = SmallVec::new();
        for contribution in &event.contributions {
            let account = self.organizations.account(organization, contribution.meter, meters);
            let series = with_account!(self.organizations.account_at(account), inner => {
                inner.find_series(contribution.dimensions).or_else(|| {
                    let row = meters.meter(contribution.meter);
                    let room = row.dimensions.is_empty() || inner.series_count() < row.dimension_limit as usize;
                    room.then(|| {
                        begun.push(account);
                        inner.begin_series(contribution.dimensions)
                    })
                })
            });
            let Some(series) = series else {
                // A rejected event takes no room in the meters that had some.
                for account in begun {
                    with_account!(self.organizations.account_at(account), inner => inner.forget_last_series());
                }
                return Err(no_room(contribution.meter, meters));
            };
            places.push((account, series));
        }
        for (contribution, place) in event.contributions.iter().zip(places) {
            self.add(place, &reading_of(event, contribution.value));
        }
        let day = day_of(event.event_time);
        self.identities.insert(event.organization, event.identity, event.content, day, event.place);
        self.outcomes.counts.unattributed += u64::from(event.contributions.is_empty());
        let latest = &mut self.outcomes.counts.event_time_max;
        *latest = (*latest).max(Some(event.event_time));
        self.outcomes.accepted(organization, day_of(event.received_at.unwrap_or(event.event_time)));
        if self.settings.archive {
            self.archive.extend(archived(event, None));
        }
        Ok(())
    }

    #[inline]
    fn add(&mut self, (account, series): (u32, u32), reading: &Reading<'_>) {
        with_account!(self.organizations.account_at(account), inner => {
            if inner.list() {
                self.changed.push(account);
            }
            inner.add(self.settings.windows, (account, series), reading, &mut self.touched);
        });
    }

    /// Takes the event of this identity out of everything that it went into.
    #[cold]
    fn retract(&mut self, retract: &Event, place: Place, organization: u32) -> Result<(), Refusal> {
        let found = self.originals.find(place, retract.identity).map_err(|missing| match missing {
            Missing::Gone(reason) => Refusal::rejected(Code::OriginalGone, reason),
            Missing::Unavailable(reason) => {
                Refusal::rejected(Code::OriginalUnavailable, format!("send the retract again: {reason}"))
            }
        });
        let (mut original, meters) = found?;
        for contribution in &original.contributions {
            let account = self.organizations.account(organization, contribution.meter, &meters);
            let reading = reading_of(&original, contribution.value);
            with_account!(self.organizations.account_at(account), inner => {
                if let Some(series) = inner.find_series(contribution.dimensions) {
                    if inner.list() {
                        self.changed.push(account);
                    }
                    inner.subtract(self.settings.windows, (account, series), &reading, &mut self.touched);
                }
            });
        }
        self.identities.mark_retracted(retract.organization, retract.identity);
        if self.settings.archive {
            self.retracted.insert(place);
            self.archive.extend(archived(&mut original, Some(retract.place)));
        }
        self.outcomes.accepted(organization, day_of(retract.received_at.unwrap_or(retract.event_time)));
        Ok(())
    }

    /// Makes the row of a record that was not accepted, from its bytes.
    #[cold]
    fn refuse(&mut self, fed: &Fed, event: &Event, refusal: Refusal) {
        let (organization_id, source, id) = match self.originals.read_again(fed, event) {
            Decoded::Event(Event { archived: Some(archived), .. }) => {
                (archived.organization_id, archived.source, archived.id)
            }
            _ => Default::default(),
        };
        let Refusal { outcome, code, hint, first_place } = refusal;
        // A duplicate says what the first one says; keeping its bytes again tells nothing.
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
}
