//! A worker that panics: its peers stop instead of waiting for it for ever.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use timely::worker::Worker;

/// How long an idle worker sleeps before it looks whether a peer has failed.
const LIVENESS_CHECK: Duration = Duration::from_millis(100);

/// A worker panicked, so nothing more is counted. The state of all workers is lost with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker panicked: {message}")]
pub struct WorkerPanic {
    pub message: String,
}

/// Whether a worker has panicked, and how the first one did.
#[derive(Default)]
pub struct Failure {
    happened: AtomicBool,
    first: Mutex<Option<String>>,
}

impl Failure {
    pub fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }

    /// Builds a worker's graph and runs it to its end, or until any worker fails.
    pub fn watch(&self, worker: &mut Worker, build: impl FnOnce(&mut Worker)) {
        let run = catch_unwind(AssertUnwindSafe(|| {
            build(worker);
            while !self.happened() && worker.has_dataflows() {
                worker.step_or_park(Some(LIVENESS_CHECK));
            }
        }));
        if let Err(payload) = run {
            self.record(message_of(&*payload));
            resume_unwind(payload);
        }
        // Timely would go on to step what is left, and wait for a peer that is gone.
        worker.installed_dataflows().into_iter().for_each(|dataflow| worker.drop_dataflow(dataflow));
    }

    fn record(&self, message: String) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
        self.happened.store(true, Ordering::Release);
    }

    pub fn outcome(&self) -> Result<(), WorkerPanic> {
        match self.first.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(message) => Err(WorkerPanic { message }),
            None => Ok(()),
        }
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
