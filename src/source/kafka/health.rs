//! What the clients of one source hear from librdkafka about the brokers.

use crate::source::{Outage, SourceError, Stop};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::{Message, TopicPartitionList};
use std::sync::{Arc, Mutex, PoisonError};

/// The state of the brokers as far as it is known. Shared by all clients of a source.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outage: Option<Outage>,
    refused: Option<Stop>,
}

impl Health {
    /// An answer came: whatever was wrong is over.
    pub fn answered(&self) {
        self.with(|state| state.outage = None);
    }

    pub fn failed(&self, what: &str, detail: impl ToString) {
        self.with(|state| state.outage = Some(Outage { what: what.into(), detail: detail.to_string() }));
    }

    /// Why nothing comes at the moment, if there is a reason.
    pub fn check(&self) -> Result<(), SourceError> {
        self.with(|state| match (&state.refused, &state.outage) {
            (Some(stop), _) => Err(SourceError::Definite(stop.clone())),
            (None, Some(outage)) => Err(SourceError::Temporary(outage.clone())),
            (None, None) => Ok(()),
        })
    }

    fn with<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Passes librdkafka's messages on: to the log, and what concerns the brokers to [`Health`].
#[derive(Clone, Default)]
pub(super) struct Context {
    pub health: Arc<Health>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "highwater::kafka", facility, "{message}");
            }
            _ => tracing::debug!(target: "highwater::kafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                let stop = Stop::AuthenticationFailed { detail: reason.into() };
                self.health.with(|state| state.refused = Some(stop));
            }
            // A single connection that broke is no outage: brokers close idle ones.
            Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::Resolve | RDKafkaErrorCode::SSL) => {
                self.health.failed("the brokers", reason);
            }
            _ => tracing::debug!(target: "highwater::kafka", %error, "{reason}"),
        }
    }
}

impl ConsumerContext for Context {
    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::warn!(target: "highwater::kafka", %error, "lag tools do not see the progress");
        }
    }
}

impl ProducerContext for Context {
    /// Where the result of a delivery is put down.
    type DeliveryOpaque = Arc<Mutex<Vec<RDKafkaErrorCode>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, failures: Self::DeliveryOpaque) {
        if let Err((error, message)) = result {
            tracing::debug!(target: "highwater::kafka", %error, topic = message.topic(), "a record was not delivered");
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(code);
        }
    }
}
