//! `POST /v1/rows`: table rows for the embedded log, as `catalog apply` sends them.
//!
//! NDJSON, a row a line: `{"table": "plans", "row": {…}}` or `{"table": "plans", "remove": "KEY"}`. All or nothing: one
//! mistake refuses the whole, as half a catalog is no catalog.

use super::{Problem, Shared};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use highwater_rating::tables::{RowChange, RowMistake, read_line};
use serde_json::json;
use std::sync::Arc;

pub async fn post(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(intake) = &shared.intake else {
        let message = "rows of this set-up come from Kafka; produce to its table topics instead";
        return Problem::new(StatusCode::NOT_FOUND, "no_intake", message).into_response();
    };
    let mut changes = Vec::new();
    let mut mistakes = Vec::new();
    for (nth, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match read_line(line) {
            Ok(RowChange::Nothing) => {}
            Ok(change) => changes.push(change),
            Err(mistake) => mistakes.push(mistake_at(nth + 1, &mistake)),
        }
    }
    if !mistakes.is_empty() {
        let message = "no row was taken; mend the lines below and send all of them again";
        let body = json!({ "code": "invalid_rows", "message": message, "mistakes": mistakes });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    let count = changes.len();
    match intake.take_rows(changes).await {
        Ok(()) => Json(json!({ "acknowledged": count })).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn mistake_at(line: usize, mistake: &RowMistake) -> serde_json::Value {
    json!({ "line": line, "code": mistake.code, "path": mistake.path, "hint": mistake.hint })
}
