//! What a client reads when a request as a whole was not right.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `{"code": …, "message": …}`, with the place where there is one.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// Byte offset in the body.
    pub offset: Option<usize>,
    /// The bound that was passed.
    pub limit: Option<usize>,
    pub retry_after_seconds: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into(), offset: None, limit: None, retry_after_seconds: None }
    }

    pub fn at(self, offset: usize) -> Problem {
        Problem { offset: Some(offset), ..self }
    }

    pub fn limit(self, limit: usize) -> Problem {
        Problem { limit: Some(limit), ..self }
    }

    pub fn retry_after(self, seconds: u32) -> Problem {
        Problem { retry_after_seconds: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(offset) = self.offset {
            body["offset"] = offset.into();
        }
        if let Some(limit) = self.limit {
            body["limit"] = limit.into();
        }
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

pub async fn unknown_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_path", "there is nothing here; events go to POST /v1/events")
}

pub async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take that method")
}
