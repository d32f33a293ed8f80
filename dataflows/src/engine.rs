//! The graph as the service sees it: records and rows in, epochs of changes out.
//!
//! Owns the workers' threads, what is in flight, and the order of what is fed. Does not own where anything comes from
//! or goes to, nor when an epoch ends: the caller seals.

use crate::changes::{Epoch, EpochChanges};
use crate::collect::Collector;
use crate::count::operator::AtClose;
use crate::count::snapshot::{Common, Restored as Counting};
use crate::count::{Count, CountSettings};
use crate::decode::Command;
use crate::event::{DecodeSettings, identity};
use crate::feed::{Batch, Place, Recall, TableChange};
use crate::finals::Told;
use crate::finals::changes::Restored;
use crate::front::{Front, RefusedRow};
use crate::graph::{Hears, Shared, build};
use crate::meters::MeterBook;
use crate::names::{Names, organization_key};
use crate::panic::Failure;
use crate::parcel::{Fed, Permit};
use crate::shard::worker_of;
use crate::snapshot::{Section, Unreadable};
use crate::time::{Time, first_tick, next_tick};
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded, unbounded};
use highwater_rating::time::EventTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use timely::communication::WorkerGuards;
use timely::scheduling::SyncActivator;

pub use crate::count::window::Windows;
pub use crate::panic::WorkerPanic;

/// How long a wait lasts before it is asked whether a worker has failed meanwhile.
const LIVENESS_CHECK: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub struct Settings {
    /// At least one.
    pub workers: usize,
    pub windows: Windows,
    /// Whether accepted events are given out with all their texts.
    pub archive: bool,
    /// How far behind its time of receipt an event may lie, in microseconds; where that time is known.
    pub horizon_us: Option<i64>,
    pub decode: DecodeSettings,
    /// How many batches may be fed and not yet counted.
    pub batches_in_flight: usize,
    /// Whether [`Engine::seal_with_snapshot`] is used. Needs windows, the finer the better: spans are cut anew from them.
    pub snapshots: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            workers: 1,
            windows: Windows::default(),
            archive: true,
            horizon_us: Some(35 * 86_400_000_000),
            decode: DecodeSettings::default(),
            batches_in_flight: 64,
            snapshots: false,
        }
    }
}

/// What became of an event that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    Accepted,
    Retracted,
}

/// The answer to [`Engine::identity`]; it comes when everything that was fed before is decoded.
pub struct IdentityAnswer(Receiver<Option<crate::count::identity::Known>>);

impl IdentityAnswer {
    /// The state of the event and the place of its record; `None` where none of this identity was accepted.
    pub fn wait(self) -> Option<(EventState, Place)> {
        let known = self.0.recv().ok().flatten()?;
        Some((if known.retracted { EventState::Retracted } else { EventState::Accepted }, known.place))
    }
}

struct Handle {
    commands: Sender<Command>,
    told: Sender<(Epoch, Told)>,
    at_close: Sender<(Epoch, AtClose)>,
    recurs: Sender<(Epoch, EventTime)>,
    activator: SyncActivator,
}

impl Handle {
    fn tell(&self, command: Command) {
        // A worker that is gone has failed; `finish` says so.
        if self.commands.send(command).is_ok() {
            let _ = self.activator.activate();
        }
    }
}

pub struct Engine {
    workers: Vec<Handle>,
    guards: Option<WorkerGuards<()>>,
    failure: Arc<Failure>,
    names: Arc<Names>,
    front: Front,
    changes: Receiver<EpochChanges>,
    sealed: Arc<AtomicU64>,
    epoch: Epoch,
    time: Time,
    /// Whether rows were fed at this tick: the next records then belong to the next one.
    rows_at_this_tick: bool,
    sequence: u64,
    permits: (Sender<()>, Receiver<()>),
}

impl Engine {
    /// Starts the workers. They run until the engine is finished or dropped.
    pub fn start(settings: Settings, recall: Arc<dyn Recall>) -> Engine {
        let common = common(&settings, recall);
        let workers = std::iter::repeat_with(|| common.count()).take(settings.workers.max(1)).collect();
        Engine::begin(settings, common.names, Counting { workers, meters: Arc::default() })
    }

    /// Starts them where a snapshot was taken, by the same number of workers or another. Rows of tables are to be fed
    /// before the first record. The first epoch shows everything that stands.
    pub fn resume(settings: Settings, recall: Arc<dyn Recall>, state: &[Section]) -> Result<Engine, Unreadable> {
        let common = common(&settings, recall);
        let counting = common.restore(settings.workers.max(1), state)?;
        common.names.learn_meters(&counting.meters);
        Ok(Engine::begin(settings, common.names, counting))
    }

    fn begin(settings: Settings, names: Arc<Names>, counting: Counting) -> Engine {
        let workers = counting.workers.len();
        let failure = Arc::new(Failure::default());
        let sealed = Arc::new(AtomicU64::new(0));
        let (complete, changes) = unbounded();
        let shared = Shared {
            decode: DecodeSettings { archive: settings.archive, ..settings.decode },
            names: names.clone(),
            collector: Arc::new(Collector::new(workers, complete)),
            sealed: sealed.clone(),
        };
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..workers).map(|_| unbounded::<Command>()).unzip();
        let hearing = |_| {
            let ((tell, told), (close, at_close), (pass, recurs)) = (unbounded(), unbounded(), unbounded());
            ((tell, close, pass), Hears { told, at_close, recurs })
        };
        let (tellers, hears): (Vec<_>, Vec<_>) = (0..workers).map(hearing).unzip();
        // Each worker takes its own, once.
        let counts: Vec<Mutex<Option<Count>>> =
            counting.workers.into_iter().map(|count| Mutex::new(Some(count))).collect();
        let (started, starting) = bounded(workers);
        let watched = failure.clone();
        let guards = timely::execute(timely::Config::process(workers), move |worker| {
            let index = worker.index();
            let (receiver, hears) = (receivers[index].clone(), hears[index].clone());
            watched.watch(worker, |worker| {
                let count = counts[index].lock().unwrap_or_else(PoisonError::into_inner).take();
                let count = count.expect("a worker starts once");
                let activator = build(worker, receiver, hears, count, &shared);
                let _ = started.send((index, activator));
            });
        });
        // Threads of one process need neither files nor network, which is all that can fail here.
        let guards = guards.expect("worker threads start");
        let mut activators: Vec<(usize, SyncActivator)> = starting.iter().take(workers).collect();
        activators.sort_by_key(|(index, _)| *index);
        let workers = senders.into_iter().zip(tellers).zip(activators);
        let handle = |((commands, (told, at_close, recurs)), (_, activator))| Handle {
            commands,
            told,
            at_close,
            recurs,
            activator,
        };
        let workers = workers.map(handle).collect();
        let mut engine = Engine {
            workers,
            guards: Some(guards),
            failure,
            names,
            front: Front::with_meters(counting.meters),
            changes,
            sealed,
            epoch: Epoch(1),
            time: 0,
            rows_at_this_tick: false,
            sequence: 0,
            permits: bounded(settings.batches_in_flight.max(1)),
        };
        engine.advance(first_tick(engine.epoch));
        engine
    }

    /// Feeds a batch. Blocks while too many are in flight; returns at once when a worker has failed.
    pub fn records(&mut self, batch: Batch) {
        loop {
            match self.permits.0.send_timeout((), LIVENESS_CHECK) {
                Ok(()) => break,
                Err(SendTimeoutError::Timeout(())) if !self.failure.happened() => {}
                Err(_) => return,
            }
        }
        let permit = Permit(self.permits.1.clone());
        if self.rows_at_this_tick {
            self.advance(next_tick(self.time));
        }
        let sequence = self.sequence;
        self.sequence += 1;
        let worker = (sequence % self.workers.len() as u64) as usize;
        let fed = Fed { sequence, batch, meters: self.front.meters().clone(), _permit: permit };
        self.workers[worker].tell(Command::Batch(fed));
    }

    /// Feeds table rows. Meters count the records that are fed afterwards. Terms hold for all events, whenever they
    /// were fed. Rows that cannot be taken are returned and change nothing.
    pub fn rows(&mut self, changes: Vec<TableChange>) -> Vec<RefusedRow> {
        let (rows, refused) = self.front.take(changes, &self.names);
        if !rows.is_empty() {
            self.rows_at_this_tick = true;
            self.workers[0].tell(Command::Rows(rows));
        }
        refused
    }

    /// Says how far event time has come: from the open epoch on periods are final and days closed by it, and
    /// what recurs is there. One that lies
    /// further back than an earlier one changes nothing.
    pub fn watermark(&mut self, watermark: EventTime) {
        for worker in &self.workers {
            // A worker that is gone has failed; `finish` says so.
            let _ = worker.told.send((self.epoch, Told::Watermark(watermark)));
            let _ = worker.at_close.send((self.epoch, AtClose::Reach(watermark)));
            let _ = worker.recurs.send((self.epoch, watermark));
        }
    }

    /// Says what was closed before this process. To be told before the first watermark.
    pub fn restore(&mut self, restored: Restored) {
        let workers = self.workers.len();
        let mut shares: Vec<Restored> = Vec::new();
        shares.resize_with(workers, || Restored { watermark: restored.watermark, ..Restored::default() });
        for closed in restored.closed {
            shares[worker_of(organization_key(&closed.organization_id), workers)].closed.push(closed);
        }
        for period in restored.held {
            shares[worker_of(period.organization, workers)].held.push(period);
        }
        for (worker, share) in self.workers.iter().zip(shares) {
            // What recurs is there as far as it was when those periods were closed, and forecasts are of that day.
            if let Some(watermark) = share.watermark {
                let _ = worker.recurs.send((self.epoch, watermark));
                let _ = worker.at_close.send((self.epoch, AtClose::Reach(watermark)));
            }
            let _ = worker.told.send((self.epoch, Told::Restored(share)));
        }
    }

    /// Ends the epoch: everything fed so far belongs to it. Its changes arrive on [`Engine::changes`].
    pub fn seal(&mut self) -> Epoch {
        let sealed = self.epoch;
        self.sealed.store(sealed.0, Ordering::Release);
        self.epoch = Epoch(sealed.0 + 1);
        self.advance(first_tick(self.epoch));
        sealed
    }

    /// The same, and asks for the state at its end: what changed since the last snapshot. It comes with the epoch's
    /// changes.
    pub fn seal_with_snapshot(&mut self) -> Epoch {
        for worker in &self.workers {
            // A worker that is gone has failed; `finish` says so.
            let _ = worker.at_close.send((self.epoch, AtClose::Snapshot));
        }
        self.seal()
    }

    fn advance(&mut self, time: Time) {
        self.time = time;
        self.rows_at_this_tick = false;
        self.workers.iter().for_each(|worker| worker.tell(Command::Advance(time)));
    }

    /// One `EpochChanges` a sealed epoch, whole, in order. Ends when the workers do.
    pub fn changes(&self) -> &Receiver<EpochChanges> {
        &self.changes
    }

    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// The book that the next batch will be read with.
    pub fn meters(&self) -> Arc<MeterBook> {
        self.front.meters().clone()
    }

    /// Whether a worker has panicked; `finish` then says how.
    pub fn has_failed(&self) -> bool {
        self.failure.happened()
    }

    /// Asks what is known of an event, as far as counting has come.
    pub fn identity(&self, organization_id: &str, source: &str, id: &str) -> IdentityAnswer {
        let (answer, answered) = bounded(1);
        let worker = worker_of(organization_key(organization_id), self.workers.len());
        let organization = organization_key(organization_id);
        self.workers[worker].tell(Command::Identity(organization, identity(organization_id, source, id), answer));
        IdentityAnswer(answered)
    }

    /// Ends the inputs and waits for the workers. What was not sealed is not given out.
    pub fn finish(mut self) -> Result<(), WorkerPanic> {
        self.stop();
        self.failure.outcome()
    }

    fn stop(&mut self) {
        for Handle { commands, activator, .. } in self.workers.drain(..) {
            drop(commands);
            let _ = activator.activate();
        }
        if let Some(guards) = self.guards.take() {
            // A panic is told by `Failure`, with its message.
            guards.join().into_iter().for_each(drop);
        }
    }
}

fn common(settings: &Settings, recall: Arc<dyn Recall>) -> Common {
    let Settings { windows, archive, horizon_us, snapshots, .. } = *settings;
    Common {
        settings: CountSettings { windows, archive, horizon_us, snapshots },
        decode: DecodeSettings { archive, ..settings.decode.clone() },
        names: Arc::new(Names::new()),
        recall,
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}
