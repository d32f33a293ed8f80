//! The one token that a small set-up may ask of its senders.

use super::{Problem, Shared};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The same answer for a missing and for a wrong token, in the same time.
pub async fn require_token(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Some(token) = &shared.token else { return next.run(request).await };
    let refused = || {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "send the header `Authorization: Bearer TOKEN`")
            .into_response()
    };
    let Ok(expected) = token.reveal() else {
        // A reference that cannot be read must not open the door.
        tracing::error!("the token of [http] cannot be read; requests are refused");
        return refused();
    };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if bool::from(given.as_bytes().ct_eq(expected.as_bytes())) { next.run(request).await } else { refused() }
}
