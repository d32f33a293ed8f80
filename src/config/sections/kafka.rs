//! Where events and tables come from, when they come from Kafka.

use super::names;
use crate::config::property::Property;
use crate::config::secret::SecretError;
use crate::source::kafka::KafkaSettings;
use highwater_rating::tables::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The Kafka cluster; read when `source.kind` is `kafka`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// Bootstrap servers, separated by commas.
    pub brokers: String,
    /// Topics that carry usage events.
    #[serde(deserialize_with = "names")]
    pub event_topics: Vec<String>,
    pub table_topics: TableTopics,
    /// Where records that are no event are kept; written with Kafka Connect's error headers.
    pub dead_letter_topic: String,
    /// The group under which offsets are committed for lag monitors. Progress itself is kept in the manifest.
    pub group_id: String,
    /// Any librdkafka property, such as `sasl.mechanism`; secret ones by reference.
    pub properties: BTreeMap<String, Property>,
}

impl Kafka {
    /// What the source takes, with every secret revealed.
    pub fn revealed(&self) -> Result<KafkaSettings, SecretError> {
        let properties = self.properties.iter().map(|(name, property)| Ok((name.clone(), property.reveal()?)));
        Ok(KafkaSettings {
            brokers: self.brokers.clone(),
            events: self.event_topics.clone(),
            tables: self.table_topics.all().into_iter().map(|(table, topic)| (table, topic.clone())).collect(),
            group: self.group_id.clone(),
            properties: properties.collect::<Result<_, _>>()?,
        })
    }
}

impl Default for Kafka {
    fn default() -> Kafka {
        Kafka {
            brokers: "127.0.0.1:9092".into(),
            event_topics: vec!["highwater.events.v1".into()],
            table_topics: TableTopics::default(),
            dead_letter_topic: "highwater.dead-letters.v1".into(),
            group_id: "highwater".into(),
            properties: BTreeMap::new(),
        }
    }
}

/// One compacted topic a table, which says by its name which table a row belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TableTopics {
    pub meters: String,
    pub plans: String,
    pub add_ons: String,
    pub subscriptions: String,
    pub overrides: String,
    pub grants: String,
    pub credit_policies: String,
    pub adjustments: String,
}

impl TableTopics {
    pub fn all(&self) -> [(Table, &String); 8] {
        [
            (Table::Meters, &self.meters),
            (Table::Plans, &self.plans),
            (Table::AddOns, &self.add_ons),
            (Table::Subscriptions, &self.subscriptions),
            (Table::Overrides, &self.overrides),
            (Table::Grants, &self.grants),
            (Table::CreditPolicies, &self.credit_policies),
            (Table::Adjustments, &self.adjustments),
        ]
    }
}

impl Default for TableTopics {
    fn default() -> TableTopics {
        TableTopics {
            meters: "highwater.meters.v1".into(),
            plans: "highwater.plans.v1".into(),
            add_ons: "highwater.add-ons.v1".into(),
            subscriptions: "highwater.subscriptions.v1".into(),
            overrides: "highwater.overrides.v1".into(),
            grants: "highwater.grants.v1".into(),
            credit_policies: "highwater.credit-policies.v1".into(),
            adjustments: "highwater.adjustments.v1".into(),
        }
    }
}
