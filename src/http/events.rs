//! `POST /v1/events`: one event, an array of events, or NDJSON.
//!
//! The answer has one result an event, in the order of the body. `acknowledged` means: on disk. What becomes of an
//! acknowledged event is asked by `GET /v1/events/outcome`.

use super::intake::DoorResult;
use super::{Problem, Shared};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use highwater_dataflows::event::{BodyError, BodyErrorCode, split_body};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhichResults {
    #[default]
    All,
    /// Only those that were not plainly acknowledged.
    Exceptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    #[serde(default)]
    results: WhichResults,
}

#[derive(Debug, Serialize)]
struct EventsAnswer {
    received: usize,
    acknowledged: usize,
    duplicate: usize,
    conflicting: usize,
    late: usize,
    rejected: usize,
    results: Vec<EventResult>,
}

#[derive(Debug, Serialize)]
struct EventResult {
    index: usize,
    #[serde(flatten)]
    result: DoorResult,
}

pub async fn post(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match take_in(&shared, query, &headers, body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn take_in(
    shared: &Shared,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<EventsAnswer, Problem> {
    let Some(intake) = &shared.intake else {
        let message = "events of this set-up come from Kafka; produce to its topic instead";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_intake", message));
    };
    let Query(query) = query.map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_query",
            "the one parameter is `results=all` or `results=exceptions`",
        )
    })?;
    let content_type = headers.get(header::CONTENT_TYPE).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    let body = body.map_err(|rejection| Problem::of_body(&rejection, shared.limits.max_body_bytes))?;
    let limit = shared.limits.max_batch_events;
    let slices = split_body(content_type, &body, limit).map_err(|error| split_problem(error, limit))?;
    let records: Vec<Bytes> = slices.into_iter().map(|slice| body.slice_ref(slice)).collect();
    let results = intake.take_in(records).await?;
    Ok(summarize(results, &query.results))
}

fn split_problem(error: BodyError, limit: usize) -> Problem {
    let problem = |status, message: &str| Problem::new(status, error.code.as_str(), message).at(error.offset);
    match error.code {
        BodyErrorCode::UnsupportedMediaType => problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/json, application/cloudevents+json or application/x-ndjson, in UTF-8",
        ),
        BodyErrorCode::TooManyEvents => {
            let message = format!("send at most {limit} events in one request");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &message).limit(limit)
        }
        BodyErrorCode::EmptyBatch => problem(StatusCode::BAD_REQUEST, "there is no event in the body"),
        BodyErrorCode::InvalidUtf8 => problem(StatusCode::BAD_REQUEST, "the body is not UTF-8 at this byte"),
        BodyErrorCode::ByteOrderMark => problem(StatusCode::BAD_REQUEST, "take the byte order mark out"),
        BodyErrorCode::InvalidJson => {
            problem(StatusCode::BAD_REQUEST, "the array cannot be followed beyond this byte; nothing was taken")
        }
        BodyErrorCode::TrailingBytes => problem(StatusCode::BAD_REQUEST, "something follows the array"),
    }
}

fn summarize(results: Vec<DoorResult>, which: &WhichResults) -> EventsAnswer {
    let count = |name: &str| results.iter().filter(|result| result.name() == name).count();
    EventsAnswer {
        received: results.len(),
        acknowledged: count("acknowledged"),
        duplicate: count("duplicate"),
        conflicting: count("conflicting"),
        late: count("late"),
        rejected: count("rejected"),
        results: results
            .into_iter()
            .enumerate()
            .filter(|(_, result)| matches!(which, WhichResults::All) || *result != DoorResult::Acknowledged)
            .map(|(index, result)| EventResult { index, result })
            .collect(),
    }
}
