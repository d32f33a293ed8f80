//! The double over HTTP, as a real client meets it.

use super::network::Network;
use super::stripe::Arrived;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use highwater::close::clock::Clock;
use std::net::SocketAddr;

/// Answers at the address until the runtime ends. Only `key` is let in.
pub async fn serve<C: Clock + Clone + 'static>(network: Network<C>, key: &'static str) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(answer::<C>).with_state((network, key));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn answer<C: Clock + Clone + 'static>(
    State((network, key)): State<(Network<C>, &'static str)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(&format!("Bearer {key}")) || header("stripe-version").is_none() {
        return Response::builder().status(StatusCode::UNAUTHORIZED).body(Body::empty()).expect("an answer");
    }
    let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    let request = Arrived {
        method: match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "DELETE" => "DELETE",
            _ => "OTHER",
        },
        path: uri.path().to_owned(),
        query: pairs(uri.query().unwrap_or_default().as_bytes()),
        form: pairs(&body),
        key: header("idempotency-key").map(str::to_owned),
    };
    match network.carry(request) {
        Some(reply) => {
            let response = Response::builder().status(reply.status).header("content-type", "application/json");
            let response = reply.retry_after_s.iter().fold(response, |response, s| response.header("retry-after", *s));
            response.body(Body::from(reply.body)).expect("an answer")
        }
        // The caller hears nothing for as long as it listens.
        None => std::future::pending().await,
    }
}
