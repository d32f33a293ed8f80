//! The Kafka cluster and its topics: reachable, there, and kept as they must be.

use super::{PATIENCE, Probe};
use crate::config::Kafka;
use crate::source::kafka::Role;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::time::Instant;

pub async fn cluster(kafka: &Kafka) -> Vec<Probe> {
    let start = Instant::now();
    let probe = Probe::new("kafka", kafka.brokers.clone());
    let mut client = match kafka.revealed() {
        Ok(settings) => settings.client(Role::Lookout),
        Err(error) => return vec![probe.failed(error.to_string(), "see `highwater check`")],
    };
    // The library's own lines would say on standard error what the row says.
    client.set_log_level(rdkafka::config::RDKafkaLogLevel::Critical);
    let admin: AdminClient<DefaultClientContext> = match client.create() {
        Ok(admin) => admin,
        Err(error) => return vec![probe.failed(reason(&error), "see [kafka.properties]")],
    };
    // Asking for the list of topics blocks its thread.
    let asked = tokio::task::spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(None, PATIENCE).map(|metadata| {
            let topics = metadata.topics().iter().filter(|topic| topic.error().is_none());
            let partitions: BTreeMap<String, usize> =
                topics.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect();
            (metadata.brokers().len(), partitions)
        });
        (admin, metadata)
    });
    let Ok((admin, metadata)) = asked.await else { return vec![probe.failed("asking it panicked", "report this")] };
    let (brokers, partitions) = match metadata {
        Ok(found) => found,
        Err(error) => {
            let advice = "check kafka.brokers, the network and the security settings of [kafka.properties]";
            return vec![probe.failed(reason(&error), advice)];
        }
    };
    let mut probes = vec![probe.since(start).found(format!("{brokers} broker(s)"))];
    let policies = cleanup_policies(&admin, &expected(kafka)).await;
    for (topic, kind) in expected(kafka) {
        let policy = policies.get(&topic).map(String::as_str);
        probes.push(self::topic(&topic, kind, partitions.get(&topic).copied(), policy));
    }
    probes
}

/// What a topic is for decides how it must be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Events,
    DeadLetters,
    Table,
}

fn expected(kafka: &Kafka) -> BTreeMap<String, Kind> {
    let tables = kafka.table_topics.all().into_iter().map(|(_, topic)| (topic.clone(), Kind::Table));
    let events = kafka.event_topics.iter().map(|topic| (topic.clone(), Kind::Events));
    tables.chain([(kafka.dead_letter_topic.clone(), Kind::DeadLetters)]).chain(events).collect()
}

fn topic(name: &str, kind: Kind, partitions: Option<usize>, policy: Option<&str>) -> Probe {
    let probe = Probe::new(
        match kind {
            Kind::Events => "kafka events",
            Kind::DeadLetters => "kafka dead letters",
            Kind::Table => "kafka table",
        },
        name,
    );
    let Some(partitions) = partitions else {
        let policy = if kind == Kind::Table { " --config cleanup.policy=compact" } else { "" };
        let advice = format!("kafka-topics.sh --create --topic {name}{policy} --bootstrap-server BROKER");
        return probe.failed("there is no such topic", advice);
    };
    let compacted = policy.is_some_and(|policy| policy.contains("compact"));
    match kind {
        Kind::Events if compacted => probe.failed(
            "it is compacted: events with one key replace each other",
            "set its cleanup.policy to delete, and send the events again",
        ),
        Kind::Table if policy.is_some() && !compacted => probe.warning(
            format!("{partitions} partition(s), not compacted: rows are lost when they grow old"),
            "set its cleanup.policy to compact",
        ),
        _ => probe.found(format!("{partitions} partition(s)")),
    }
}

/// Topics whose settings this user may not see are left out.
async fn cleanup_policies(
    admin: &AdminClient<DefaultClientContext>,
    topics: &BTreeMap<String, Kind>,
) -> BTreeMap<String, String> {
    let topics: Vec<_> = topics.keys().map(|name| ResourceSpecifier::Topic(name)).collect();
    let options = AdminOptions::new().request_timeout(Some(PATIENCE));
    let answers = admin.describe_configs(topics.iter(), &options).await.unwrap_or_default();
    let policy = |resource: rdkafka::admin::ConfigResource| {
        let rdkafka::admin::OwnedResourceSpecifier::Topic(name) = &resource.specifier else { return None };
        Some((name.clone(), resource.get("cleanup.policy")?.value.clone()?))
    };
    answers.into_iter().flatten().filter_map(policy).collect()
}

/// A mistake in a property may hold the property's value, which may be a secret.
fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, name, _) => format!("the property {name} is refused by librdkafka"),
        other => other.to_string(),
    }
}
