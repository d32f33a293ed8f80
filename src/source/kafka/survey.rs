//! Questions about topics and offsets, and what the answers mean.

use super::health::Context;
use super::settings::{KafkaSettings, Role, creation_failed};
use crate::source::bounds::{KAFKA_REASON_WAIT, KAFKA_REQUEST_TIMEOUT};
use crate::source::{SourceError, Stop};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::time::{Duration, Instant};

/// A client that only asks.
pub(super) struct Survey {
    client: BaseConsumer<Context>,
    context: Context,
}

/// What is known of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Partitions(Vec<i32>),
    Missing,
}

impl Survey {
    pub fn new(settings: &KafkaSettings, context: Context) -> Result<Survey, SourceError> {
        let config = settings.client(Role::Lookout);
        let client = BaseConsumer::from_config_and_context(&config, context.clone()).map_err(creation_failed)?;
        Ok(Survey { client, context })
    }

    /// Lets librdkafka report what it noticed since the last time.
    pub fn serve(&self) {
        while self.client.poll(Duration::ZERO).is_some() {}
    }

    pub fn topic(&self, topic: &str) -> Result<Topic, SourceError> {
        let metadata = self
            .client
            .fetch_metadata(Some(topic), KAFKA_REQUEST_TIMEOUT)
            .map_err(|error| self.failed(topic, &error))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let error = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
        match (found, error) {
            (None, _) | (_, Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) => {
                self.context.health.answered();
                Ok(Topic::Missing)
            }
            (_, Some(code)) => Err(self.failed(topic, &KafkaError::MetadataFetch(code))),
            (Some(found), None) => {
                self.context.health.answered();
                let mut partitions: Vec<i32> = found.partitions().iter().map(|partition| partition.id()).collect();
                partitions.sort_unstable();
                Ok(Topic::Partitions(partitions))
            }
        }
    }

    /// The partitions of a topic that must exist.
    pub fn existing(&self, topic: &str) -> Result<Vec<i32>, SourceError> {
        match self.topic(topic)? {
            Topic::Partitions(partitions) => Ok(partitions),
            Topic::Missing => {
                let metadata = self.client.fetch_metadata(None, KAFKA_REQUEST_TIMEOUT);
                let nearest = metadata.ok().and_then(|metadata| {
                    let names = metadata.topics().iter().map(|found| found.name());
                    let near = |name: &str| strsim::jaro_winkler(name, topic);
                    let names = names.filter(|name| !name.starts_with("__") && near(name) > 0.8);
                    names.max_by(|a, b| near(a).total_cmp(&near(b))).map(str::to_owned)
                });
                Err(Stop::UnknownTopic { topic: topic.into(), nearest }.into())
            }
        }
    }

    /// The offsets [first, end) that a partition holds.
    pub fn watermarks(&self, topic: &str, partition: i32) -> Result<(u64, u64), SourceError> {
        let found = self.client.fetch_watermarks(topic, partition, KAFKA_REQUEST_TIMEOUT);
        let (low, high) = found.map_err(|error| self.failed(topic, &error))?;
        self.context.health.answered();
        Ok((low.max(0) as u64, high.max(0) as u64))
    }

    /// `cleanup.policy` of each topic; absent where the brokers do not tell it to this user.
    pub fn cleanup_policies(
        &self,
        settings: &KafkaSettings,
        topics: &[&str],
    ) -> Result<Vec<Option<String>>, SourceError> {
        let config = settings.client(Role::Lookout);
        let admin = AdminClient::from_config_and_context(&config, self.context.clone()).map_err(creation_failed)?;
        let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let options = AdminOptions::new().request_timeout(Some(KAFKA_REQUEST_TIMEOUT));
        let described = futures::executor::block_on(admin.describe_configs(&resources, &options));
        let described = described.map_err(|error| self.failed("topic settings", &error))?;
        let policy = |found: &Result<rdkafka::admin::ConfigResource, RDKafkaErrorCode>| match found {
            Ok(resource) => resource.get("cleanup.policy").and_then(|entry| entry.value.clone()),
            Err(code) => {
                tracing::warn!(target: "highwater::kafka", %code, "cleanup.policy of a topic cannot be read");
                None
            }
        };
        Ok(described.iter().map(policy).collect())
    }

    /// Sorts an error into for now or for good, preferring what the brokers said about the credentials.
    fn failed(&self, what: &str, error: &KafkaError) -> SourceError {
        // A request fails as soon as the connection does; why it did is reported a moment later.
        let deadline = Instant::now() + KAFKA_REASON_WAIT;
        while !matches!(self.context.health.check(), Err(SourceError::Definite(_))) && Instant::now() < deadline {
            self.client.poll(KAFKA_REASON_WAIT / 10);
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed) => {
                Stop::AccessDenied { what: what.into(), detail: error.to_string() }.into()
            }
            _ => match self.context.health.check() {
                Err(refused @ SourceError::Definite(_)) => refused,
                _ => {
                    self.context.health.failed("the brokers", format!("asking about {what}: {error}"));
                    self.context.health.check().expect_err("the failure was put down just now")
                }
            },
        }
    }
}
