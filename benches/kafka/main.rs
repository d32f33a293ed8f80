//! Workload W1 from Apache Kafka to rows in ClickHouse, on this machine: broker, service and engine share its cores.
//!
//! ```text
//! cargo bench --bench kafka                      archive off and on, medians
//! cargo bench --bench kafka -- --events 1000000 --rounds 1
//! ```
//!
//! The reference in the same run is a consumer that reads the same records and does nothing with them.
//!
//! Owns what is run in which order and what is printed. Does not own the workload (shared with `w1`), the broker (shared
//! with the tests), nor how the service is started and watched (`service`).

#[path = "../../tests/support/kafka.rs"]
mod broker;
#[path = "../w1/catalog.rs"]
mod catalog;
mod service;
#[path = "../w1/workload.rs"]
mod workload;

use broker::Broker;
use clap::Parser;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use service::{Passed, Variant};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use workload::Workload;

pub const TOPIC: &str = "highwater.events.v1";
pub const PARTITIONS: i32 = 4;
const TABLES: [&str; 8] =
    ["meters", "plans", "add-ons", "subscriptions", "overrides", "grants", "credit-policies", "adjustments"];
/// Behind the last event of the workload, as if all of them were received then.
const RECEIVED_AT_MS: i64 = 1_796_083_200_000;
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Parser)]
struct Arguments {
    /// Before duplicates, of which there is one in a hundred
    #[arg(long, default_value_t = 3_000_000)]
    events: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// What `cargo bench` adds to every call
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("w1-{}-{}", arguments.events, arguments.seed));
    let workload = Workload { folder, events: arguments.events, seed: arguments.seed };
    if !workload.is_written() {
        eprintln!("writing {} events to {}", workload.events, workload.folder.display());
        workload.write()?;
    }
    let Some(broker) = Broker::start() else { return Ok(()) };
    // The workload's month may not be over.
    broker.create_topic(TOPIC, PARTITIONS, &[("message.timestamp.after.max.ms", "9223372036854775807")]);
    broker.create_topic("highwater.dead-letters.v1", 1, &[]);
    for table in TABLES {
        broker.create_topic(&format!("highwater.{table}.v1"), 1, &[("cleanup.policy", "compact")]);
    }
    service::publish(&broker, &workload)?;
    eprintln!("producing to {PARTITIONS} partitions");
    let records = produce(&broker, &workload)?;
    let mut consumed: Vec<f64> = Vec::new();
    let mut passed: Vec<Vec<Passed>> = Variant::ALL.map(|_| Vec::new()).into();
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        consumed.push(consume(&broker, records)?);
        for (variant, runs) in Variant::ALL.into_iter().zip(&mut passed) {
            runs.push(service::run(&broker, variant, records)?);
        }
    }
    print(records, consumed, passed);
    Ok(())
}

/// Sends every line, keyed by its organization, and gives how many there were.
fn produce(broker: &Broker, workload: &Workload) -> Result<u64, Box<dyn Error>> {
    let mut config = broker.client();
    config.set("acks", "all").set("linger.ms", "50").set("compression.type", "lz4").set("batch.size", "1000000");
    config.set("queue.buffering.max.messages", "1000000");
    let producer: BaseProducer = config.create()?;
    let text = std::fs::read(workload.events_file())?;
    let mut records = 0;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut record = BaseRecord::to(TOPIC).key(organization(line)).payload(line).timestamp(RECEIVED_AT_MS);
        while let Err((_, refused)) = producer.send(record) {
            record = refused;
            producer.poll(Duration::from_millis(10));
        }
        records += 1;
    }
    producer.flush(PATIENCE)?;
    let client: BaseConsumer = broker.client().create()?;
    let ends = (0..PARTITIONS).map(|partition| client.fetch_watermarks(TOPIC, partition, PATIENCE));
    let kept = ends.map(|ends| ends.map(|(_, end)| end as u64)).sum::<Result<u64, _>>()?;
    if kept == records { Ok(records) } else { Err(format!("the broker took {kept} of {records} records").into()) }
}

/// The text behind `"organizationId":"`, which every line of the workload has.
fn organization(line: &[u8]) -> &[u8] {
    const FIELD: &[u8] = b"\"organizationId\":\"";
    let at = line.windows(FIELD.len()).position(|window| window == FIELD).map_or(0, |at| at + FIELD.len());
    let length = line[at..].iter().position(|byte| *byte == b'"').unwrap_or(0);
    &line[at..at + length]
}

/// Seconds in which a consumer that does nothing reads all records.
fn consume(broker: &Broker, records: u64) -> Result<f64, Box<dyn Error>> {
    let consumer: BaseConsumer =
        broker.client().set("group.id", "reference").set("auto.offset.reset", "error").create()?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assignment.add_partition_offset(TOPIC, partition, Offset::Beginning)?;
    }
    let started = Instant::now();
    consumer.assign(&assignment)?;
    let mut read = 0;
    while read < records {
        match consumer.poll(PATIENCE) {
            Some(record) => {
                record?;
                read += 1;
            }
            None => return Err(format!("{read} of {records} records came").into()),
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(records: u64, consumed: Vec<f64>, passed: Vec<Vec<Passed>>) {
    let reference = records as f64 / median(consumed.iter().copied());
    println!("W1, {records} records in {PARTITIONS} partitions; medians of {} rounds", consumed.len());
    println!(
        "{:<40} {:>10} {:>12} {:>12} {:>8} {:>12}",
        "", "events/s", "start, s", "CPU us each", "RSS MB", "of reading"
    );
    println!("{:<40} {reference:>10.0} {:>12} {:>12} {:>8} {:>12.2}", "reading only", "", "", "", 1.0);
    for (variant, runs) in Variant::ALL.into_iter().zip(passed) {
        let middle = |of: fn(&Passed) -> f64| median(runs.iter().map(of));
        let events_per_s = middle(|run| run.events_per_s);
        println!(
            "{:<40} {events_per_s:>10.0} {:>12.2} {:>12.2} {:>8.0} {:>12.2}",
            variant.name(),
            middle(|run| run.first_rows_s),
            middle(|run| run.cpu_s) / records as f64 * 1e6,
            middle(|run| run.rss_mb),
            events_per_s / reference,
        );
    }
    println!(
        "events/s: from the first definite row to the last; CPU: of service and ClickHouse engine, not the broker"
    );
}
