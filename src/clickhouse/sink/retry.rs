//! A server that is slow or gone delays, and loses nothing: the same rows are written again until they are there.

use super::{EpochWrite, Sink, Written};
use crate::clickhouse::StoreError;
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::{Duration, Instant};

/// First wait and longest wait between two tries.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// Short: one writer asks, and what it waits longer than the outage, every row is late.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// A write that did not succeed yet.
#[derive(Debug)]
pub struct Delay<'a> {
    /// Tries so far.
    pub tries: u32,
    /// Since the first one began.
    pub since: Duration,
    pub next_try_in: Duration,
    pub error: &'a StoreError,
}

impl Sink {
    /// Writes, however long that takes; `on_delay` hears of every try that failed, before the wait for the next.
    pub async fn write_until_done(&mut self, write: &EpochWrite<'_>, mut on_delay: impl FnMut(&Delay<'_>)) -> Written {
        let mut waits = Waits::new();
        loop {
            match self.write(write).await {
                Ok(written) => return written,
                Err(error) => waits.wait(&error, &mut on_delay).await,
            }
        }
    }

    /// [`Sink::sweep`], however long that takes.
    pub async fn sweep_until_done(&self, generation: u64, mut on_delay: impl FnMut(&Delay<'_>)) {
        let mut waits = Waits::new();
        while let Err(error) = self.sweep(generation).await {
            waits.wait(&error, &mut on_delay).await;
        }
    }
}

struct Waits {
    began: Instant,
    tries: u32,
    backoff: backon::ExponentialBackoff,
}

impl Waits {
    fn new() -> Waits {
        let builder = ExponentialBuilder::default().with_min_delay(WAIT_MIN).with_max_delay(WAIT_MAX);
        Waits { began: Instant::now(), tries: 0, backoff: builder.with_jitter().without_max_times().build() }
    }

    async fn wait(&mut self, error: &StoreError, on_delay: &mut impl FnMut(&Delay<'_>)) {
        self.tries += 1;
        let determinacy = if error.is_definite() { "definite" } else { "indefinite" };
        metrics::counter!("highwater_clickhouse_write_failures_total", "determinacy" => determinacy).increment(1);
        let next_try_in = self.backoff.next().unwrap_or(WAIT_MAX);
        on_delay(&Delay { tries: self.tries, since: self.began.elapsed(), next_try_in, error });
        tokio::time::sleep(next_try_in).await;
    }
}
