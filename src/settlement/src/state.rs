//! What is known of one intent, and what may be done next: total, pure, and the only place that decides it.
//!
//! The rules are those of Stripe's idempotency: a key's answer is kept for at least 24 hours, then the same key is a new
//! request. So an intent is sent again with its own key while that is surely held (20 hours), is then looked up, and is
//! then shown to a person. It is never given another key.

use crate::moment::{Moment, Span};
use crate::outcome::{Looked, Outcome, UnknownCause};
use serde::{Deserialize, Serialize};

/// Stripe holds a key for at least 24 hours; it is not used any more for the last four.
pub const KEY_LIFE: Span = Span::hours(20);
/// After this, a call that had no answer is no longer under way.
pub const SETTLED: Span = Span::minutes(10);
/// How long an intent may stay unresolved before a person is asked, whatever keeps it.
pub const ALARM: Span = Span::hours(24);
/// How often a stored server error is asked for again.
pub const SERVER_ERRORS: u32 = 5;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Frozen. Nothing has left.
    Planned,
    /// On its way, or its answer is; written before the first byte leaves.
    Sent {
        sends: Sends,
    },
    /// Answered without saying whether it was done.
    Unknown {
        sends: Sends,
        cause: UnknownCause,
        next: Next,
        next_at: Moment,
    },
    Succeeded {
        object: String,
    },
    Refused {
        code: String,
        message: String,
    },
    /// Nothing that may be done without a person's decision is left.
    NeedsPerson {
        sends: Sends,
        reason: PersonReason,
    },
}

/// The calls that were made for an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    pub count: u32,
    pub first_at: Moment,
    pub last_at: Moment,
    /// An earlier call may have been executed.
    pub maybe_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    SendAgain,
    LookUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonReason {
    /// Stripe no longer holds the key, and nothing that carries the intent was found.
    KeyExpired,
    /// The key brings back a server error, and nothing that carries the intent was found.
    ServerErrorKept,
    /// The key was used with other parameters.
    KeyConflict,
    /// More than one object carries the intent.
    SeveralFound,
    /// What the intent was to change is gone.
    Gone,
    /// Stripe could not be asked for a day.
    LookupFailed,
}

/// What can happen to an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is about to be sent.
    Send,
    Answered(Outcome),
    Looked(Looked),
    /// A process found it in the log; whoever sent it is gone.
    Restarted,
    /// A person looked and decided.
    Resolved(Resolution),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    Done {
        object: String,
    },
    /// It was not done, and this intent never will be. What replaces it is a new intent.
    NotDone,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Send,
    LookUp,
    WaitUntil(Moment),
    /// Wait for the answer that is under way.
    Listen,
    Rest,
}

/// Thousandths of a random number, so that those who were turned away together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(pub u16);

/// What is known of an intent after `input`. An input that makes no sense in a state changes nothing.
pub fn transition(state: &State, input: &Input, now: Moment, jitter: Jitter) -> State {
    match (state, input) {
        (State::Succeeded { .. } | State::Refused { .. }, _) => state.clone(),
        (State::Planned, Input::Send) => {
            State::Sent { sends: Sends { count: 1, first_at: now, last_at: now, maybe_done: false } }
        }
        (State::Unknown { sends, .. }, Input::Send) if step(state, now) == Step::Send => {
            State::Sent { sends: Sends { count: sends.count.saturating_add(1), last_at: now, ..*sends } }
        }
        (State::Sent { sends }, Input::Restarted) => State::Unknown {
            sends: Sends { maybe_done: true, ..*sends },
            cause: UnknownCause::NoAnswer,
            next: Next::SendAgain,
            next_at: now,
        },
        (State::Sent { sends } | State::Unknown { sends, .. }, Input::Answered(outcome)) => {
            answered(sends, outcome, now, jitter)
        }
        // Late, but there is nothing truer.
        (State::NeedsPerson { .. }, Input::Answered(Outcome::Succeeded { object })) => succeeded(object),
        (State::NeedsPerson { .. }, Input::Looked(Looked::Found { object })) => succeeded(object),
        (State::NeedsPerson { .. }, Input::Resolved(resolution)) => match resolution {
            Resolution::Done { object } => succeeded(object),
            Resolution::NotDone => State::Refused {
                code: "resolved_as_not_done".into(),
                message: "a person found that it was not done".into(),
            },
        },
        (State::Planned, Input::Looked(looked)) => match looked {
            Looked::Found { object } => succeeded(object),
            Looked::Several { .. } => person(&Sends::none(now), PersonReason::SeveralFound),
            Looked::Gone => person(&Sends::none(now), PersonReason::Gone),
            Looked::Absent | Looked::Failed { .. } => State::Planned,
        },
        (State::Unknown { sends, cause, .. }, Input::Looked(looked)) => looked_up(sends, cause, looked, now, jitter),
        (State::Planned, Input::Answered(_) | Input::Restarted | Input::Resolved(_))
        | (State::Sent { .. }, Input::Send | Input::Looked(_) | Input::Resolved(_))
        | (State::Unknown { .. }, Input::Send | Input::Restarted | Input::Resolved(_))
        | (State::NeedsPerson { .. }, Input::Send | Input::Answered(_) | Input::Looked(_) | Input::Restarted) => {
            state.clone()
        }
    }
}

/// What to do about an intent now.
pub fn step(state: &State, now: Moment) -> Step {
    match state {
        State::Planned => Step::Send,
        State::Sent { .. } => Step::Listen,
        State::Unknown { next_at, .. } if now < *next_at => Step::WaitUntil(*next_at),
        State::Unknown { next: Next::LookUp, .. } => Step::LookUp,
        State::Unknown { sends, next: Next::SendAgain, .. } if now.since(sends.first_at) < KEY_LIFE => Step::Send,
        State::Unknown { .. } => Step::LookUp,
        State::Succeeded { .. } | State::Refused { .. } | State::NeedsPerson { .. } => Step::Rest,
    }
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Sent { .. } => "sent",
            State::Unknown { .. } => "unknown",
            State::Succeeded { .. } => "succeeded",
            State::Refused { .. } => "refused",
            State::NeedsPerson { .. } => "needs_person",
        }
    }

    /// Whether something may have been sent whose end is not known.
    pub fn is_open(&self) -> bool {
        matches!(self, State::Sent { .. } | State::Unknown { .. } | State::NeedsPerson { .. })
    }
}

impl Sends {
    fn none(now: Moment) -> Sends {
        Sends { count: 0, first_at: now, last_at: now, maybe_done: false }
    }
}

impl PersonReason {
    pub fn name(self) -> &'static str {
        match self {
            PersonReason::KeyExpired => "key_expired",
            PersonReason::ServerErrorKept => "server_error_kept",
            PersonReason::KeyConflict => "key_conflict",
            PersonReason::SeveralFound => "several_found",
            PersonReason::Gone => "gone",
            PersonReason::LookupFailed => "lookup_failed",
        }
    }
}

fn succeeded(object: &str) -> State {
    State::Succeeded { object: object.to_owned() }
}

fn person(sends: &Sends, reason: PersonReason) -> State {
    State::NeedsPerson { sends: *sends, reason }
}

fn answered(sends: &Sends, outcome: &Outcome, now: Moment, jitter: Jitter) -> State {
    match outcome {
        Outcome::Succeeded { object } => succeeded(object),
        // Limits, credentials and restrictions are asked before a stored answer is given back: a refusal says nothing
        // of an earlier call that may have been executed.
        Outcome::Refused { code, message } if sends.maybe_done => State::Unknown {
            sends: *sends,
            cause: UnknownCause::RefusedLater { code: code.clone(), message: message.clone() },
            next: Next::LookUp,
            next_at: now,
        },
        Outcome::Refused { code, message } => State::Refused { code: code.clone(), message: message.clone() },
        Outcome::Unknown { cause, retry_after } => {
            let sends = Sends { maybe_done: sends.maybe_done || cause.may_have_been_done(), ..*sends };
            let next = match cause {
                UnknownCause::ServerError | UnknownCause::KeyConflict | UnknownCause::RefusedLater { .. } => {
                    Next::LookUp
                }
                _ => Next::SendAgain,
            };
            let next_at = now.after(delay(sends.count, *retry_after, jitter));
            State::Unknown { sends, cause: cause.clone(), next, next_at }
        }
    }
}

fn looked_up(sends: &Sends, cause: &UnknownCause, looked: &Looked, now: Moment, jitter: Jitter) -> State {
    let again = |next, next_at| State::Unknown { sends: *sends, cause: cause.clone(), next, next_at };
    match looked {
        Looked::Found { object } => succeeded(object),
        Looked::Several { .. } => person(sends, PersonReason::SeveralFound),
        Looked::Gone => person(sends, PersonReason::Gone),
        Looked::Failed { .. } if now.since(sends.first_at) >= ALARM => person(sends, PersonReason::LookupFailed),
        Looked::Failed { retry_after } => again(Next::LookUp, now.after(delay(sends.count, *retry_after, jitter))),
        Looked::Absent => {
            let settled_at = sends.last_at.after(SETTLED);
            let expired = now.since(sends.first_at) >= KEY_LIFE;
            let ending = match cause {
                UnknownCause::RefusedLater { code, message } => {
                    Some(State::Refused { code: code.clone(), message: message.clone() })
                }
                UnknownCause::KeyConflict => Some(person(sends, PersonReason::KeyConflict)),
                _ if expired => Some(person(sends, PersonReason::KeyExpired)),
                UnknownCause::ServerError if sends.count >= SERVER_ERRORS => {
                    Some(person(sends, PersonReason::ServerErrorKept))
                }
                _ => None,
            };
            match ending {
                // A call may be executed after its caller gave up, so "not there" holds only when none is under way.
                Some(ending) if now >= settled_at => ending,
                Some(_) => again(Next::LookUp, settled_at),
                None => again(Next::SendAgain, now.after(delay(sends.count, None, jitter))),
            }
        }
    }
}

/// Half a second, doubled with every call up to five minutes; of that between a half and the whole. Never less than
/// Stripe asks for.
pub fn delay(sends: u32, retry_after: Option<Span>, jitter: Jitter) -> Span {
    const FIRST: i64 = 500_000;
    const LONGEST: i64 = 300_000_000;
    let whole = FIRST.checked_shl(sends.saturating_sub(1).min(20)).unwrap_or(LONGEST).min(LONGEST);
    let some = whole / 2 + whole / 2 * i64::from(jitter.0.min(1_000)) / 1_000;
    Span(some + retry_after.map_or(0, |after| after.0.max(0)))
}
