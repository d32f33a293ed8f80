//! How a call to Stripe ended: three words, of which the third is not a failure.

use crate::moment::Span;
use serde::{Deserialize, Serialize};

/// What is known after one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done; the id of the object that it made or changed.
    Succeeded { object: String },
    /// Definitely not done, and the same request never will be.
    Refused { code: String, message: String },
    /// It may have been done, may be done later, or may not.
    Unknown { cause: UnknownCause, retry_after: Option<Span> },
}

/// Why an outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCause {
    /// No answer, or none that was whole: refused, reset, timed out.
    NoAnswer,
    /// 5xx. Stripe keeps the answer under the key, so the same key may bring it back for 24 hours.
    ServerError,
    /// 409: a request with the same key is being executed.
    InProgress,
    /// 429.
    Throttled,
    /// 429 `lock_timeout`: another request holds the object.
    LockTimeout,
    /// 400 `idempotency_error`: the key was used with other parameters.
    KeyConflict,
    /// 401: the API key is not accepted.
    Unauthorized,
    /// A refusal that came after a call that may have been executed.
    RefusedLater { code: String, message: String },
}

impl UnknownCause {
    /// Whether the call may have had an effect. Throttling, locks and credentials are asked before anything is executed.
    pub fn may_have_been_done(&self) -> bool {
        match self {
            UnknownCause::NoAnswer
            | UnknownCause::ServerError
            | UnknownCause::InProgress
            | UnknownCause::KeyConflict
            | UnknownCause::RefusedLater { .. } => true,
            UnknownCause::Throttled | UnknownCause::LockTimeout | UnknownCause::Unauthorized => false,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            UnknownCause::NoAnswer => "no_answer",
            UnknownCause::ServerError => "server_error",
            UnknownCause::InProgress => "in_progress",
            UnknownCause::Throttled => "throttled",
            UnknownCause::LockTimeout => "lock_timeout",
            UnknownCause::KeyConflict => "key_conflict",
            UnknownCause::Unauthorized => "unauthorized",
            UnknownCause::RefusedLater { .. } => "refused_later",
        }
    }
}

/// What was found when Stripe was asked for an intent's effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    Found {
        object: String,
    },
    Absent,
    /// More than one object carries the intent, or an effect is there in part.
    Several {
        objects: Vec<String>,
    },
    /// What the intent was to change is not there any more, or can no longer be changed.
    Gone,
    /// Stripe could not be asked.
    Failed {
        retry_after: Option<Span>,
    },
}
