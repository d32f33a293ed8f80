//! Each part of the service, opened as the settings say.

use super::EventIdentity;
use super::clickhouse_writer::ClickHouseWriter;
use super::inquiry::{Inquirer, MeterBooks};
use super::start::{ServiceError, decode_settings};
use super::status::Status;
use super::stop::Signals;
use super::writer::Writer;
use crate::clickhouse::embedded::{EmbeddedEngine, Running, Settings as EmbeddedSettings};
use crate::clickhouse::{ClickHouseSettings, Databases, Secret, Sink, Store};
use crate::config::{Config, SourceKind};
use crate::http::{self, Found, Intake, IntakeSettings, Limits, OutcomeReader, Recent, Shared};
use crate::source::kafka::{DeadLetters, KafkaSettings, KafkaSource};
use crate::source::log::{EventLog, LogSource};
use crate::source::{Source, SourceError, Start};
use highwater_dataflows::engine::{Engine, EventState};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a broker may be away at the start before the command ends with "unavailable".
const KAFKA_PATIENCE: Duration = Duration::from_secs(60);

/// The embedded engine where the settings ask for it, and the way to ClickHouse in either case.
pub fn clickhouse(config: &Config, runtime: &Runtime) -> Result<(Option<Running>, Store), ServiceError> {
    let settings = &config.clickhouse;
    let password = settings.password.as_ref().map(crate::config::Secret::reveal).transpose();
    let password =
        Secret::new(password.map_err(|error| ServiceError::Configuration(error.to_string()))?.unwrap_or_default());
    let mut url = settings.url.clone();
    let mut running = None;
    if settings.embedded {
        let engine = runtime
            .block_on(EmbeddedEngine::start(EmbeddedSettings {
                library: settings.library.clone().unwrap_or_else(EmbeddedSettings::default_library),
                data_dir: settings.data_dir.clone().unwrap_or_else(|| config.service.data_dir.join("clickhouse")),
                listen: settings.listen,
                user: settings.user.clone(),
                password: password.clone(),
            }))
            .map_err(|error| ServiceError::Unavailable(error.to_string()))?;
        url = engine.url();
        running = Some(engine);
    }
    let databases = Databases::default();
    let (user, write_timeout) = (settings.user.clone(), settings.write_timeout);
    let store = Store::connect(&ClickHouseSettings { url, user, password, databases, write_timeout });
    Ok((running, store))
}

/// The source of events, and the log itself where the door writes to it.
pub struct Opened {
    pub source: Box<dyn Source>,
    pub log: Option<EventLog>,
}

pub fn source(config: &Config, start: Start) -> Result<Opened, ServiceError> {
    let unavailable = |error: SourceError| ServiceError::Unavailable(error.to_string());
    match config.source.kind {
        SourceKind::Log => {
            let log = EventLog::open(&config.service.data_dir.join("log"))
                .map_err(|error| ServiceError::Unavailable(error.to_string()))?;
            let source = LogSource::new(log.clone(), &start).map_err(unavailable)?;
            Ok(Opened { source: Box::new(source), log: Some(log) })
        }
        SourceKind::Kafka => {
            let settings = kafka_settings(config)?;
            let source = KafkaSource::open_within(&settings, start, KAFKA_PATIENCE).map_err(unavailable)?;
            Ok(Opened { source: Box::new(source), log: None })
        }
    }
}

fn kafka_settings(config: &Config) -> Result<KafkaSettings, ServiceError> {
    config.kafka.revealed().map_err(|error| ServiceError::Configuration(error.to_string()))
}

/// Where released rows go.
pub fn writer(
    config: &Config,
    store: &Store,
    engine: &Engine,
    meters: MeterBooks,
    status: Arc<Status>,
    runtime: &Runtime,
) -> Result<Box<dyn Writer>, ServiceError> {
    let dead_letters = match config.source.kind {
        SourceKind::Log => None,
        SourceKind::Kafka => {
            let dead_letters = DeadLetters::new(&kafka_settings(config)?, &config.kafka.dead_letter_topic);
            Some(dead_letters.map_err(|error| ServiceError::Configuration(error.to_string()))?)
        }
    };
    Ok(Box::new(ClickHouseWriter {
        sink: Sink::new(store.clone()),
        store: store.clone(),
        names: engine.names().clone(),
        meters,
        status,
        runtime: runtime.handle().clone(),
        dead_letters,
    }))
}

/// The exporter is one a process, however many services a test starts in it.
fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let start = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // A recorder that somebody else installed keeps its numbers to itself.
        let _ = metrics::set_global_recorder(recorder);
        metrics::gauge!("highwater_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        handle
    };
    HANDLE.get_or_init(start).clone()
}

/// What the HTTP handlers share.
pub fn shared(
    config: &Config,
    opened: &Opened,
    engine: &Engine,
    inquirer: Inquirer,
    meters: MeterBooks,
    store: &Store,
    status: Arc<Status>,
) -> Arc<Shared> {
    let recent = Arc::new(Recent::default());
    let settings = IntakeSettings {
        decode: decode_settings(config),
        horizon_us: i64::try_from(config.events.horizon.as_micros()).unwrap_or(i64::MAX),
    };
    let intake = opened
        .log
        .clone()
        .map(|log| Arc::new(Intake::new(log, engine.names().clone(), meters, settings, recent.clone())));
    let graph = move |identity: EventIdentity| {
        let (state, _) = inquirer.ask(identity)?;
        Some(Found::plain(match state {
            EventState::Accepted => "accepted",
            EventState::Retracted => "retracted",
        }))
    };
    let store = store.clone();
    let clickhouse = move |identity: EventIdentity| -> http::Answer {
        let store = store.clone();
        Box::pin(async move { super::outcome::look_up(&store, &identity).await })
    };
    Arc::new(Shared {
        status,
        prometheus: prometheus(),
        intake,
        outcomes: OutcomeReader { graph: Box::new(graph), clickhouse: Box::new(clickhouse), recent },
        token: config.http.token.clone(),
        limits: Limits {
            max_body_bytes: config.http.max_body_bytes,
            max_batch_events: config.events.max_batch_events,
            request_timeout: config.http.request_timeout,
        },
    })
}

/// Listens, and answers until the end is asked for.
pub fn serve(config: &Config, shared: Arc<Shared>, signals: &Signals) -> Result<SocketAddr, ServiceError> {
    let runtime = signals.runtime();
    let address = config.service.listen_http;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).map_err(|error| {
        ServiceError::Configuration(format!("cannot listen on {address} (service.listen_http): {error}"))
    })?;
    let address = listener.local_addr()?;
    let ended = signals.ended();
    runtime.spawn(async move {
        let serving = axum::serve(listener, http::router(shared)).with_graceful_shutdown(ended);
        if let Err(error) = serving.await {
            tracing::error!(%error, "HTTP has stopped");
        }
    });
    Ok(address)
}
