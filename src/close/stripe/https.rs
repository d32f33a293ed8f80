//! Carries calls to Stripe over HTTPS. A call is tried once: what follows is decided by the state of its intent.

use super::{Answer, ApiKey, Call, Method, NoAnswer, Transport};
use highwater_settlement::moment::Span;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::time::Duration;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
/// The largest page, 100 lines with everything, is a tenth of this.
const ANSWER_BYTES: usize = 16 << 20;

pub struct Https {
    client: reqwest::Client,
    base: String,
}

impl Https {
    /// `base` is `https://api.stripe.com`, or a double's address.
    pub fn new(base: &str, key: &ApiKey, timeout: Duration) -> Result<Https, NoAnswer> {
        let failed = |error: &dyn std::fmt::Display| NoAnswer(error.to_string());
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| failed(&"the API key is no text"))?;
        bearer.set_sensitive(true);
        let version = HeaderValue::from_str(stripe_client_core::VERSION.as_str()).map_err(|error| failed(&error))?;
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer), (STRIPE_VERSION, version)]);
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("highwater/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Ok(Https { client: client.map_err(|error| failed(&error))?, base: base.trim_end_matches('/').to_owned() })
    }
}

impl Transport for Https {
    async fn exchange(&self, call: &Call) -> Result<Answer, NoAnswer> {
        let method = match call.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.client.request(method, format!("{}{}", self.base, call.path));
        if let Some(form) = &call.form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone());
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let mut response = request.send().await.map_err(no_answer)?;
        let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(no_answer)? {
            if body.len() + bytes.len() > ANSWER_BYTES {
                return Err(NoAnswer(format!("an answer of more than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Answer { status, retry_after, body })
    }
}

/// With its causes; without the address, which has the names of customers and invoices.
fn no_answer(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    NoAnswer(text)
}

/// Seconds. Stripe sends no dates; one is no reason to wait.
fn retry_after(headers: &HeaderMap) -> Option<Span> {
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (0..=86_400).contains(&seconds).then(|| Span::seconds(seconds))
}
