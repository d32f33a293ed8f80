//! Stripe as the close sees it: an intent in, one of three outcomes out; objects read back as they are compared.
//!
//! Requests are built by `async-stripe`'s generated types. They are sent by a [`Transport`] of our own and answers are
//! read here: the crate's client drops `Retry-After`, and a success that it cannot decode is an error to it, while the
//! invoice is there all the same.

mod answer;
mod https;
mod key;
mod look;
mod pace;
mod read;
mod request;

pub use https::Https;
pub use key::{ApiKey, KeyError};
pub use pace::{Pace, Rates};
pub use read::{Invoice, ReadError};

use highwater_settlement::intent::{Intent, Request};
use highwater_settlement::moment::Span;
use highwater_settlement::outcome::{Looked, Outcome};

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: Method,
    /// What Stripe counts calls by: the method and path without ids.
    pub endpoint: &'static str,
    /// With its query, from `/v1` on.
    pub path: String,
    pub form: Option<String>,
    /// Only changes have one.
    pub idempotency_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// A whole HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Span>,
    pub body: Vec<u8>,
}

/// No answer, or a broken one: whether the call was executed is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// Carries a call to Stripe, or to what stands in its place.
pub trait Transport: Send + Sync {
    fn exchange(&self, call: &Call) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;
}

/// Every call waits for its turn first.
pub struct Stripe<T> {
    transport: T,
    pace: Pace,
}

impl<T: Transport> Stripe<T> {
    pub fn new(transport: T, rates: Rates) -> Stripe<T> {
        Stripe { transport, pace: Pace::new(rates) }
    }

    /// Makes the intent's change, once.
    pub async fn send(&self, intent: &Intent) -> Outcome {
        let call = match &intent.request {
            Request::VoidInvoice { invoice } => match self.undoing(intent, invoice).await {
                Ok(call) => call,
                Err(outcome) => return outcome,
            },
            request => request::change(request, &intent.key),
        };
        answer::outcome(self.exchange(&call).await)
    }

    /// Whether the intent's effect is there.
    pub async fn look(&self, intent: &Intent) -> Looked {
        look::look(self, intent).await
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, NoAnswer> {
        self.pace.turn(call.endpoint).await;
        self.transport.exchange(call).await
    }
}
