//! The HTTP API: events in, their outcomes, health and numbers.
//!
//! Owns status codes and bodies. Does not own what an event is (`dataflows::event`) or how it is kept (`source::log`).
//! An answer is never a 500 for what a client sent: it names the mistake and its place.

mod answer;
mod authorization;
mod events;
mod health;
mod intake;
mod outcome;
mod rows;

pub use answer::Problem;
pub use intake::{Intake, IntakeSettings};
pub use outcome::{Answer, Found, OutcomeReader, Recent};

use crate::config::Secret;
use crate::service::Status;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::timeout::TimeoutLayer;

/// What the handlers share.
pub struct Shared {
    pub status: Arc<Status>,
    pub prometheus: PrometheusHandle,
    /// Absent where events come from Kafka: then nothing is taken in here.
    pub intake: Option<Arc<Intake>>,
    pub outcomes: OutcomeReader,
    /// Asked of every `/v1` request when set.
    pub token: Option<Secret>,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After decompression.
    pub max_body_bytes: usize,
    pub max_batch_events: usize,
    pub request_timeout: Duration,
}

pub fn router(shared: Arc<Shared>) -> Router {
    let limits = shared.limits;
    let v1 = Router::new()
        .route("/v1/events", post(events::post))
        .route("/v1/rows", get(rows::get).post(rows::post))
        .route("/v1/events/outcome", get(outcome::get))
        .route_layer(axum::middleware::from_fn_with_state(shared.clone(), authorization::require_token));
    Router::new()
        .merge(v1)
        .route("/healthz", get(health::healthz))
        .route("/livez", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/version", get(health::version))
        .route("/metrics", get(health::metrics))
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::method_not_allowed)
        // Counted after decompression, so that a small body cannot become a large one.
        .layer(DefaultBodyLimit::max(limits.max_body_bytes))
        .layer(RequestDecompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, limits.request_timeout))
        .layer(axum::middleware::map_response(answer::name_bare_status))
        .with_state(shared)
}
