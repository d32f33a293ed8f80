//! The state of an intent after everything that can happen to it: one line a case, and none is left out.

use highwater_settlement::moment::{Moment, Span};
use highwater_settlement::outcome::{Looked, Outcome, UnknownCause};
use highwater_settlement::state::{
    Input, Jitter, KEY_LIFE, Next, PersonReason, Resolution, SERVER_ERRORS, SETTLED, Sends, State, Step, delay, step,
    transition,
};

/// When the intent was first sent, and the moment of the case: five seconds later, or 20 hours and some.
const FIRST: Moment = Moment(1_000_000_000_000);
const SOON: Span = Span::seconds(5);
const EXPIRED: Span = Span(KEY_LIFE.0 + 1);

fn sends(count: u32, maybe_done: bool) -> Sends {
    Sends { count, first_at: FIRST, last_at: FIRST, maybe_done }
}

fn unknown(cause: UnknownCause, next: Next) -> State {
    let maybe_done = cause.may_have_been_done();
    State::Unknown { sends: sends(1, maybe_done), cause, next, next_at: FIRST }
}

/// Every state, by the name that the table uses.
fn state(name: &str) -> State {
    let refused = || UnknownCause::RefusedLater { code: "gone".into(), message: "no".into() };
    match name {
        "planned" => State::Planned,
        "sent" => State::Sent { sends: sends(1, false) },
        "sent again" => State::Sent { sends: sends(2, true) },
        "no answer" => unknown(UnknownCause::NoAnswer, Next::SendAgain),
        "server error" => unknown(UnknownCause::ServerError, Next::LookUp),
        "server errors" => State::Unknown {
            sends: sends(SERVER_ERRORS, true),
            cause: UnknownCause::ServerError,
            next: Next::LookUp,
            next_at: FIRST,
        },
        "throttled" => unknown(UnknownCause::Throttled, Next::SendAgain),
        "key conflict" => unknown(UnknownCause::KeyConflict, Next::LookUp),
        "refused later" => unknown(refused(), Next::LookUp),
        "succeeded" => State::Succeeded { object: "in_1".into() },
        "refused" => State::Refused { code: "gone".into(), message: "no".into() },
        "person" => State::NeedsPerson { sends: sends(1, true), reason: PersonReason::KeyExpired },
        other => panic!("no state {other}"),
    }
}

fn input(name: &str) -> Input {
    let answered = |cause| Input::Answered(Outcome::Unknown { cause, retry_after: None });
    match name {
        "send" => Input::Send,
        "success" => Input::Answered(Outcome::Succeeded { object: "in_2".into() }),
        "refusal" => Input::Answered(Outcome::Refused { code: "gone".into(), message: "no".into() }),
        "no answer" => answered(UnknownCause::NoAnswer),
        "500" => answered(UnknownCause::ServerError),
        "409" => answered(UnknownCause::InProgress),
        "429" => answered(UnknownCause::Throttled),
        "lock" => answered(UnknownCause::LockTimeout),
        "401" => answered(UnknownCause::Unauthorized),
        "other parameters" => answered(UnknownCause::KeyConflict),
        "found" => Input::Looked(Looked::Found { object: "in_3".into() }),
        "absent" => Input::Looked(Looked::Absent),
        "several" => Input::Looked(Looked::Several { objects: vec!["in_3".into(), "in_4".into()] }),
        "object gone" => Input::Looked(Looked::Gone),
        "lookup failed" => Input::Looked(Looked::Failed { retry_after: None }),
        "restart" => Input::Restarted,
        "resolved done" => Input::Resolved(Resolution::Done { object: "in_5".into() }),
        "resolved not done" => Input::Resolved(Resolution::NotDone),
        other => panic!("no input {other}"),
    }
}

/// What the case ends in: `=` where nothing changes.
fn shown(before: &State, after: &State) -> String {
    if before == after {
        return "=".into();
    }
    match after {
        State::Planned => "planned".into(),
        State::Sent { sends } => format!("sent {}", sends.count),
        State::Unknown { cause, next: Next::SendAgain, .. } => format!("{} again", cause.name()),
        State::Unknown { cause, next: Next::LookUp, .. } => format!("{} look", cause.name()),
        State::Succeeded { object } => format!("succeeded {object}"),
        State::Refused { code, .. } => format!("refused {code}"),
        State::NeedsPerson { reason, .. } => format!("person {}", reason.name()),
    }
}

const INPUTS: &[&str] = &[
    "send",
    "success",
    "refusal",
    "no answer",
    "500",
    "409",
    "429",
    "lock",
    "401",
    "other parameters",
    "found",
    "absent",
    "several",
    "object gone",
    "lookup failed",
    "restart",
    "resolved done",
    "resolved not done",
];

/// state | input | five seconds after it was first sent | more than 20 hours after
const CASES: &[(&str, &str, &str, &str)] = &[
    ("planned", "send", "sent 1", "sent 1"),
    ("planned", "success", "=", "="),
    ("planned", "refusal", "=", "="),
    ("planned", "no answer", "=", "="),
    ("planned", "500", "=", "="),
    ("planned", "409", "=", "="),
    ("planned", "429", "=", "="),
    ("planned", "lock", "=", "="),
    ("planned", "401", "=", "="),
    ("planned", "other parameters", "=", "="),
    ("planned", "found", "succeeded in_3", "succeeded in_3"),
    ("planned", "absent", "=", "="),
    ("planned", "several", "person several_found", "person several_found"),
    ("planned", "object gone", "person gone", "person gone"),
    ("planned", "lookup failed", "=", "="),
    ("planned", "restart", "=", "="),
    ("planned", "resolved done", "=", "="),
    ("planned", "resolved not done", "=", "="),
    ("sent", "send", "=", "="),
    ("sent", "success", "succeeded in_2", "succeeded in_2"),
    ("sent", "refusal", "refused gone", "refused gone"),
    ("sent", "no answer", "no_answer again", "no_answer again"),
    ("sent", "500", "server_error look", "server_error look"),
    ("sent", "409", "in_progress again", "in_progress again"),
    ("sent", "429", "throttled again", "throttled again"),
    ("sent", "lock", "lock_timeout again", "lock_timeout again"),
    ("sent", "401", "unauthorized again", "unauthorized again"),
    ("sent", "other parameters", "key_conflict look", "key_conflict look"),
    ("sent", "found", "=", "="),
    ("sent", "absent", "=", "="),
    ("sent", "several", "=", "="),
    ("sent", "object gone", "=", "="),
    ("sent", "lookup failed", "=", "="),
    ("sent", "restart", "no_answer again", "no_answer again"),
    ("sent", "resolved done", "=", "="),
    ("sent", "resolved not done", "=", "="),
    // A refusal after a call that may have been executed says nothing of that call.
    ("sent again", "refusal", "refused_later look", "refused_later look"),
    ("sent again", "success", "succeeded in_2", "succeeded in_2"),
    ("sent again", "429", "throttled again", "throttled again"),
    // Once Stripe may have forgotten the key, it is not used again.
    ("no answer", "send", "sent 2", "="),
    ("no answer", "success", "succeeded in_2", "succeeded in_2"),
    ("no answer", "refusal", "refused_later look", "refused_later look"),
    ("no answer", "no answer", "no_answer again", "no_answer again"),
    ("no answer", "500", "server_error look", "server_error look"),
    ("no answer", "409", "in_progress again", "in_progress again"),
    ("no answer", "429", "throttled again", "throttled again"),
    ("no answer", "lock", "lock_timeout again", "lock_timeout again"),
    ("no answer", "401", "unauthorized again", "unauthorized again"),
    ("no answer", "other parameters", "key_conflict look", "key_conflict look"),
    ("no answer", "found", "succeeded in_3", "succeeded in_3"),
    ("no answer", "absent", "no_answer again", "person key_expired"),
    ("no answer", "several", "person several_found", "person several_found"),
    ("no answer", "object gone", "person gone", "person gone"),
    ("no answer", "lookup failed", "no_answer look", "no_answer look"),
    ("no answer", "restart", "=", "="),
    ("no answer", "resolved done", "=", "="),
    ("no answer", "resolved not done", "=", "="),
    ("server error", "send", "=", "="),
    ("server error", "found", "succeeded in_3", "succeeded in_3"),
    ("server error", "absent", "server_error again", "person key_expired"),
    // "Not there" holds only when no call is under way any more.
    ("server errors", "absent", "server_error look", "person key_expired"),
    ("throttled", "send", "sent 2", "="),
    ("throttled", "refusal", "refused gone", "refused gone"),
    ("throttled", "absent", "throttled again", "person key_expired"),
    ("key conflict", "send", "=", "="),
    ("key conflict", "found", "succeeded in_3", "succeeded in_3"),
    ("key conflict", "absent", "key_conflict look", "person key_conflict"),
    ("refused later", "send", "=", "="),
    ("refused later", "found", "succeeded in_3", "succeeded in_3"),
    ("refused later", "absent", "refused_later look", "refused gone"),
    ("person", "send", "=", "="),
    ("person", "success", "succeeded in_2", "succeeded in_2"),
    ("person", "refusal", "=", "="),
    ("person", "no answer", "=", "="),
    ("person", "500", "=", "="),
    ("person", "409", "=", "="),
    ("person", "429", "=", "="),
    ("person", "lock", "=", "="),
    ("person", "401", "=", "="),
    ("person", "other parameters", "=", "="),
    ("person", "found", "succeeded in_3", "succeeded in_3"),
    ("person", "absent", "=", "="),
    ("person", "several", "=", "="),
    ("person", "object gone", "=", "="),
    ("person", "lookup failed", "=", "="),
    ("person", "restart", "=", "="),
    ("person", "resolved done", "succeeded in_5", "succeeded in_5"),
    ("person", "resolved not done", "refused resolved_as_not_done", "refused resolved_as_not_done"),
];

#[test]
fn an_intent_goes_where_the_table_says() {
    for &(before, happening, soon, later) in CASES {
        let before_state = state(before);
        for (age, expected) in [(SOON, soon), (EXPIRED, later)] {
            let after = transition(&before_state, &input(happening), FIRST.after(age), Jitter(0));
            assert_eq!(shown(&before_state, &after), expected, "{before} | {happening} after {age:?}");
        }
    }
    for name in ["planned", "sent", "no answer", "person"] {
        for happening in INPUTS {
            let listed = CASES.iter().any(|case| case.0 == name && case.1 == *happening);
            assert!(listed, "the table has no line for {name} | {happening}");
        }
    }
}

#[test]
fn what_has_succeeded_or_was_refused_stays_so() {
    for name in ["succeeded", "refused"] {
        for happening in INPUTS {
            let before = state(name);
            assert_eq!(transition(&before, &input(happening), FIRST, Jitter(0)), before, "{name} | {happening}");
        }
    }
}

#[test]
fn absent_is_believed_only_when_no_call_is_under_way() {
    let absent = input("absent");
    for name in ["server errors", "key conflict", "refused later"] {
        let early = transition(&state(name), &absent, FIRST.after(SOON), Jitter(0));
        let State::Unknown { next: Next::LookUp, next_at, .. } = early else { panic!("{name}: {early:?}") };
        assert_eq!(next_at, FIRST.after(SETTLED), "{name}");
        let late = transition(&early, &absent, FIRST.after(SETTLED), Jitter(0));
        assert_eq!(step(&late, FIRST.after(SETTLED)), Step::Rest, "{name}: {late:?}");
    }
}

#[test]
fn a_lookup_that_fails_for_a_day_is_shown_to_a_person() {
    let late = FIRST.after(Span::hours(24));
    let after = transition(&state("server error"), &input("lookup failed"), late, Jitter(0));
    assert_eq!(shown(&State::Planned, &after), "person lookup_failed");
}

#[test]
fn a_step_waits_for_its_time_and_an_expired_key_is_looked_up() {
    let at = FIRST.after(SOON);
    let waiting =
        State::Unknown { sends: sends(1, true), cause: UnknownCause::NoAnswer, next: Next::SendAgain, next_at: at };
    assert_eq!(step(&waiting, FIRST), Step::WaitUntil(at));
    assert_eq!(step(&waiting, at), Step::Send);
    assert_eq!(step(&waiting, FIRST.after(EXPIRED)), Step::LookUp);
    assert_eq!(step(&State::Planned, FIRST), Step::Send);
    assert_eq!(step(&state("sent"), FIRST), Step::Listen);
    assert_eq!(step(&state("person"), FIRST), Step::Rest);
}

#[test]
fn waits_grow_to_five_minutes_and_are_never_shorter_than_asked_for() {
    for (count, shortest, longest) in [(1, 250, 500), (2, 500, 1_000), (5, 4_000, 8_000), (40, 150_000, 300_000)] {
        assert_eq!(delay(count, None, Jitter(0)), Span::milliseconds(shortest), "{count}");
        assert_eq!(delay(count, None, Jitter(1_000)), Span::milliseconds(longest), "{count}");
    }
    assert!(delay(1, Some(Span::seconds(30)), Jitter(0)) >= Span::seconds(30));
}
