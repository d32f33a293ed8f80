//! Waiting for one's turn: so many calls a second for the account, and so many for each endpoint.
//!
//! Stripe's own limits are 100 a second for a live account, 25 for a sandbox and 25 for an endpoint
//! (<https://docs.stripe.com/rate-limits>). Ours stay below: others use the account too.

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

/// Calls a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub account: NonZeroU32,
    pub endpoint: NonZeroU32,
}

/// Tokio's clock, which a test can turn.
#[derive(Clone, Debug)]
struct Tokio(Instant);

impl Clock for Tokio {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

type Unobserved = NoOpMiddleware<Nanos>;

pub struct Pace {
    clock: Tokio,
    account: RateLimiter<NotKeyed, InMemoryState, Tokio, Unobserved>,
    endpoints: RateLimiter<&'static str, HashMapStateStore<&'static str>, Tokio, Unobserved>,
}

impl Pace {
    pub fn new(rates: Rates) -> Pace {
        let clock = Tokio(Instant::now());
        // Evenly spread: a burst of a second's calls would be turned away as one.
        let evenly = |rate: NonZeroU32| Quota::per_second(rate).allow_burst(NonZeroU32::MIN);
        Pace {
            account: RateLimiter::direct_with_clock(evenly(rates.account), clock.clone()),
            endpoints: RateLimiter::hashmap_with_clock(evenly(rates.endpoint), clock.clone()),
            clock,
        }
    }

    pub async fn turn(&self, endpoint: &'static str) {
        while let Err(early) = self.endpoints.check_key(&endpoint) {
            self.wait(early.wait_time_from(self.clock.now())).await;
        }
        while let Err(early) = self.account.check() {
            self.wait(early.wait_time_from(self.clock.now())).await;
        }
    }

    /// Tokio's clock ticks in milliseconds.
    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration.max(Duration::from_millis(1))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Rates};
    use std::num::NonZeroU32;
    use std::sync::Arc;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn calls_keep_to_the_rates_of_endpoint_and_account() {
        let rate = |calls| NonZeroU32::new(calls).unwrap();
        let pace = Arc::new(Pace::new(Rates { account: rate(100), endpoint: rate(25) }));
        // calls at each endpoint, endpoints, the least seconds that they take, the most
        for (calls, endpoints, least, most) in
            [(50, &["a"][..], 1.9, 2.2), (50, &["b", "c", "d", "e", "f", "g"], 2.9, 3.4)]
        {
            let began = Instant::now();
            let each = endpoints.iter().flat_map(|endpoint| std::iter::repeat_n(*endpoint, calls)).map(|endpoint| {
                let pace = pace.clone();
                tokio::spawn(async move { pace.turn(endpoint).await })
            });
            futures::future::join_all(each).await;
            let took = began.elapsed().as_secs_f64();
            assert!((least..most).contains(&took), "{calls} calls at {endpoints:?} took {took} s");
        }
    }
}
