//! `POST /v1/rows`: table rows for the embedded log, as `catalog apply` sends them. `GET /v1/rows`: those in force.
//!
//! NDJSON, a row a line: `{"table": "plans", "row": {…}}` or `{"table": "plans", "remove": "KEY"}`. All or nothing: one
//! mistake refuses the whole, as half a catalog is no catalog.

use super::intake::IntakeError;
use super::{Problem, Shared};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use highwater_rating::tables::{RowChange, RowMistake, read_line};
use serde_json::json;
use std::sync::Arc;

pub async fn get(State(shared): State<Arc<Shared>>) -> Response {
    let Some(intake) = shared.intake.clone() else { return no_intake() };
    // The log is read from its first row on, which blocks.
    let read = tokio::task::spawn_blocking(move || intake.rows_in_force()).await;
    match read {
        Ok(Ok(rows)) => {
            let lines = rows.iter().filter_map(|row| serde_json::to_string(row).ok());
            let body: String = lines.flat_map(|line| [line, "\n".into()]).collect();
            ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
        }
        Ok(Err(error)) => Problem::from(error).into_response(),
        Err(_) => Problem::from(IntakeError::Storage("the rows were not read".into())).into_response(),
    }
}

fn no_intake() -> Response {
    let message = "rows of this set-up come from Kafka; read and write its table topics instead";
    Problem::new(StatusCode::NOT_FOUND, "no_intake", message).into_response()
}

pub async fn post(State(shared): State<Arc<Shared>>, body: Result<Bytes, BytesRejection>) -> Response {
    let Some(intake) = &shared.intake else { return no_intake() };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Problem::of_body(&rejection, shared.limits.max_body_bytes).into_response(),
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
    let settling = intake.clone();
    // Reads the rows in force, which blocks.
    let settled = match tokio::task::spawn_blocking(move || settling.settle_rows(changes)).await {
        Ok(Ok(changes)) => changes,
        Ok(Err(error)) => return Problem::from(error).into_response(),
        Err(_) => return Problem::from(IntakeError::Storage("the rows were not read".into())).into_response(),
    };
    match intake.take_rows(settled).await {
        Ok(()) => Json(json!({ "acknowledged": count })).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn mistake_at(line: usize, mistake: &RowMistake) -> serde_json::Value {
    json!({ "line": line, "code": mistake.code, "path": mistake.path, "hint": mistake.hint })
}
