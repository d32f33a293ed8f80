//! How the service ends.

use super::start::ServiceError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was accepted is written.
    Drained,
    /// The time for draining ran out, or a second signal came. What was acknowledged is safe, and is written after the
    /// next start.
    Cut,
}

/// SIGINT and SIGTERM, counted: the first asks for an orderly end, the second ends at once.
pub struct Signals {
    runtime: tokio::runtime::Runtime,
    asked: Arc<AtomicBool>,
    notify: Arc<tokio::sync::Notify>,
}

impl Signals {
    pub fn install() -> Result<Signals, ServiceError> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("io").enable_all().build()?;
        let asked = Arc::new(AtomicBool::new(false));
        let notify = Arc::new(tokio::sync::Notify::new());
        let (interrupt, terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        for (mut signal, code) in [(interrupt, 130), (terminate, 143)] {
            let (asked, notify) = (asked.clone(), notify.clone());
            runtime.spawn(async move {
                while signal.recv().await.is_some() {
                    if asked.swap(true, Ordering::AcqRel) {
                        tracing::warn!("asked twice: ending at once; what was acknowledged is safe");
                        std::process::exit(code);
                    }
                    tracing::info!("asked to end: draining");
                    notify.notify_waiters();
                }
            });
        }
        Ok(Signals { runtime, asked, notify })
    }

    /// The runtime that serves HTTP and talks to ClickHouse.
    pub fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Set once somebody asked for the end.
    pub fn asked(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }

    /// Resolves when the end is asked for.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let (asked, notify) = (self.asked.clone(), self.notify.clone());
        async move {
            // Registered before looking, so that an end between the two is not missed.
            let notified = notify.notified();
            if !asked.load(Ordering::Acquire) {
                notified.await;
            }
        }
    }

    /// Asks for the end from inside.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }
}
