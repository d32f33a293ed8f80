//! Why a source does not hand out records: for good, or for now.
//!
//! The two are different types, so that a broker that is down can never be treated like records that are gone.

use super::PartitionName;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Reading on would give a wrong result. Somebody must decide something first.
    #[error("{}: {_0}", _0.code())]
    Definite(Stop),
    /// The source cannot be reached at the moment. It is tried again without end; keep polling and show the state.
    #[error("unavailable: {0}")]
    Temporary(Outage),
}

/// What cannot be reached, and what was heard of it last.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {detail}")]
pub struct Outage {
    /// For a person: `brokers 10.0.0.1:9092`.
    pub what: String,
    pub detail: String,
}

/// A named reason to stop. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    #[error(
        "{partition} no longer holds the offsets [{from}, {to}): they were removed before they were read. Raise the \
         topic's retention; reading on without them needs a decision, as usage is missing"
    )]
    Gap { partition: PartitionName, from: u64, to: u64 },
    #[error(
        "{partition} ends at offset {end}, before {expected}, up to which it was read: the topic was recreated or \
         truncated. Its offsets name other records now"
    )]
    TopicRecreated { partition: PartitionName, expected: u64, end: u64 },
    #[error(
        "topic `{topic}` has cleanup.policy={policy}: compaction removes events. Set cleanup.policy=delete on topics \
         that hold events"
    )]
    CompactedTopic { topic: String, policy: String },
    #[error("topic `{topic}` does not exist{}", nearest.as_ref().map(|name| format!("; is `{name}` meant?")).unwrap_or_default())]
    UnknownTopic { topic: String, nearest: Option<String> },
    #[error("the brokers refuse the credentials: {detail}. Look at sasl.* and ssl.* under [kafka.properties]")]
    AuthenticationFailed { detail: String },
    #[error("access to `{what}` is not allowed: {detail}")]
    AccessDenied { what: String, detail: String },
    #[error("`{property}` cannot be set under [kafka.properties]: {reason}")]
    OwnedProperty { property: String, reason: &'static str },
    #[error("the settings for Kafka are not valid: {detail}")]
    InvalidSettings { detail: String },
    #[error("{partition} has a line longer than {limit_bytes} bytes at byte {offset}")]
    LineTooLong { partition: PartitionName, offset: u64, limit_bytes: u64 },
    #[error("{partition} is shorter than the {expected} bytes that were read of it before; it holds {length}")]
    FileShrunk { partition: PartitionName, expected: u64, length: u64 },
    #[error("{what} cannot be read: {detail}")]
    Unreadable { what: String, detail: String },
}

impl Stop {
    /// The word by which logs, metrics and the state of the service name the reason.
    pub fn code(&self) -> String {
        match self {
            Stop::Gap { from, to, .. } => format!("gap[{from},{to})"),
            Stop::TopicRecreated { .. } => "topic_recreated".into(),
            Stop::CompactedTopic { .. } => "compacted_topic".into(),
            Stop::UnknownTopic { .. } => "unknown_topic".into(),
            Stop::AuthenticationFailed { .. } => "authentication_failed".into(),
            Stop::AccessDenied { .. } => "access_denied".into(),
            Stop::OwnedProperty { .. } => "owned_property".into(),
            Stop::InvalidSettings { .. } => "invalid_settings".into(),
            Stop::LineTooLong { .. } => "line_too_long".into(),
            Stop::FileShrunk { .. } => "file_shrunk".into(),
            Stop::Unreadable { .. } => "unreadable".into(),
        }
    }
}

impl From<Stop> for SourceError {
    fn from(stop: Stop) -> SourceError {
        SourceError::Definite(stop)
    }
}
