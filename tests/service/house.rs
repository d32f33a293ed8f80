//! A data folder, free ports and settings: what outlives the processes that are started on them.

use crate::client::{self, Answer};
use highwater::clickhouse::embedded::Settings;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for.
pub const DEADLINE: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// Looks until there is something, and fails with what `what` says when the deadline has passed.
pub fn until<T>(what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {}", what());
        pause();
    }
}

/// Between two looks at something that another process does.
pub fn pause() {
    std::thread::sleep(LOOK_AGAIN);
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// The engine's library, installed if need be; `None`, and a line that says so, where this machine cannot have it.
pub fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        if let Some(named) = std::env::var_os(Settings::LIBRARY_VARIABLE) {
            return Some(PathBuf::from(named));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = root.join(Settings::LIBRARY);
        let installed = Command::new(root.join("tests/parts/install-clickhouse")).status();
        if library.exists() {
            return Some(library);
        }
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs the ClickHouse engine: {installed:?}");
        eprintln!("skipped: this machine cannot install the ClickHouse engine ({installed:?})");
        None
    };
    LIBRARY.get_or_init(find).as_deref()
}

pub struct House {
    folder: tempfile::TempDir,
    http_port: u16,
    pub clickhouse_port: u16,
    settings: Vec<String>,
    environment: Vec<(String, String)>,
}

impl House {
    /// With the engine inside. `None` was announced as skipped.
    pub fn new() -> Option<House> {
        let library = library()?.display().to_string();
        let house = House::bare();
        Some(house.set(format!("clickhouse.library={library}")))
    }

    /// Without an engine's library: for tests that have ClickHouse elsewhere, or none.
    pub fn bare() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let (http_port, clickhouse_port) = (free_port(), free_port());
        let settings = vec![
            format!("service.data_dir={}", folder.path().join("data").display()),
            format!("service.listen_http=127.0.0.1:{http_port}"),
            format!("clickhouse.listen=127.0.0.1:{clickhouse_port}"),
            "service.epoch_interval=200ms".into(),
            // Often enough that a kill hits before, while and after state is kept.
            "service.checkpoint_interval=300ms".into(),
        ];
        House { folder, http_port, clickhouse_port, settings, environment: Vec::new() }
    }

    pub fn set(mut self, setting: impl Into<String>) -> House {
        self.settings.push(setting.into());
        self
    }

    pub fn with_environment(mut self, name: &str, value: &str) -> House {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `highwater` with this house's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).stdin(Stdio::null()).envs(self.environment.iter().cloned());
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command
    }

    /// `highwater run`, which writes its log behind those of earlier processes.
    pub fn start(&self) -> Process {
        self.spawn(&["run"])
    }

    pub fn spawn(&self, arguments: &[&str]) -> Process {
        let log = File::options().create(true).append(true).open(self.path("log")).expect("a log");
        let output = log.try_clone().expect("a log");
        let child = self.command(arguments).stderr(log).stdout(output).spawn().expect("the program starts");
        Process(child)
    }

    /// Everything that the processes have said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn said_last(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Like [`until`], and the failure shows the end of the log.
    pub fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        until(|| format!("{what}; the log ends with\n{}", self.said_last()), look)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http_port)
    }

    pub fn get(&self, path: &str) -> Result<Answer, String> {
        client::send(|client| client.get(self.url(path)))
    }

    pub fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Result<Answer, String> {
        client::send(|client| client.post(self.url(path)).header("content-type", content_type).body(body))
    }

    pub fn ready(&self) -> bool {
        self.get("/readyz").is_ok_and(|answer| answer.status == 200)
    }

    pub fn wait_until_ready(&self) {
        self.until("ready", || self.ready().then_some(()));
    }

    /// Publishes table rows, each `{"table": …, "row": …}`.
    pub fn publish(&self, rows: &[serde_json::Value]) {
        let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let answer = self.post("/v1/rows", "application/x-ndjson", lines.join("\n")).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Asks the engine inside, as an analyst's tool would; `Err` where there is none just now.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        query(self.clickhouse_port, sql)
    }
}

/// The answer of ClickHouse at a port, in the format that the statement names.
pub fn query(port: u16, sql: &str) -> Result<String, String> {
    let answer = client::send(|client| client.post(format!("http://127.0.0.1:{port}/")).body(sql.to_owned()))?;
    if answer.status == 200 { Ok(answer.body) } else { Err(answer.body) }
}

/// Ends with this value, however the test ends.
pub struct Process(Child);

impl Process {
    /// SIGKILL.
    pub fn kill(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("ended");
    }

    /// SIGTERM, and what it ended with.
    pub fn terminate(mut self) -> ExitStatus {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("a signal");
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        until(|| "the process ends".into(), || self.0.try_wait().expect("a child"))
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
