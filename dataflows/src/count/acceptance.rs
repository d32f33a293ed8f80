//! What becomes of one event: accepted, taken out again, or named otherwise.
//!
//! Owns the order in which an event is asked: too late? known? room for it? Does not own what an accepted one changes.

use super::account::with_account;
use super::identity::Known;
use super::original::Missing;
use super::outcome::day_of;
use super::{Accepted, Count, archived, reading_of};
use crate::changes::{Outcome, OutcomeRow};
use crate::event::{Code, Decoded, Event, Rejection};
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

impl Count {
    /// Takes one of a few events that are looked at together.
    #[inline]
    pub(super) fn take(&mut self, fed: &Fed, together: &mut [Event], position: usize) {
        let taken = match self.judge(&together[position]) {
            Ok(Step::Accept) => self.accept(&together[position], &fed.meters, position),
            Ok(Step::Retract(place)) => {
                // The original may be one of those that wait to be added.
                self.add_accepted(together);
                self.retract(&together[position], place)
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            self.refuse(fed, &together[position], refusal);
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
        let known = self.identities.find(event.identity, event.content);
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

    /// Finds the place of every contribution, unless one of them has none.
    #[inline]
    fn accept(&mut self, event: &Event, meters: &MeterBook, position: usize) -> Result<(), Refusal> {
        let waiting = self.accepted.len();
        let organization = self.positions[position];
        let mut begun: SmallVec<[u32; 2]> = SmallVec::new();
        for (number, contribution) in event.contributions.iter().enumerate() {
            let account = self.organizations.account(organization, event.organization, contribution.meter, meters);
            let series = with_account!(self.organizations.account_at(account), inner => {
                inner.find_series(contribution.dimensions).or_else(|| {
                    let row = meters.meter(contribution.meter);
                    let room = row.dimensions.is_empty() || inner.series_count() < row.dimension_limit as usize;
                    room.then(|| {
                        begun.push(account);
                        inner.begin_series(contribution.dimensions)
                    })
                }).inspect(|series| inner.prefetch_tails(*series))
            });
            let Some(series) = series else {
                self.accepted.truncate(waiting);
                // A rejected event takes no room in the meters that had some.
                for account in begun {
                    with_account!(self.organizations.account_at(account), inner => inner.forget_last_series());
                }
                let row = meters.meter(contribution.meter);
                let (name, limit) = (&row.name, row.dimension_limit);
                let hint = format!("meter `{name}` allows {limit} combinations of its dimensions an organization");
                return Err(Refusal::rejected(Code::CardinalityExceeded, hint));
            };
            let (event, contribution) = (position as u32, number as u32);
            self.accepted.push(Accepted { event, contribution, account, series });
        }
        let day = day_of(event.event_time);
        self.identities.insert(event.identity, event.content, day, event.place);
        self.outcomes.counts.unattributed += u64::from(event.contributions.is_empty());
        let latest = &mut self.outcomes.counts.event_time_max;
        *latest = (*latest).max(Some(event.event_time));
        if self.settings.archive {
            self.unarchived.push(position);
        }
        self.count_accepted(event, organization);
        Ok(())
    }

    #[inline]
    fn count_accepted(&mut self, event: &Event, organization: u32) {
        let day = day_of(event.received_at.unwrap_or(event.event_time));
        self.outcomes.accepted(self.organizations.at(organization), organization, day);
    }

    /// Takes the event of this identity out of everything that it went into.
    #[cold]
    fn retract(&mut self, retract: &Event, place: Place) -> Result<(), Refusal> {
        let found = self.originals.find(place, retract.identity).map_err(|missing| match missing {
            Missing::Gone(reason) => Refusal::rejected(Code::OriginalGone, reason),
            Missing::Unavailable(reason) => {
                Refusal::rejected(Code::OriginalUnavailable, format!("send the retract again: {reason}"))
            }
        });
        let (mut original, meters) = found?;
        let organization = self.organizations.position(original.organization);
        for contribution in &original.contributions {
            let key = original.organization;
            let account = self.organizations.account(organization, key, contribution.meter, &meters);
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
        self.identities.mark_retracted(retract.identity);
        if self.settings.archive {
            self.retracted.insert(place);
            self.archive.extend(archived(&mut original, true));
        }
        self.count_accepted(retract, organization);
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
