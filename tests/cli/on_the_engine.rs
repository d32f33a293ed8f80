//! Commands that ask ClickHouse, on the real engine.

use super::highwater;
use assert_cmd::cargo::cargo_bin;
use axum::extract::State;
use axum::routing::post;
use highwater::clickhouse::Secret;
use highwater::clickhouse::embedded::{EmbeddedEngine, Running, Settings};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// An engine with Highwater's tables, and the arguments that lead commands to it.
pub struct Engine {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
}

impl Engine {
    fn start() -> Engine {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = Settings {
            library: Settings::default_library(),
            data_dir: folder.path().join("clickhouse"),
            listen: "127.0.0.1:0".parse().expect("an address"),
            user: "default".into(),
            password: Secret::default(),
        };
        let running = runtime.block_on(EmbeddedEngine::start(settings)).expect("the engine; `make engine` installs it");
        let arguments = vec!["--set".into(), format!("clickhouse.listen={}", running.address())];
        let engine = Engine { runtime, running: Some(running), folder, arguments };
        engine.answers(&["migrate"]);
        engine
    }

    pub fn insert(&self, table: &str, columns: &str, values: &str) {
        let url = self.running.as_ref().expect("an engine").url();
        let sql = format!("INSERT INTO highwater_store.{table} ({columns}) VALUES {values}");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let answer = self.runtime.block_on(client.post(url).body(sql).send()).expect("an answer");
        assert!(answer.status().is_success(), "{:?}", self.runtime.block_on(answer.text()));
    }

    /// Standard output of a command that must succeed.
    pub fn answers(&self, command: &[&str]) -> Vec<u8> {
        let arguments: Vec<&str> = command.iter().copied().chain(self.arguments.iter().map(String::as_str)).collect();
        let output = highwater(&arguments, self.folder.path());
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

pub const OUTCOME_COLUMNS: &str = "organization_id, source, id, day, place_source, place_topic, place_partition, place_offset, outcome, \
                               code, path, hint, raw, version, is_deleted";

fn rejected(offset: u64, code: &str, raw: &str) -> String {
    format!(
        "('acme', '', 'e{offset}', '2026-11-01', 'log', 'events', 0, {offset}, 'rejected', '{code}', '/quantity', 'mend it', {raw}, {offset}, 0)"
    )
}

/// One engine a process: what it shows is one test with several parts.
#[test]
fn dead_letters_can_be_found_looked_at_and_put_back_and_records_watched() {
    let engine = Engine::start();
    let values = [
        rejected(7, "invalid_quantity", "'{\"quantity\": \"1,5\"}'"),
        rejected(8, "invalid_json", "unhex('FF00FE')"),
        "('acme', '', 'e9', '2026-11-01', 'log', 'events', 0, 9, 'late', 'late', '', '', 'x', 9, 0)".into(),
    ];
    engine.insert("event_outcomes", OUTCOME_COLUMNS, &values.join(", "));

    let listed = String::from_utf8(engine.answers(&["dead-letters", "list"])).expect("text");
    assert!(listed.contains("log/events/0/7") && listed.contains("log/events/0/8"), "{listed}");
    assert!(!listed.contains("log/events/0/9"), "a late event is no dead letter: {listed}");
    let filtered = engine.answers(&["dead-letters", "list", "--code", "invalid_json", "--json"]);
    assert_eq!(filtered.iter().filter(|byte| **byte == b'\n').count(), 1);
    let record: serde_json::Value = serde_json::from_slice(&filtered).expect("NDJSON");
    assert_eq!((&record["place"], &record["code"]), (&"log/events/0/8".into(), &"invalid_json".into()));
    assert_eq!(engine.answers(&["dead-letters", "show", "log/events/0/8", "--raw"]), [0xff, 0x00, 0xfe]);

    a_dead_letter_is_put_back_as_it_was(&engine);
    super::on_kafka::a_dead_letter_returns_to_its_topic(&engine);
    a_rated_line_passes_by(&engine);
}

fn a_dead_letter_is_put_back_as_it_was(engine: &Engine) {
    let taken: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let door = axum::Router::new()
        .route(
            "/v1/events",
            post(|State(taken): State<Arc<Mutex<Vec<Vec<u8>>>>>, body: axum::body::Bytes| async move {
                taken.lock().expect("no panic").push(body.to_vec());
                axum::Json(serde_json::json!({ "results": [{ "index": 0, "result": "acknowledged" }] }))
            }),
        )
        .with_state(taken.clone());
    let listener = engine.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    engine.runtime.spawn(async move { axum::serve(listener, door).await });
    let listen = format!("service.listen_http={address}");

    engine.answers(&["dead-letters", "replay", "--dry-run", "--set", &listen]);
    assert!(taken.lock().expect("no panic").is_empty(), "a dry run sends nothing");
    let said = engine.answers(&["dead-letters", "replay", "--code", "invalid_json", "--json", "--set", &listen]);
    assert_eq!(String::from_utf8_lossy(&said).trim(), r#"{"place":"log/events/0/8","result":"acknowledged"}"#);
    let mended = engine.folder.path().join("record.json");
    std::fs::write(&mended, "{\"quantity\": \"1.5\"}").expect("a file");
    let mended = mended.display().to_string();
    engine.answers(&["dead-letters", "replay", "--place", "log/events/0/7", "--mended", &mended, "--set", &listen]);
    assert_eq!(*taken.lock().expect("no panic"), [vec![0xff, 0x00, 0xfe], b"{\"quantity\": \"1.5\"}".to_vec()]);
}

fn a_rated_line_passes_by(engine: &Engine) {
    let mut tap = Command::new(cargo_bin("highwater"))
        .args(["tap", "--stage", "rated", "--organization", "acme", "--limit", "1"])
        .args(&engine.arguments)
        .current_dir(engine.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (sender, received) = std::sync::mpsc::channel();
    let lines = BufReader::new(tap.stdout.take().expect("its output")).lines();
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    // It shows what is written after it began, and does not say when that is: newer versions come until it saw one.
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut version = 100;
    let line = loop {
        assert!(Instant::now() < deadline, "nothing passed by");
        for organization in ["other", "acme"] {
            let columns = "organization_id, meter, period_start, span_start, amount, currency, version, is_deleted";
            let start = "'2026-11-01 00:00:00'";
            let values = format!("('{organization}', 'api_calls', {start}, {start}, 12.5, 'USD', {version}, 0)");
            engine.insert("rated_lines", columns, &values);
        }
        version += 1;
        if let Ok(line) = received.recv_timeout(Duration::from_millis(200)) {
            break line;
        }
    };
    assert!(tap.wait().expect("its end").success());
    let row: serde_json::Value = serde_json::from_str(&line).expect("NDJSON");
    assert_eq!((&row["organization_id"], &row["amount"]), (&"acme".into(), &"12.5".into()));
    assert!(row.get("version").is_none());
}
