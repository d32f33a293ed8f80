//! What the service says to an operator beside the records: taken up with the epoch that it belongs to.

use crate::changes::Epoch;
use crossbeam_channel::Receiver;

pub struct Messages<T> {
    receiver: Receiver<(Epoch, T)>,
    /// The first that belongs to a later epoch than was asked for.
    later: Option<(Epoch, T)>,
}

impl<T> Messages<T> {
    pub fn new(receiver: Receiver<(Epoch, T)>) -> Messages<T> {
        Messages { receiver, later: None }
    }

    /// The next message of this epoch or an earlier one.
    pub fn up_to(&mut self, epoch: Epoch) -> Option<T> {
        let (of, message) = self.later.take().or_else(|| self.receiver.try_recv().ok())?;
        if of > epoch {
            self.later = Some((of, message));
            return None;
        }
        Some(message)
    }
}
