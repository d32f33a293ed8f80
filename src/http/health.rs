//! Is it alive, is it ready, and the numbers.

use super::Shared;
use crate::clickhouse::TABLES;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Alive: the process answers. Restarting it would not make it better.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready: it reads, rates and writes. Not ready says why.
pub async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let reasons = shared.status.not_ready();
    let code = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let snapshot = shared.status.snapshot();
    (code, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons, "status": snapshot }))).into_response()
}

pub async fn version() -> Json<serde_json::Value> {
    Json(json!({ "name": "highwater", "version": env!("CARGO_PKG_VERSION") }))
}

/// Prometheus text format.
pub async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let waiting = shared.status.freshness_seconds();
    // An epoch's rows are known to be there when those of all its tables are: one figure, under each table's name.
    for table in TABLES {
        metrics::gauge!("highwater_freshness_seconds", "table" => *table).set(waiting);
    }
    let text = shared.prometheus.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
