//! One run of the service on the broker's records: from its start until every row of them is definite in ClickHouse.

use crate::broker::Broker;
use crate::workload::Workload;
use crate::{PATIENCE, TOPIC};
use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A look costs the machine a query, so that it is not taken more often than an epoch needs.
const LOOK: Duration = Duration::from_millis(200);
/// For all records.
const DEADLINE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy)]
pub struct Variant {
    archive: bool,
    workers: usize,
}

impl Variant {
    pub const ALL: [Variant; 3] = [
        Variant { archive: false, workers: 1 },
        Variant { archive: false, workers: 2 },
        Variant { archive: true, workers: 2 },
    ];

    pub fn name(self) -> String {
        let workers = if self.workers == 1 { "1 worker" } else { "2 workers" };
        format!("to ClickHouse, archive {}, {workers}", if self.archive { "on" } else { "off" })
    }
}

pub struct Passed {
    /// Between the first look that saw definite rows and the one that saw the last.
    pub events_per_s: f64,
    pub first_rows_s: f64,
    pub cpu_s: f64,
    pub rss_mb: f64,
}

/// Publishes the workload's catalog to the table topics, as a person does.
pub fn publish(broker: &Broker, workload: &Workload) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let plan = folder.path().join("plan.json");
    let catalog = workload.catalog_folder();
    let arguments: [&[&std::ffi::OsStr]; 2] = [
        &["catalog".as_ref(), "plan".as_ref(), "--catalog".as_ref(), catalog.as_ref(), "--out".as_ref(), plan.as_ref()],
        &["catalog".as_ref(), "apply".as_ref(), plan.as_ref()],
    ];
    for arguments in arguments {
        let output = program(broker, folder.path()).args(arguments).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    Ok(())
}

pub fn run(broker: &Broker, variant: Variant, records: u64) -> Result<Passed, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (http, clickhouse) = (free_port()?, free_port()?);
    let log = File::create(folder.path().join("log"))?;
    let mut command = program(broker, folder.path());
    command.arg("run").stdout(Stdio::null()).stderr(log);
    for setting in [
        format!("service.listen_http=127.0.0.1:{http}"),
        format!("clickhouse.listen=127.0.0.1:{clickhouse}"),
        format!("clickhouse.library={}/.parts/clickhouse/libchdb.so", env!("CARGO_MANIFEST_DIR")),
        format!("service.workers={}", variant.workers),
        format!("events.archive={}", variant.archive),
    ] {
        command.args(["--set", &setting]);
    }
    let mut service = Service(command.spawn()?);
    let started = Instant::now();
    let (mut first, mut last) = (None, (0.0, 0));
    while last.1 < records {
        std::thread::sleep(LOOK);
        if service.0.try_wait()?.is_some() || started.elapsed() > DEADLINE {
            let said = std::fs::read_to_string(folder.path().join("log"))?;
            return Err(format!("{} of {records} records after {:?}:\n{said}", last.1, started.elapsed()).into());
        }
        let definite = definite(clickhouse).unwrap_or(0);
        if definite > last.1 {
            last = (started.elapsed().as_secs_f64(), definite);
            first.get_or_insert(last);
        }
    }
    let first_rows_s = first.map_or(last.0, |(seconds, _)| seconds);
    // Few records are definite in one look: then the start is part of it.
    let first = first.filter(|first| *first != last).unwrap_or_default();
    Ok(Passed {
        events_per_s: (last.1 - first.1) as f64 / (last.0 - first.0),
        first_rows_s,
        cpu_s: service.cpu_s().unwrap_or(f64::NAN),
        rss_mb: service.rss_mb().unwrap_or(f64::NAN),
    })
}

fn program(broker: &Broker, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.stdin(Stdio::null()).args(["--set", "source.kind=kafka"]);
    command.args(["--set", &format!("kafka.brokers={}", broker.bootstrap())]);
    command.arg("--set").arg(format!("service.data_dir={}", folder.join("data").display()));
    command
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// How many records' rows are definite in every table.
fn definite(port: u16) -> Option<u64> {
    let sql = format!(
        "SELECT min(arraySum(arrayMap((topic, next) -> if(topic = '{TOPIC}', next, 0), `positions.topic`,
             `positions.next_offset`))) FROM highwater.progress FORMAT TSV"
    );
    let client = reqwest::Client::builder().timeout(PATIENCE).build().ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let answer = client.post(format!("http://127.0.0.1:{port}/")).body(sql).send().await.ok()?;
        answer.text().await.ok()?.trim().parse().ok()
    })
}

/// Ends with this value.
struct Service(Child);

impl Service {
    fn cpu_s(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).ok()?;
        // The second field is the program's name in parentheses, which may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        Some(ticks / 100.0)
    }

    fn rss_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
