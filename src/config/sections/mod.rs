//! The sections and their settings. The doc comments are what `config show --schema` hands to editors.

mod close;
mod kafka;

pub use close::{Approval, Close, Stripe, StripeMode};
pub use kafka::{Kafka, TableTopics};

use super::secret::Secret;
use super::units;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Highwater's settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub service: Service,
    pub source: Source,
    pub kafka: Kafka,
    pub clickhouse: ClickHouse,
    pub catalog: Catalog,
    pub events: Events,
    pub http: Http,
    pub close: Close,
    pub stripe: Stripe,
    pub log: Log,
}

/// The process itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Everything that survives a restart: the manifest, checkpoints, the embedded log, the embedded engine's tables.
    pub data_dir: PathBuf,
    /// How often the dataflow seals what it has read and shows it. 10ms to 60s.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub epoch_interval: Duration,
    /// How often the state is kept in `state` of the data folder, so that a start reads on from there. 100ms to 1h.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub checkpoint_interval: Duration,
    /// Worker threads of the dataflow, 1 to 64.
    pub workers: usize,
    /// Where the HTTP API listens: events in, outcomes, health, metrics.
    #[schemars(with = "String")]
    pub listen_http: SocketAddr,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            data_dir: PathBuf::from("data"),
            epoch_interval: Duration::from_secs(1),
            checkpoint_interval: Duration::from_secs(30),
            workers: 1,
            listen_http: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

/// Where events and table rows come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    pub kind: SourceKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The embedded durable log, fed by `POST /v1/events` and `catalog apply`.
    #[default]
    Log,
    /// Apache Kafka.
    Kafka,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClickHouse {
    /// Run the ClickHouse engine inside this process. When false, `url` names a server.
    pub embedded: bool,
    /// A ClickHouse server's HTTP interface, such as `http://clickhouse:8123`. Not read when `embedded`.
    pub url: String,
    /// The server's user; embedded, the name under which analysts' tools connect.
    pub user: String,
    /// The user's password. Embedded without one, the engine may listen on loopback only.
    pub password: Option<Secret>,
    /// Where the embedded engine answers ClickHouse's HTTP interface.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The engine's library file. Absent: looked for beside the program and in the folder that `make engine` fills.
    pub library: Option<PathBuf>,
    /// The embedded engine's tables. Absent: `clickhouse` inside `service.data_dir`.
    pub data_dir: Option<PathBuf>,
    /// How long the answer to a write may take. Beyond it nobody knows whether the rows are there, and they are
    /// written again, which changes nothing that is there. 1s to 1h.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
}

impl Default for ClickHouse {
    fn default() -> ClickHouse {
        ClickHouse {
            embedded: true,
            url: "http://127.0.0.1:8123".into(),
            user: "default".into(),
            password: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8123)),
            library: None,
            data_dir: None,
            write_timeout: Duration::from_secs(120),
        }
    }
}

/// Catalog files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Catalog {
    /// The folder of catalog files that `check` and `catalog plan` read when no `--catalog` is given.
    pub directory: Option<PathBuf>,
}

/// What an event may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// An event further than this behind its own receipt is `late`. 1h to 366d.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub horizon: Duration,
    /// How far ahead of its own receipt an event's time may be.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub future_tolerance: Duration,
    /// A partition that is read to its end and brings nothing for so long does not hold back when periods are final.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub idle_after: Duration,
    /// What becomes of an event without a `timestamp`.
    pub missing_timestamp: MissingTimestamp,
    /// The largest event, in bytes of its JSON.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub max_event_bytes: usize,
    /// The most events in one HTTP request.
    pub max_batch_events: usize,
    /// Keep every accepted event in ClickHouse, so that a line can be explained down to its events.
    pub archive: bool,
}

impl Default for Events {
    fn default() -> Events {
        Events {
            horizon: Duration::from_secs(35 * 86_400),
            future_tolerance: Duration::from_secs(300),
            idle_after: Duration::from_secs(600),
            missing_timestamp: MissingTimestamp::default(),
            max_event_bytes: 64 << 10,
            max_batch_events: 10_000,
            archive: true,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingTimestamp {
    /// The event is rejected.
    #[default]
    Reject,
    /// The event's time is that of its receipt.
    Receipt,
}

/// Bounds of the HTTP API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The largest request body, after decompression.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub max_body_bytes: usize,
    /// How long a request may take from its first byte to the answer.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub request_timeout: Duration,
    /// What senders must show as `Authorization: Bearer TOKEN`. Absent: nobody is asked.
    pub token: Option<Secret>,
}

impl Default for Http {
    fn default() -> Http {
        Http { max_body_bytes: 8 << 20, request_timeout: Duration::from_secs(30), token: None }
    }
}

/// Logs go to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace` for Highwater's own lines, or directives for everything, such as
    /// `info,highwater::source=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::default(), level: "info".into() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Pretty,
    Json,
}

/// A list of names; one text with commas is a list too, so that a variable can hold it.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> de::Visitor<'de> for Names {
        type Value = Vec<String>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of names")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(text.split(',').map(|name| name.trim().to_owned()).collect())
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = list.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    deserializer.deserialize_any(Names)
}
