//! Carries bills to Stripe: one after the other within a bill, many bills at once.
//!
//! An intent's request and state are on disk before the first byte leaves, and its answer before the next step. Whoever
//! comes after a crash reads the same intents and goes on; what is not known is asked again or looked up, as the state
//! of the intent says.

mod bill;
mod settle;
mod void;

pub use bill::BillEnd;
pub(super) use bill::drift_event;
pub use settle::event;
pub use void::Word;

use super::clock::Clock;
use super::journal::{Changes, Journal, JournalError, Kept, Undertaking};
use super::stripe::{Stripe, Transport};
use futures::{StreamExt, stream};
use highwater_settlement::intent::{Bill, Intent, Key};
use highwater_settlement::ledger::{Entry, LedgerEvent};
use highwater_settlement::moment::{Moment, Span};
use highwater_settlement::state::{Input, Jitter, State, transition};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// Who acts where nobody decides anything.
pub const SELF: &str = "highwater";

pub struct Closer<T, J, C> {
    pub stripe: Stripe<T>,
    pub journal: J,
    pub clock: C,
    pub jitter: fn() -> Jitter,
    pub limits: Limits,
    /// True once no new intent is to be begun. What was sent is finished.
    pub stopping: watch::Receiver<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bills at once.
    pub in_flight: usize,
    /// How long a bill is waited for in one run. What is unknown then stays so, for `resume`.
    pub patience: Span,
}

/// The intents of one bill.
pub type Intents = BTreeMap<Key, Intent>;

impl<T: Transport, J: Journal, C: Clock> Closer<T, J, C> {
    /// Takes bills on and carries them out, `ended` hearing of each. What of them is in `kept` already is gone on with.
    pub async fn apply(
        &self,
        kept: Kept,
        undertakings: Vec<Undertaking>,
        ended: impl FnMut(&Bill, &BillEnd),
    ) -> Result<(), JournalError> {
        self.journal.keep(Changes { undertakings: undertakings.clone(), ..Changes::default() }).await?;
        let mut intents = intents(kept.intents, self.clock.now(), self.jitter);
        let bills = undertakings.into_iter().map(|undertaking| {
            let intents = intents.remove(&undertaking.invoice.bill).unwrap_or_default();
            (undertaking, intents)
        });
        self.carry(bills.collect(), ended).await
    }

    /// Goes on with everything that was taken on and is neither settled nor voided.
    pub async fn resume(
        &self,
        kept: Kept,
        account: &str,
        ended: impl FnMut(&Bill, &BillEnd),
    ) -> Result<(), JournalError> {
        self.carry(open(kept, account, self.clock.now(), self.jitter), ended).await
    }

    async fn carry(
        &self,
        bills: Vec<(Undertaking, Intents)>,
        mut ended: impl FnMut(&Bill, &BillEnd),
    ) -> Result<(), JournalError> {
        let bills = stream::iter(bills).map(|(undertaking, intents)| async move {
            let end = self.bill(&undertaking, intents).await;
            (undertaking.invoice.bill, end)
        });
        let mut ends = bills.buffer_unordered(self.limits.in_flight.max(1));
        while let Some((bill, end)) = ends.next().await {
            ended(&bill, &end?);
        }
        Ok(())
    }

    fn entry(&self, bill: &Bill, event: LedgerEvent) -> Entry {
        Entry { at: self.clock.now(), bill: bill.clone(), actor: SELF.into(), reason: String::new(), event }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// What of `kept` is still to be done.
fn open(kept: Kept, account: &str, now: Moment, jitter: fn() -> Jitter) -> Vec<(Undertaking, Intents)> {
    let ended = |entry: &Entry| matches!(entry.event, LedgerEvent::Settled { .. } | LedgerEvent::Voided { .. });
    let ended: std::collections::BTreeSet<Bill> =
        kept.entries.iter().filter(|entry| ended(entry)).map(|entry| entry.bill.clone()).collect();
    let mut intents = intents(kept.intents, now, jitter);
    let mine = kept.undertakings.into_iter().filter(|undertaking| undertaking.account == account);
    let open = mine.filter(|undertaking| !ended.contains(&undertaking.invoice.bill));
    open.map(|undertaking| {
        let intents = intents.remove(&undertaking.invoice.bill).unwrap_or_default();
        (undertaking, intents)
    })
    .collect()
}

/// Intents by bill. Whoever sent an intent whose answer is not there is gone.
pub fn intents(kept: Vec<Intent>, now: Moment, jitter: fn() -> Jitter) -> BTreeMap<Bill, Intents> {
    let mut intents: BTreeMap<Bill, Intents> = BTreeMap::new();
    for mut intent in kept {
        if matches!(intent.state, State::Sent { .. }) {
            intent.state = transition(&intent.state, &Input::Restarted, now, jitter());
        }
        intents.entry(intent.bill.clone()).or_default().insert(intent.key.clone(), intent);
    }
    intents
}
