//! What is set about Kafka, and what may not be.
//!
//! Every librdkafka property can be passed through, security above all. Those by which this source keeps its promises
//! are ours: setting one is a named mistake instead of a silent loss later.

use crate::source::{SourceError, Stop};
use highwater_rating::tables::Table;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Topics that hold events, usually one.
    pub events: Vec<String>,
    /// Compacted topics that hold table rows, with the table of each.
    pub tables: Vec<(Table, String)>,
    /// Where progress is shown to lag tools. Nothing is read from there.
    pub group: String,
    /// Passed to librdkafka as they are. Values may be secrets and appear in no message.
    pub properties: BTreeMap<String, String>,
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("events", &self.events)
            .field("tables", &self.tables)
            .field("group", &self.group)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What each client is for; all share brokers and security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads records under offsets of ours.
    Reader,
    /// Asks about topics and offsets, reads nothing.
    Lookout,
    /// Writes dead letters.
    Writer,
}

const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "it is set as `kafka.brokers`"),
    ("metadata.broker.list", "it is set as `kafka.brokers`"),
    ("group.id", "it is set as `kafka.group_id`"),
    ("group.instance.id", "partitions are assigned by Highwater itself, not by the group"),
    ("partition.assignment.strategy", "partitions are assigned by Highwater itself, not by the group"),
    ("group.protocol", "partitions are assigned by Highwater itself, not by the group"),
    ("enable.auto.commit", "offsets are kept with the results; the broker's copy is for lag tools"),
    ("auto.commit.enable", "offsets are kept with the results; the broker's copy is for lag tools"),
    ("enable.auto.offset.store", "offsets are kept with the results; the broker's copy is for lag tools"),
    ("auto.offset.reset", "an offset that is gone must stop the source, not skip records"),
    ("isolation.level", "records of aborted transactions were never sent"),
    ("enable.partition.eof", "the end of the table topics is recognised by it"),
    ("allow.auto.create.topics", "a misspelt topic must be a mistake, not an empty topic"),
    ("check.crcs", "a damaged record must stop the source"),
    ("enable.idempotence", "dead letters are written once and in order"),
    ("acks", "dead letters are acknowledged by all replicas"),
    ("request.required.acks", "dead letters are acknowledged by all replicas"),
    ("transactional.id", "dead letters are written without transactions"),
];

/// Why a property may not be set, if it is one of ours.
pub fn owned(property: &str) -> Option<&'static str> {
    OWNED.iter().find(|(name, _)| *name == property).map(|(_, reason)| *reason)
}

impl KafkaSettings {
    /// The first setting that this source cannot keep its promises with, if there is one.
    pub fn check(&self) -> Result<(), SourceError> {
        for (name, reason) in OWNED {
            if self.properties.contains_key(*name) {
                return Err(Stop::OwnedProperty { property: (*name).into(), reason }.into());
            }
        }
        if self.events.is_empty() {
            return Err(Stop::InvalidSettings { detail: "no topic with events is named".into() }.into());
        }
        let mut topics: Vec<&str> = self.tables.iter().map(|(_, topic)| topic.as_str()).collect();
        topics.extend(self.events.iter().map(String::as_str));
        topics.sort_unstable();
        if let Some(pair) = topics.windows(2).find(|pair| pair[0] == pair[1]) {
            // The topic says which table a record belongs to.
            return Err(Stop::InvalidSettings { detail: format!("topic `{}` is named twice", pair[0]) }.into());
        }
        Ok(())
    }

    pub(crate) fn client(&self, role: Role) -> ClientConfig {
        let mut config = ClientConfig::new();
        // Ours that may be overridden: a broker that came back is found within seconds, a full local queue is looked
        // at again at once instead of after a second, and a call that writes gives up after half a minute.
        config.set("reconnect.backoff.max.ms", "2000");
        match role {
            Role::Reader => config.set("fetch.queue.backoff.ms", "20"),
            Role::Writer => config.set("message.timeout.ms", "30000"),
            Role::Lookout => &mut config,
        };
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers).set("allow.auto.create.topics", "false");
        match role {
            Role::Reader => {
                config
                    .set("group.id", &self.group)
                    .set("enable.auto.commit", "false")
                    .set("enable.auto.offset.store", "false")
                    .set("auto.offset.reset", "error")
                    .set("isolation.level", "read_committed")
                    .set("enable.partition.eof", "true")
                    .set("check.crcs", "true");
            }
            Role::Lookout => {}
            Role::Writer => {
                config.set("enable.idempotence", "true").set("acks", "all");
            }
        }
        config
    }
}

/// What a client says about settings that it cannot be built with, without the value.
pub(super) fn creation_failed(error: KafkaError) -> SourceError {
    let detail = match error {
        KafkaError::ClientConfig(_, description, key, value) => {
            let description = match value.is_empty() {
                true => description,
                false => description.replace(&value, "…"),
            };
            format!("`{key}`: {description}")
        }
        KafkaError::ClientCreation(description) => description,
        other => other.to_string(),
    };
    Stop::InvalidSettings { detail }.into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rdkafka::consumer::BaseConsumer;

    pub fn settings(brokers: &str) -> KafkaSettings {
        KafkaSettings {
            brokers: brokers.into(),
            events: vec!["events".into()],
            tables: Vec::new(),
            group: "highwater".into(),
            properties: BTreeMap::new(),
        }
    }

    #[test]
    fn a_property_by_which_promises_are_kept_is_refused_by_name() {
        for (name, _) in OWNED {
            let mut settings = settings("127.0.0.1:9");
            settings.properties.insert((*name).into(), "anything".into());
            let refused = settings.check().unwrap_err();
            assert!(
                matches!(&refused, SourceError::Definite(Stop::OwnedProperty { property, .. }) if property == name)
            );
        }
    }

    #[test]
    fn a_topic_cannot_carry_two_tables_nor_events_and_rows() {
        let refused = |tables: &[(Table, &str)]| {
            let tables = tables.iter().map(|(table, topic)| (*table, (*topic).to_owned())).collect();
            KafkaSettings { tables, ..settings("127.0.0.1:9") }.check().is_err()
        };
        assert!(!refused(&[(Table::Plans, "plans"), (Table::Grants, "grants")]));
        assert!(refused(&[(Table::Plans, "rows"), (Table::Grants, "rows")]));
        assert!(refused(&[(Table::Plans, "events")]));
    }

    #[test]
    fn security_settings_pass_through_and_their_values_appear_nowhere() {
        let mut settings = settings("127.0.0.1:9");
        settings.properties.insert("sasl.password".into(), "hunter2".into());
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.client(Role::Reader).get("sasl.password"), Some("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));

        settings.properties.insert("security.protocol".into(), "hunter2".into());
        let error = settings.client(Role::Reader).create::<BaseConsumer>().err().map(creation_failed).unwrap();
        assert!(error.to_string().contains("security.protocol"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
