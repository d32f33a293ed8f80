//! What a client reads when a request as a whole was not right.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
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

    /// A body that did not come whole, or is larger than `limit` bytes after decompression.
    pub fn of_body(rejection: &BytesRejection, limit: usize) -> Problem {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let message = format!("the body is larger than {limit} bytes; send smaller batches");
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message).limit(limit);
        }
        Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body ended early or its encoding is damaged")
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
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
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

/// The layers around the handlers refuse with a status alone; a client reads the same kind of answer from all of them.
pub async fn name_bare_status(response: Response) -> Response {
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let problem = |code, message| Problem::new(response.status(), code, message).into_response();
    match response.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            problem("unsupported_encoding", "send the body as it is, or with `Content-Encoding: gzip`")
        }
        StatusCode::REQUEST_TIMEOUT => {
            problem("timeout", "the request took too long; send it again, what was taken already counts once")
        }
        _ => response,
    }
}
