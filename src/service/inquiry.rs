//! Questions to the graph from other threads: which meters count, and what is known of an identity.

use crossbeam_channel::{Receiver, Sender, bounded};
use highwater_dataflows::engine::{EventState, IdentityAnswer};
use highwater_dataflows::feed::Place;
use highwater_dataflows::meters::MeterBook;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// Inquiries that may wait at the feeder.
const WAITING_MAX: usize = 1_024;
/// How long an answer may take while an epoch is being counted.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The meters that the next event is read with; the feeder replaces the book, everybody else reads it.
#[derive(Clone, Default)]
pub struct MeterBooks(Arc<RwLock<Arc<MeterBook>>>);

impl MeterBooks {
    pub fn current(&self) -> Arc<MeterBook> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub fn replace(&self, book: Arc<MeterBook>) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = book;
    }
}

/// An event by the parts of its identity.
#[derive(Clone, Debug)]
pub struct EventIdentity {
    pub organization_id: String,
    pub source: String,
    pub id: String,
}

type Inquiry = (EventIdentity, Sender<IdentityAnswer>);

/// Asks the graph, by way of the feeder, which alone holds it.
#[derive(Clone)]
pub struct Inquirer(Sender<Inquiry>);

/// The feeder's end.
pub struct Inquiries(Receiver<Inquiry>);

pub fn inquiries() -> (Inquirer, Inquiries) {
    let (sender, receiver) = bounded(WAITING_MAX);
    (Inquirer(sender), Inquiries(receiver))
}

impl Inquirer {
    /// Blocks until counting has come to what was fed before; `None` too when the service ends meanwhile.
    pub fn ask(&self, identity: EventIdentity) -> Option<(EventState, Place)> {
        let (answer, answered) = bounded(1);
        self.0.send_timeout((identity, answer), ANSWER_WITHIN).ok()?;
        answered.recv_timeout(ANSWER_WITHIN).ok()?.wait()
    }
}

impl Inquiries {
    /// Answers what is waiting.
    pub fn answer(&self, ask: impl Fn(&EventIdentity) -> IdentityAnswer) {
        for (identity, answer) in self.0.try_iter() {
            // Whoever asked may have gone.
            let _ = answer.send(ask(&identity));
        }
    }
}
