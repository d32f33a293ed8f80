//! The sections and their settings. The doc comments are what `config show --schema` hands to editors.

use super::property::Property;
use super::secret::{Secret, SecretError};
use super::units;
use crate::source::kafka::KafkaSettings;
use highwater_rating::tables::Table;
use highwater_settlement::plan::Mode;
use highwater_settlement::policy::{self, Policy, Thresholds};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;
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

/// How final periods become invoices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Close {
    /// Which Stripe customer pays for an organization: a file of lines such as
    /// `{"organizationId": "acme", "customer": "cus_…", "days_until_due": 30}`.
    pub customers: Option<PathBuf>,
    /// Finalise an invoice whose lines all agree; else it is left as a draft.
    pub finalize: bool,
    /// Net terms in days. Absent: the customer's payment method is charged.
    pub days_until_due: Option<u32>,
    /// Stripe tax rates (`txr_…`) of every line; amounts are without tax.
    #[serde(deserialize_with = "names")]
    pub tax_rates: Vec<String>,
    /// Show lines that cost nothing on the invoice.
    pub zero_lines: bool,
    /// Lines in one call, 1 to 250.
    pub batch_lines: u32,
    /// Which invoices wait for somebody's approval.
    pub approval: Approval,
    /// Invoices of at least so many minor units need two persons. Absent: none does.
    pub four_eyes_minor_units: Option<u64>,
    /// An invoice stands out that differs from the last one by more than this, and by more than
    /// `variance_minor_units`.
    pub variance_percent: u32,
    pub variance_minor_units: u64,
    /// An invoice stands out whose corrections of earlier periods come to more than this.
    pub correction_minor_units: u64,
    /// An invoice stands out that is smaller than Stripe charges.
    pub least_minor_units: u64,
    /// Invoices that are sent at once, 1 to 256.
    pub in_flight: usize,
    /// How long an invoice is waited for in one run. What is unknown then stays so until `close resume`. 1s to 1d.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub patience: Duration,
}

impl Default for Close {
    fn default() -> Close {
        let Policy {
            finalize,
            days_until_due,
            tax_rates,
            zero_lines,
            batch_lines,
            approval,
            four_eyes_minor_units,
            flags,
        } = Policy::default();
        Close {
            customers: None,
            finalize,
            days_until_due,
            tax_rates,
            zero_lines,
            batch_lines,
            approval: match approval {
                policy::Approval::All => Approval::All,
                policy::Approval::Flagged => Approval::Flagged,
            },
            four_eyes_minor_units,
            variance_percent: flags.variance_percent,
            variance_minor_units: flags.variance_minor_units,
            correction_minor_units: flags.correction_minor_units,
            least_minor_units: flags.least_minor_units,
            in_flight: 32,
            patience: Duration::from_secs(900),
        }
    }
}

impl Close {
    pub fn policy(&self) -> Policy {
        Policy {
            finalize: self.finalize,
            days_until_due: self.days_until_due,
            tax_rates: self.tax_rates.clone(),
            zero_lines: self.zero_lines,
            batch_lines: self.batch_lines,
            approval: match self.approval {
                Approval::All => policy::Approval::All,
                Approval::Flagged => policy::Approval::Flagged,
            },
            four_eyes_minor_units: self.four_eyes_minor_units,
            flags: Thresholds {
                variance_percent: self.variance_percent,
                variance_minor_units: self.variance_minor_units,
                correction_minor_units: self.correction_minor_units,
                least_minor_units: self.least_minor_units,
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// All of them.
    All,
    /// Those that stand out.
    Flagged,
}

/// The Stripe account that invoices go to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stripe {
    /// A key of the other mode is refused.
    pub mode: StripeMode,
    /// A secret or restricted key: `sk_test_…`, `rk_live_…`. Planning needs none.
    pub api_key: Option<Secret>,
    /// What we call the account. It is part of every idempotency key: never change it while bills are on their way.
    pub account: String,
    /// Where the API answers.
    pub url: String,
    /// How long an answer may take. Beyond it nobody knows what became of the call, and it is asked again. 1s to 5m.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Calls a second, 1 to 1000. Stripe takes 100 of a live account and 25 of a test one, for all who use it.
    pub calls_per_second: u32,
    /// Calls a second at one endpoint, 1 to 1000. Stripe takes 25.
    pub calls_per_second_per_endpoint: u32,
}

impl Default for Stripe {
    fn default() -> Stripe {
        Stripe {
            mode: StripeMode::Test,
            api_key: None,
            account: "main".into(),
            url: "https://api.stripe.com".into(),
            timeout: Duration::from_secs(80),
            calls_per_second: 20,
            calls_per_second_per_endpoint: 20,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StripeMode {
    Test,
    Live,
}

impl From<StripeMode> for Mode {
    fn from(mode: StripeMode) -> Mode {
        match mode {
            StripeMode::Test => Mode::Test,
            StripeMode::Live => Mode::Live,
        }
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
