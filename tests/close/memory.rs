//! A journal in memory, a clock that a test turns, and a process that can be killed at every point.

use highwater::close::clock::Clock;
use highwater::close::journal::{Changes, Journal, JournalError, Kept};
use highwater::close::stripe::{Answer, Call, NoAnswer, Transport};
use highwater_settlement::intent::{Intent, Key};
use highwater_settlement::moment::Moment;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Tokio's paused clock as a time of day.
#[derive(Clone, Copy)]
pub struct Turned {
    started: tokio::time::Instant,
}

impl Turned {
    pub fn new() -> Turned {
        Turned { started: tokio::time::Instant::now() }
    }
}

impl Clock for Turned {
    fn now(&self) -> Moment {
        Moment(super::bills::START.0 + i64::try_from(self.started.elapsed().as_micros()).unwrap())
    }
}

/// What is on disk: it outlives the process.
#[derive(Clone, Default)]
pub struct Disk {
    kept: Arc<Mutex<(Kept, BTreeMap<Key, Intent>)>>,
}

impl Disk {
    pub fn read(&self) -> Kept {
        let kept = self.kept.lock().unwrap();
        Kept { intents: kept.1.values().cloned().collect(), ..kept.0.clone() }
    }

    fn write(&self, changes: Changes) {
        let mut kept = self.kept.lock().unwrap();
        kept.0.undertakings.extend(changes.undertakings);
        kept.0.entries.extend(changes.entries);
        kept.1.extend(changes.intents.into_iter().map(|intent| (intent.key.clone(), intent)));
    }
}

/// A process: it passes points, and at one of them it dies. What waits for it then waits for ever.
#[derive(Clone)]
pub struct Process {
    dies_in: Arc<Mutex<u64>>,
    died: watch::Sender<bool>,
}

impl Process {
    /// Dies at the so many-th point from now.
    pub fn dying_in(points: u64) -> Process {
        Process { dies_in: Arc::new(Mutex::new(points)), died: watch::channel(false).0 }
    }

    pub fn immortal() -> Process {
        Process::dying_in(u64::MAX)
    }

    pub async fn died(&self) {
        let mut died = self.died.subscribe();
        let _ = died.wait_for(|died| *died).await;
    }

    async fn point(&self) {
        let is_over = {
            let mut left = self.dies_in.lock().unwrap();
            *left = left.saturating_sub(1);
            *left == 0
        };
        if is_over {
            self.died.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

/// S-7: the points are before and after what is written is durable …
pub struct Mortal<P> {
    pub of: P,
    pub process: Process,
}

impl Journal for Mortal<Disk> {
    async fn keep(&self, changes: Changes) -> Result<(), JournalError> {
        self.process.point().await;
        self.of.write(changes);
        self.process.point().await;
        Ok(())
    }
}

/// … and before and after a request is answered.
impl<T: Transport> Transport for Mortal<T> {
    async fn exchange(&self, call: &Call) -> Result<Answer, NoAnswer> {
        self.process.point().await;
        let answer = self.of.exchange(call).await;
        self.process.point().await;
        answer
    }
}
