//! What can happen between a caller and Stripe, by name, and the transport on which it happens.

use super::stripe::{Arrived, Reply, Stripe};
use highwater::close::clock::Clock;
use highwater::close::stripe::{Answer, Call, Method, NoAnswer, Transport};
use highwater_settlement::moment::Span;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    None,
    /// S-1: it never arrives.
    LostBefore,
    /// S-1: it is executed, and the answer is lost.
    LostAfter,
    /// S-1: the caller gives up, and it is executed so many seconds later.
    Later {
        seconds: u16,
    },
    /// S-2: a server error is kept under the key; nothing was done.
    ErrorKept,
    /// S-2: a server error is kept under the key; all was done.
    ErrorAfter,
    /// A server error before anything began.
    Unavailable,
    /// S-3
    Throttled {
        retry_after_s: Option<u32>,
    },
    /// S-3
    LockTimeout,
    /// S-3: another call with the key is being executed.
    InProgress,
    Unauthorized,
    /// The answer breaks off.
    Torn,
}

/// The double behind a network. Clones are the same double.
#[derive(Clone)]
pub struct Network<C> {
    pub stripe: Arc<Mutex<Stripe>>,
    pub clock: C,
    faults: Arc<dyn Fn(&Arrived) -> Fault + Send + Sync>,
}

impl<C: Clock + Clone + 'static> Network<C> {
    pub fn new(stripe: Stripe, clock: C, faults: impl Fn(&Arrived) -> Fault + Send + Sync + 'static) -> Network<C> {
        Network { stripe: Arc::new(Mutex::new(stripe)), clock, faults: Arc::new(faults) }
    }

    pub fn stripe(&self) -> MutexGuard<'_, Stripe> {
        self.stripe.lock().unwrap()
    }

    /// No reply where the caller hears nothing.
    pub fn carry(&self, request: Arrived) -> Option<Reply> {
        let now = self.clock.now();
        let execute = |request: &Arrived| self.stripe().execute(now, request);
        match (self.faults)(&request) {
            Fault::None => Some(execute(&request)),
            Fault::LostBefore => None,
            Fault::LostAfter => {
                execute(&request);
                None
            }
            Fault::Torn => {
                let reply = execute(&request);
                let half = reply.body.len() / 2;
                Some(Reply { body: reply.body[..half].into(), ..reply })
            }
            Fault::Later { seconds } => {
                if self.stripe().begin(now, &request).is_ok() {
                    let stripe = self.stripe.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
                        stripe.lock().unwrap().end(&request, false);
                    });
                }
                None
            }
            Fault::ErrorKept | Fault::ErrorAfter if request.method != "POST" => Some(unavailable()),
            fault @ (Fault::ErrorKept | Fault::ErrorAfter) => {
                let mut stripe = self.stripe();
                Some(match stripe.begin(now, &request) {
                    Ok(()) if fault == Fault::ErrorKept => stripe.fail(&request),
                    Ok(()) => stripe.end(&request, true),
                    Err(reply) => reply,
                })
            }
            Fault::Unavailable => Some(unavailable()),
            Fault::Throttled { retry_after_s } => {
                let reply = Reply::error(429, "invalid_request_error", "rate_limit", "Too many requests");
                Some(Reply { retry_after_s, ..reply })
            }
            Fault::LockTimeout => Some(Reply::error(429, "invalid_request_error", "lock_timeout", "locked")),
            Fault::InProgress => Some(Reply::error(409, "idempotency_error", "idempotency_key_in_use", "in progress")),
            Fault::Unauthorized => Some(Reply::error(401, "invalid_request_error", "", "Invalid API Key")),
        }
    }
}

fn unavailable() -> Reply {
    Reply { status: 503, retry_after_s: None, body: String::new() }
}

pub fn arrived(call: &Call) -> Arrived {
    let pairs = |text: &str| form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    Arrived {
        method: match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        },
        path: path.to_owned(),
        query: pairs(query),
        form: pairs(call.form.as_deref().unwrap_or_default()),
        key: call.idempotency_key.clone(),
    }
}

/// Without sockets: for a clock that is turned.
impl<C: Clock + Clone + 'static> Transport for Network<C> {
    async fn exchange(&self, call: &Call) -> Result<Answer, NoAnswer> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let reply = self.carry(arrived(call)).ok_or_else(|| NoAnswer("timed out".into()))?;
        let retry_after = reply.retry_after_s.map(|seconds| Span::seconds(seconds.into()));
        Ok(Answer { status: reply.status, retry_after, body: reply.body.into_bytes() })
    }
}
