//! ClickHouse's HTTP interface over the embedded engine.
//!
//! What the official `clickhouse` crate, `clickhouse-connect`, dbt, Grafana and curl send to a server works here:
//! three ways to show credentials, statements in url, body or form, parameters, settings, sessions, rows in and out
//! while the statement runs, and compression in both directions. Not here: `KILL QUERY` by query id, roles and quotas,
//! zstd and Brotli, `external data` in forms, `/play`.
//!
//! There is one user, who may do what the engine can, reading this machine's files with `file()` among it. So the
//! password is as good as an account on this machine; without one only loopback is served, and no web page.

mod answer;
mod ask;
mod body;
mod credentials;
mod execute;
mod formats;
mod frames;
mod results;
mod statement;

pub(super) use credentials::Credentials;

use super::engine::Engine;
use super::exception::{Exception, TOO_MANY_SIMULTANEOUS_QUERIES};
use answer::Answer;
use ask::Ask;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use body::Body;
use credentials::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Statements that run at once; each takes a thread and a connection.
const STATEMENTS_MAX: usize = 64;
/// How long a request waits for one of them to end.
const STATEMENT_WAIT: Duration = Duration::from_secs(10);
/// What a form may hold: a statement and its parameters, no rows.
const FORM_BYTES_MAX: usize = 8 << 20;

struct Front {
    engine: Arc<Engine>,
    credentials: Credentials,
    statements: Arc<Semaphore>,
}

/// Serves until `stop` says so, then lets the requests under way end.
pub(super) async fn serve(
    listener: tokio::net::TcpListener,
    engine: Arc<Engine>,
    credentials: Credentials,
    mut stop: watch::Receiver<bool>,
) {
    let front = Arc::new(Front { engine, credentials, statements: Arc::new(Semaphore::new(STATEMENTS_MAX)) });
    let statements = front.statements.clone();
    let router = axum::Router::new().fallback(handle).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)).with_state(front);
    let stopped = async move {
        // A sender that is gone means the same as one that says stop.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the ClickHouse front ended");
    }
    // Statements whose client has gone may still be running: the engine must not be closed under them.
    let _ = statements.acquire_many(STATEMENTS_MAX as u32).await;
}

async fn handle(State(front): State<Arc<Front>>, request: Request) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut url: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    match request.uri().path() {
        "/ping" | "/replicas_status" => return "Ok.\n".into_response(),
        "/" if reading && !url.iter().any(|(name, _)| name == "query") => return "Ok.\n".into_response(),
        "/" | "/query" => {}
        path => {
            return (
                StatusCode::NOT_FOUND,
                format!(
                    "There is no handle {path}\n\nUse / or /ping for health checks, and POST / with a statement.\n"
                ),
            )
                .into_response();
        }
    }
    let headers = request.headers().clone();
    match front.credentials.check(&headers, &url) {
        Ok(()) => {}
        Err(Refusal::Ask) => {
            let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"ClickHouse server HTTP API\"")];
            let text = "Code: 194. DB::Exception: Password required. (REQUIRED_PASSWORD)\n";
            return (StatusCode::UNAUTHORIZED, challenge, [("x-clickhouse-exception-code", "194")], text)
                .into_response();
        }
        Err(Refusal::Wrong(exception)) => return failure(exception).await,
    }
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
    let body = if is_form {
        match read_form(request).await {
            Ok(fields) => url.extend(fields),
            Err(exception) => return failure(exception).await,
        }
        Body::empty()
    } else {
        Body::receive(request.into_body())
    };
    let mut ask = match Ask::read(url, &headers, &front.engine.settings) {
        Ok(ask) => ask,
        Err(exception) => return failure(exception).await,
    };
    ask.read_only = reading;
    let permit = tokio::time::timeout(STATEMENT_WAIT, front.statements.clone().acquire_owned()).await;
    let Ok(Ok(permit)) = permit else {
        let message = format!("Too many simultaneous queries. Maximum: {STATEMENTS_MAX}");
        return failure(Exception::new(TOO_MANY_SIMULTANEOUS_QUERIES, "TOO_MANY_SIMULTANEOUS_QUERIES", &message)).await;
    };
    let (answer, head, pieces) = Answer::new(common_headers(&front.engine, &ask));
    tokio::task::spawn_blocking(move || {
        execute::execute(&front.engine, &ask, body, answer);
        drop(permit);
    });
    respond(head, pieces).await
}

async fn respond(
    head: tokio::sync::oneshot::Receiver<answer::Head>,
    pieces: tokio::sync::mpsc::Receiver<std::io::Result<bytes::Bytes>>,
) -> Response {
    let Ok(head) = head.await else {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Code: 1002. DB::Exception: The statement ended without an answer.\n",
        )
            .into_response();
    };
    head.map(|()| axum::body::Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(pieces)))
}

/// An exception from before the engine was asked.
async fn failure(exception: Exception) -> Response {
    let (answer, head, pieces) = Answer::new(Vec::new());
    tokio::task::spawn_blocking(move || answer.fail(&exception));
    respond(head, pieces).await
}

async fn read_form(request: Request) -> Result<Vec<(String, String)>, Exception> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        Exception::new(36, "BAD_ARGUMENTS", &format!("The form cannot be read: {error}"))
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| Exception::new(36, "BAD_ARGUMENTS", &format!("The form cannot be read: {error}")))?;
    let mut fields = Vec::new();
    let mut left = FORM_BYTES_MAX;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "query" && !name.starts_with("param_") {
            return Err(Exception::new(
                48,
                "NOT_IMPLEMENTED",
                &format!("Form field {name}: external data is not supported here"),
            ));
        }
        let value = field.text().await.map_err(broken)?;
        left = left.checked_sub(value.len()).ok_or_else(|| {
            Exception::new(
                super::exception::TOO_MANY_BYTES,
                "TOO_MANY_BYTES",
                &format!("A form may hold {FORM_BYTES_MAX} bytes"),
            )
        })?;
        fields.push((name, value));
    }
    Ok(fields)
}

fn common_headers(engine: &Engine, ask: &Ask) -> Vec<(HeaderName, HeaderValue)> {
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    vec![
        (HeaderName::from_static("x-clickhouse-query-id"), text(&ask.query_id)),
        (HeaderName::from_static("x-clickhouse-timezone"), text(&engine.time_zone)),
        (HeaderName::from_static("x-clickhouse-server-display-name"), HeaderValue::from_static("highwater")),
    ]
}
