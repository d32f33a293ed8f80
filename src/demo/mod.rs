//! `highwater demo`: everything in one process, with plausible traffic, and a table of who is over what.
//!
//! Owns the traffic and the screen. The service is the one that `highwater run` starts.

mod customers;
mod queries;
mod send;
mod table;
mod traffic;

use crate::config::{Config, SourceKind};
use crate::service::{Ended, Phase, Service, ServiceError, Signals};
use highwater_rating::catalog::{CatalogText, parse};
use highwater_rating::tables::{Row, Table};
use highwater_rating::time::EventTime;
use indicatif::{ProgressBar, ProgressStyle};
use queries::Reader;
use send::{Sender, now};
use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use traffic::Traffic;

const DAY_US: i64 = 86_400 * 1_000_000;
/// How far back the history reaches: some of the current period, within what is still admitted.
const HISTORY_DAYS: i64 = 21;
/// Events of the history: enough that the large customers are over their limits.
const HISTORY_EVENTS: usize = 120_000;
/// Between two pictures of the table.
const REDRAW: Duration = Duration::from_secs(1);
/// The live traffic's seed; the history has its own.
const SEED: u64 = 20_261_101;

/// The price list of the product that Highwater started for.
const EXAMPLE: [CatalogText<'static>; 3] = [
    CatalogText { name: "meters.toml", text: include_str!("../../schemas/catalog/example/meters.toml") },
    CatalogText { name: "plans.toml", text: include_str!("../../schemas/catalog/example/plans.toml") },
    CatalogText { name: "add-ons.toml", text: include_str!("../../schemas/catalog/example/add-ons.toml") },
];

#[derive(Clone, Debug)]
pub struct Demo {
    pub organizations: usize,
    /// Events a second.
    pub rate: u32,
    /// Absent: until it is interrupted.
    pub duration: Option<Duration>,
    pub show_table: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("{0:#}")]
    Traffic(#[from] anyhow::Error),
}

pub fn run(mut config: Config, demo: &Demo) -> Result<Ended, DemoError> {
    let started = Instant::now();
    config.source.kind = SourceKind::Log;
    config.clickhouse.embedded = true;
    config.service.data_dir = config.service.data_dir.join("demo");
    let first_time = !config.service.data_dir.join("log").exists();
    let signals = Signals::install().map_err(DemoError::from)?;
    say("starting the embedded log, the dataflow and the ClickHouse engine");
    let service = Service::start(&config, &signals)?;
    let runtime = signals.runtime();
    let sender = Sender::new(service.http_address).map_err(anyhow::Error::from)?;
    let reader = Reader::new(&service.clickhouse_url, &config.clickhouse)?;
    let customers = customers::customers(demo.organizations.max(1));
    let began = EventTime((now().0 - (HISTORY_DAYS + 60) * DAY_US).div_euclid(DAY_US) * DAY_US);
    let mut of_customers = customers::subscriptions(&customers, began);
    of_customers.extend(customers::grants(&customers, began));
    runtime.block_on(sender.rows(&lines(catalog(), of_customers)))?;
    let run_name = format!("demo-{}", now().0);
    let mut traffic = Traffic::new(SEED, run_name, customers);
    if first_time {
        let from = EventTime(now().0 - HISTORY_DAYS * DAY_US);
        let history = traffic.between(from, now(), HISTORY_EVENTS);
        let bar = bar(history.len() as u64, "events of the last three weeks");
        runtime.block_on(sender.events(&history, |count| bar.inc(count as u64)))?;
        bar.finish();
    }
    let live = runtime.spawn(send_live(sender, traffic, demo.rate));
    say(&format!("waiting for the first rated rows ({} s so far)", started.elapsed().as_secs()));
    while service.status().snapshot().phase != Phase::Running || service.status().snapshot().epoch_written == 0 {
        if signals.asked().load(Ordering::Acquire) {
            return Ok(service.until_end(&signals)?);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    say(&format!("first rated rows after {:.1} s", started.elapsed().as_secs_f64()));
    watch(demo, &signals, &service, &reader);
    live.abort();
    signals.ask();
    Ok(service.until_end(&signals)?)
}

fn catalog() -> Vec<Row> {
    // The files are part of the program and checked by its tests.
    parse(&EXAMPLE).map(|catalog| catalog.rows).unwrap_or_default()
}

/// Rows of everything but the example's own customers, as lines for the log.
fn lines(catalog: Vec<Row>, of_customers: Vec<Row>) -> Vec<String> {
    let rows = catalog.into_iter().filter(|row| matches!(row.table(), Table::Meters | Table::Plans | Table::AddOns));
    rows.chain(of_customers).filter_map(|row| serde_json::to_string(&row).ok()).collect()
}

async fn send_live(sender: Sender, mut traffic: Traffic, rate: u32) {
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let mut from = now();
    loop {
        tick.tick().await;
        let to = now();
        let count = (i128::from(rate) * i128::from(to.0 - from.0) / 1_000_000) as usize;
        if count == 0 {
            continue;
        }
        let events = traffic.between(from, to, count);
        from = to;
        if let Err(error) = sender.events(&events, |_| {}).await {
            // The service is ending, or says itself what is wrong.
            tracing::debug!(%error, "live traffic was not taken");
        }
    }
}

/// Draws until the time is over or somebody interrupts. What is no terminal gets the last picture alone.
fn watch(demo: &Demo, signals: &Signals, service: &Service, reader: &Reader) {
    let until = demo.duration.map(|duration| Instant::now() + duration);
    let terminal = std::io::stdout().is_terminal();
    while !signals.asked().load(Ordering::Acquire) && until.is_none_or(|until| Instant::now() < until) {
        if demo.show_table && terminal {
            draw(signals, service, reader, true);
        }
        std::thread::sleep(REDRAW);
    }
    if demo.show_table && !terminal {
        draw(signals, service, reader, false);
    }
}

fn draw(signals: &Signals, service: &Service, reader: &Reader, terminal: bool) {
    let read = async { anyhow::Ok((reader.current_usage().await?, reader.balances().await?)) };
    let (rows, balances) = match signals.runtime().block_on(read) {
        Ok(read) => read,
        Err(error) => return tracing::warn!(%error, "the table could not be read"),
    };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let snapshot = service.status().snapshot();
    let counted_to = snapshot.event_time_max.map(|time| time.to_string()).unwrap_or_default();
    let mut screen = table::render(&rows, colour);
    screen.push_str(&format!("\n\n{}", table::render_balances(&balances)));
    screen.push_str(&format!(
        "\n\n{} events received, {} accepted; counted up to {counted_to}\n",
        snapshot.events_received, snapshot.events_accepted,
    ));
    screen.push_str(&queries::pasteable(reader.url(), service.http_address));
    show(&screen, terminal);
}

fn show(screen: &str, terminal: bool) {
    let mut out = std::io::stdout().lock();
    // Home and clear to the end: no flicker, unlike clearing first.
    let _ = if terminal { write!(out, "\x1b[H\x1b[J{screen}") } else { out.write_all(screen.as_bytes()) };
    let _ = out.flush();
}

fn say(text: &str) {
    eprintln!("demo: {text}");
}

fn bar(length: u64, message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(message);
    if let Ok(style) = ProgressStyle::with_template("demo: {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}
