//! What it costs to rate a changed line, and a change of a plan that rates 10,000 customers × 8 meters anew, beside
//! rating them all from their events.
//!
//! The change is measured from the row that goes into the graph to the epoch's changes, whole. `CUSTOMERS` sets another
//! number of customers, `WORKERS` another number of workers than there are processors.

use highwater_dataflows::changes::{EpochChanges, PeriodValue};
use highwater_dataflows::engine::{Engine, Settings, Windows};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_rating::rate::{PeriodUsage, RatedLine, RatedPeriod, SpanUsage, rate};
use highwater_rating::tables::{Aggregation, Row};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const METERS: usize = 8;
const EVENTS_A_METER: usize = 3;
const ROUNDS: usize = 9;

fn main() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let customers = number("CUSTOMERS", 10_000);
    let workers = number("WORKERS", std::thread::available_parallelism().map_or(1, usize::from));
    println!("{customers} customers x {METERS} meters, {workers} workers");
    let (mut from_events, mut changes, mut each) = (Vec::new(), Vec::new(), Vec::new());
    let started = Instant::now();
    let mut house = House::new(workers, customers, "0.5");
    from_events.push(started.elapsed());
    let lines = house.lines();
    for round in 0..ROUNDS {
        // Every line costs something else each time.
        let price = if round % 2 == 0 { "0.75" } else { "0.5" };
        let started = Instant::now();
        house.charge(price);
        let changed = house.seal();
        changes.push(started.elapsed());
        assert_eq!(changed.periods.len(), lines, "the change rates everything anew, and that alone");
        each.push(rate_each(&changed));
    }
    for _ in 1..3 {
        let started = Instant::now();
        drop(House::new(workers, customers, "0.75"));
        from_events.push(started.elapsed());
    }
    let (change, whole, alone) = (middle(changes), middle(from_events), middle(each));
    let ns_a_line = |time: Duration| time.as_nanos() as usize / lines;
    println!("lines                                    {lines:9}");
    println!("rate alone, of one processor             {:9} ns a line", ns_a_line(alone));
    println!(
        "a plan's price changes                   {:9} ns a changed line {:9.1} ms",
        ns_a_line(change),
        ms(change)
    );
    println!("everything from its events               {:9} ns a line         {:9.1} ms", ns_a_line(whole), ms(whole));
    println!("the change takes this part of it         {:9.3}", change.as_secs_f64() / whole.as_secs_f64());
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The one pricing function over the lines of an epoch, without the graph.
fn rate_each(changes: &EpochChanges) -> Duration {
    let rated = |value: &Option<PeriodValue>| match value {
        Some(PeriodValue::Rated(rated)) => rated.clone(),
        other => panic!("no amount: {other:?}"),
    };
    let periods: Vec<Arc<RatedPeriod>> = changes.periods.iter().map(|(_, value)| rated(value)).collect();
    let span = |line: &RatedLine| SpanUsage { span: line.span.clone(), events: line.events, quantity: line.quantity };
    let spans: Vec<Vec<SpanUsage>> = periods.iter().map(|period| period.lines.iter().map(span).collect()).collect();
    let started = Instant::now();
    for (period, spans) in periods.iter().zip(&spans) {
        let aggregation = Aggregation::Sum;
        let usage = PeriodUsage { aggregation, period: period.period, spans, quantity: period.quantity };
        black_box(rate(black_box(&usage)).expect("an amount"));
    }
    started.elapsed()
}

struct Nothing;

impl Recall for Nothing {
    fn recall(&self, _: Place) -> Result<Record, RecallError> {
        Err(RecallError::Gone)
    }
}

struct House {
    engine: Engine,
    first: EpochChanges,
}

impl House {
    /// With every customer's events rated.
    fn new(workers: usize, customers: usize, price: &str) -> House {
        let windows = Windows { minute: false, hour: true, day: false };
        let settings = Settings { workers, windows, archive: false, horizon_us: None, ..Settings::default() };
        let mut house = House { engine: Engine::start(settings, Arc::new(Nothing)), first: EpochChanges::default() };
        house.put((0..METERS).map(|meter| {
            format!(r#"{{"table":"meters","row":{{"name":"m{meter}","feature":"f{meter}","aggregation":"sum"}}}}"#)
        }));
        house.charge(price);
        house.put((0..customers).map(|customer| {
            format!(r#"{{"table":"subscriptions","row":{{"id":"s{customer}","organizationId":"c{customer}","plan":"p","effective_from":"2026-01-01T00:00:00Z","anchor":"2026-01-01T00:00:00","time_zone":"UTC"}}}}"#)
        }));
        let mut text = String::new();
        let mut offset = 0;
        for day in 1..=EVENTS_A_METER {
            for (customer, meter) in (0..customers).flat_map(|customer| (0..METERS).map(move |meter| (customer, meter)))
            {
                text += &format!(
                    "{{\"id\":\"{meter}-{day}\",\"organizationId\":\"c{customer}\",\"feature\":\"f{meter}\",\"timestamp\":\"2026-11-0{day}T10:00:00Z\",\"quantity\":{}}}\n",
                    7 + customer % 5
                );
                if text.len() > 1 << 20 {
                    offset = house.feed(std::mem::take(&mut text), offset);
                }
            }
        }
        house.feed(text, offset);
        house.first = house.seal();
        house
    }

    fn put(&mut self, rows: impl Iterator<Item = String>) {
        let row = |text: String| TableChange::Upsert(serde_json::from_str::<Row>(&text).expect("a row"));
        assert_eq!(self.engine.rows(rows.map(row).collect()), []);
    }

    /// One plan, which charges every meter.
    fn charge(&mut self, price: &str) {
        let charge = |meter: usize| {
            format!(
                r#"{{"meter":"m{meter}","included":10,"model":"graduated","tiers":[{{"up_to":5,"price":"{price}"}},{{"price":"0.1"}}]}}"#
            )
        };
        let charges: Vec<String> = (0..METERS).map(charge).collect();
        let charges = charges.join(",");
        self.put(std::iter::once(format!(
            r#"{{"table":"plans","row":{{"plan":"p","currency":"EUR","effective_from":"2026-01-01T00:00:00Z","charges":[{charges}]}}}}"#
        )));
    }

    fn feed(&mut self, text: String, first_offset: u64) -> u64 {
        let end = first_offset + text.len() as u64;
        self.engine.records(Batch { partition: 0, records: Records::Lines { bytes: text.into(), first_offset } });
        end
    }

    fn seal(&mut self) -> EpochChanges {
        let epoch = self.engine.seal();
        let changes = self.engine.changes().recv().expect("an epoch's changes");
        assert_eq!(changes.epoch, epoch);
        changes
    }

    fn lines(&self) -> usize {
        self.first.periods.len()
    }
}
