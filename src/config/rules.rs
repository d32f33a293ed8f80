//! Rules that a type cannot hold: ranges, and settings that must fit each other.

use super::layers::Layers;
use super::mistake::{ConfigMistake, code};
use super::property::{self, Property};
use super::secret;
use super::sections::{Config, Kafka, SourceKind};
use super::units;
use crate::close::stripe::ApiKey;
use crate::source::kafka;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

struct Rules<'a> {
    layers: &'a Layers,
    broken: Vec<ConfigMistake>,
}

pub fn broken(config: &Config, layers: &Layers) -> Vec<ConfigMistake> {
    let mut rules = Rules { layers, broken: Vec::new() };
    rules.ranges(config);
    rules.kafka(&config.kafka, config.source.kind);
    rules.clickhouse(config);
    rules.stripe(config);
    rules.paths(config);
    if let Err(error) = config.log.level.parse::<tracing_subscriber::EnvFilter>() {
        rules.add(
            &["log", "level"],
            code::VALUE,
            format!("is no level: {error}"),
            "one of error, warn, info, debug, trace",
        );
    }
    rules.broken
}

pub fn unreadable_secrets(config: &Config, layers: &Layers) -> Vec<ConfigMistake> {
    let mut rules = Rules { layers, broken: Vec::new() };
    for (setting, secret) in [
        (&["clickhouse", "password"], &config.clickhouse.password),
        (&["http", "token"], &config.http.token),
        (&["stripe", "api_key"], &config.stripe.api_key),
    ] {
        if let Some(Err(error)) = secret.as_ref().map(super::Secret::reveal) {
            rules.add(setting, code::SECRET, format!("refers to nothing: {error}"), "");
        }
    }
    if let Some(Ok(key)) = config.stripe.api_key.as_ref().map(super::Secret::reveal)
        && let Err(error) = ApiKey::new(&key, config.stripe.mode.into())
    {
        rules.add(&["stripe", "api_key"], code::VALUE, error.to_string(), "");
    }
    if config.source.kind == SourceKind::Kafka {
        for (name, property) in &config.kafka.properties {
            if let Err(error) = property.reveal() {
                rules.add(&["kafka", "properties", name], code::SECRET, format!("refers to nothing: {error}"), "");
            }
        }
    }
    rules.broken
}

impl Rules<'_> {
    fn add(&mut self, setting: &[&str], code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        let name = setting.join(".");
        self.broken.push(ConfigMistake {
            origin: self.layers.origin_of(setting),
            message: format!("`{name}` {}", message.into()),
            setting: name,
            code,
            help: Some(help.into()).filter(|help| !help.is_empty()),
        });
    }

    fn ranges(&mut self, config: &Config) {
        const HOUR: Duration = Duration::from_secs(3_600);
        let durations = [
            (&["service", "epoch_interval"], config.service.epoch_interval, Duration::from_millis(10)..=HOUR / 60),
            (&["service", "checkpoint_interval"], config.service.checkpoint_interval, HOUR / 36_000..=HOUR),
            (&["events", "horizon"], config.events.horizon, HOUR..=HOUR * 24 * 366),
            (&["events", "future_tolerance"], config.events.future_tolerance, Duration::ZERO..=HOUR * 24),
            (&["clickhouse", "write_timeout"], config.clickhouse.write_timeout, HOUR / 3_600..=HOUR),
            (&["events", "idle_after"], config.events.idle_after, HOUR / 3_600..=HOUR * 24 * 31),
            (&["http", "request_timeout"], config.http.request_timeout, HOUR / 3_600..=HOUR / 6),
            (&["close", "patience"], config.close.patience, HOUR / 3_600..=HOUR * 24),
            (&["stripe", "timeout"], config.stripe.timeout, HOUR / 3_600..=HOUR / 12),
        ];
        for (setting, value, range) in durations {
            self.range(setting, value, range, units::duration::text);
        }
        let (event, body) = (config.events.max_event_bytes, config.http.max_body_bytes);
        let sizes = [
            (&["events", "max_event_bytes"], event, 256..=16 << 20),
            (&["http", "max_body_bytes"], body, 256..=1 << 30),
        ];
        for (setting, value, range) in sizes {
            self.range(setting, value, range, units::size::text);
        }
        if event > body && event <= 16 << 20 {
            let message =
                format!("is {}, less than one event of {}", units::size::text(body), units::size::text(event));
            self.add(&["http", "max_body_bytes"], code::VALUE, message, "");
        }
        self.range(&["service", "workers"], config.service.workers, 1..=64, |count| count.to_string());
        self.range(&["close", "batch_lines"], config.close.batch_lines, 1..=250, |count| count.to_string());
        self.range(&["close", "in_flight"], config.close.in_flight, 1..=256, |count| count.to_string());
        let stripe = &config.stripe;
        for (setting, calls) in [
            ("calls_per_second", stripe.calls_per_second),
            ("calls_per_second_per_endpoint", stripe.calls_per_second_per_endpoint),
        ] {
            self.range(&["stripe", setting], calls, 1..=1_000, |count| count.to_string());
        }
        let batch = config.events.max_batch_events;
        self.range(&["events", "max_batch_events"], batch, 1..=1_000_000, |count| count.to_string());
    }

    fn range<T: PartialOrd + Copy>(
        &mut self,
        setting: &[&str],
        value: T,
        range: RangeInclusive<T>,
        text: impl Fn(T) -> String,
    ) {
        if !range.contains(&value) {
            let bounds = format!("from {} to {}", text(*range.start()), text(*range.end()));
            self.add(setting, code::VALUE, format!("is {}, and may be {bounds}", text(value)), "");
        }
    }

    fn kafka(&mut self, kafka: &Kafka, kind: SourceKind) {
        for (name, property) in &kafka.properties {
            self.property(name, property);
        }
        if kind == SourceKind::Kafka {
            if kafka.brokers.split(',').any(|broker| broker.trim().is_empty()) {
                self.add(
                    &["kafka", "brokers"],
                    code::MISSING,
                    "names no broker",
                    "for example \"broker-1:9092,broker-2:9092\"",
                );
            }
            if kafka.event_topics.is_empty() {
                self.add(&["kafka", "event_topics"], code::MISSING, "names no topic", "");
            }
        }
        for topic in &kafka.event_topics {
            self.topic(&["kafka", "event_topics"], topic);
        }
        self.topic(&["kafka", "dead_letter_topic"], &kafka.dead_letter_topic);
        let tables = kafka.table_topics.all();
        for (number, (table, topic)) in tables.into_iter().enumerate() {
            let setting = ["kafka", "table_topics", table.name()];
            self.topic(&setting, topic);
            if let Some((other, _)) = tables[..number].iter().find(|(_, other)| *other == topic) {
                let message = format!("is {topic}, which carries the table {}", other.name());
                self.add(&setting, code::VALUE, message, "the topic says which table a row belongs to");
            }
            if kafka.event_topics.contains(topic) || *topic == kafka.dead_letter_topic {
                self.add(&setting, code::VALUE, format!("is {topic}, which carries no table rows"), "");
            }
        }
        if kafka.event_topics.contains(&kafka.dead_letter_topic) {
            let help = "a rejected record would be read again for ever";
            self.add(&["kafka", "dead_letter_topic"], code::VALUE, "is also a topic of events", help);
        }
    }

    /// Kafka's own rule for names of topics.
    fn topic(&mut self, setting: &[&str], topic: &str) {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if topic.is_empty() || topic.len() > 249 || topic == "." || topic == ".." || !topic.bytes().all(legal) {
            let help = "1 to 249 letters, digits, `.`, `_` and `-`";
            self.add(setting, code::VALUE, format!("holds {topic:?}, which is no name of a topic"), help);
        }
    }

    fn property(&mut self, name: &str, property: &Property) {
        let setting = ["kafka", "properties", name];
        if let Some(reason) = kafka::owned(name) {
            self.add(&setting, code::RESERVED, "is Highwater's own", reason);
            return;
        }
        let text = match property {
            Property::Text(_) if property::is_secret(name) => {
                self.add(&setting, code::INLINE_SECRET, "holds a secret in the open", secret::HELP);
                return;
            }
            Property::Text(text) => text.as_str(),
            Property::Secret(_) => return,
        };
        // librdkafka is asked for each one alone, so that each wrong one has its own place.
        if let Err(error) = rdkafka::ClientConfig::new().set(name, text).create_native_config() {
            let reason = match error {
                rdkafka::error::KafkaError::ClientConfig(_, reason, _, _) => reason,
                other => other.to_string(),
            };
            self.add(&setting, code::PROPERTY, format!("is refused by librdkafka: {reason}"), "");
        }
    }

    fn clickhouse(&mut self, config: &Config) {
        let clickhouse = &config.clickhouse;
        if clickhouse.embedded {
            if clickhouse.password.is_none() && !clickhouse.listen.ip().is_loopback() {
                let message = "is not loopback, and clickhouse.password is not set";
                self.add(&["clickhouse", "listen"], code::MISSING, message, "anybody could read and change every row");
            }
            if clickhouse.listen == config.service.listen_http && clickhouse.listen.port() != 0 {
                self.add(&["clickhouse", "listen"], code::OVERLAP, "is service.listen_http too", "");
            }
            return;
        }
        match reqwest::Url::parse(&clickhouse.url) {
            Ok(url) if !is_http(&url) => {
                self.add(
                    &["clickhouse", "url"],
                    code::VALUE,
                    "is no http or https address",
                    "for example \"http://clickhouse:8123\"",
                );
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                let help = "set clickhouse.user and clickhouse.password";
                self.add(&["clickhouse", "url"], code::INLINE_SECRET, "holds a user or a password", help);
            }
            Ok(_) => {}
            Err(error) => {
                let help = "for example \"http://clickhouse:8123\"";
                self.add(&["clickhouse", "url"], code::VALUE, format!("is no address: {error}"), help);
            }
        }
    }

    /// A key must not go over a line that others read; a double on this machine has no certificate.
    fn stripe(&mut self, config: &Config) {
        let url = reqwest::Url::parse(&config.stripe.url).ok().filter(is_http);
        let is_near = |url: &reqwest::Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if !url.is_some_and(|url| url.scheme() == "https" || is_near(&url)) {
            self.add(&["stripe", "url"], code::VALUE, "is no https address", "leave it out");
        }
        if config.stripe.account.trim().is_empty() {
            self.add(&["stripe", "account"], code::MISSING, "is empty", "");
        }
    }

    fn paths(&mut self, config: &Config) {
        let data = normal(&config.service.data_dir);
        if let Some(engine) = &config.clickhouse.data_dir
            && data.starts_with(normal(engine))
        {
            let message = "is service.data_dir or a folder above it";
            self.add(&["clickhouse", "data_dir"], code::OVERLAP, message, "leave it out, or name a folder of its own");
        }
        if let Some(catalog) = &config.catalog.directory
            && normal(catalog).starts_with(&data)
        {
            let message = "is inside service.data_dir";
            self.add(&["catalog", "directory"], code::OVERLAP, message, "the data folder may be removed and rebuilt");
        }
    }
}

fn is_http(url: &reqwest::Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Without `.` and with `..` applied, by name only: the folders need not exist yet.
fn normal(path: &Path) -> PathBuf {
    let mut normal = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if normal.components().any(|part| part == Component::ParentDir) {
        let mut applied = PathBuf::new();
        for part in normal.components() {
            match part {
                Component::ParentDir => {
                    applied.pop();
                }
                part => applied.push(part),
            }
        }
        normal = applied;
    }
    normal
}
