//! What a process that is killed leaves behind, and what a second one is told.

use crate::engine;
use highwater::clickhouse::embedded::EmbeddedEngine;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const FOLDER_VARIABLE: &str = "HIGHWATER_TEST_ENGINE_FOLDER";

/// An engine in a process of its own: this test binary, asked to run `hosts_an_engine` alone.
struct Host {
    process: Child,
    url: String,
}

impl Host {
    fn start(folder: &std::path::Path) -> Result<Host, String> {
        let mut process = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "crash::hosts_an_engine_when_asked_by_another_test", "--nocapture"])
            .env(FOLDER_VARIABLE, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        for line in lines.map_while(Result::ok) {
            if let Some((_, url)) = line.split_once("serving ") {
                return Ok(Host { process, url: url.to_owned() });
            }
            if let Some((_, error)) = line.split_once("refused ") {
                process.wait().expect("it ended");
                return Err(error.to_owned());
            }
        }
        panic!("the host said nothing: {:?}", process.wait());
    }

    fn kill(mut self) {
        // `kill` is SIGKILL.
        self.process.kill().expect("killed");
        self.process.wait().expect("it ended");
    }
}

/// Not a promise: the other half of the tests below.
#[test]
fn hosts_an_engine_when_asked_by_another_test() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let Some(library) = engine::library() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match EmbeddedEngine::start(engine::settings(library, folder.into())).await {
            Ok(running) => {
                println!("\nserving {}", running.url());
                std::future::pending::<()>().await;
            }
            Err(error) => println!("\nrefused {error}"),
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_acknowledged_survives_kill_9() {
    if engine::library().is_none() {
        return;
    }
    let folder = engine::fresh_folder("killed");
    let mut acknowledged = 0u64;
    for _ in 0..3 {
        let host = Host::start(&folder).expect("an engine");
        let client = engine::client(&host.url);
        let create = "CREATE TABLE IF NOT EXISTS kept (n UInt64) ENGINE = MergeTree ORDER BY n";
        client.query(create).execute().await.expect("created");
        let kept: u64 = client.query("SELECT count() FROM kept").fetch_one().await.expect("counted");
        assert!(kept >= acknowledged, "{kept} rows are left of {acknowledged} acknowledged ones");
        acknowledged = kept;
        for _ in 0..5 {
            let rows: String = (0..1_000u64).map(|row| format!("{}\n", acknowledged + row)).collect();
            let request =
                reqwest::Client::new().post(&host.url).query(&[("query", "INSERT INTO kept FORMAT TSV")]).body(rows);
            assert_eq!(engine::ask(request).await, (200, String::new()));
            acknowledged += 1_000;
        }
        host.kill();
    }
    let host = Host::start(&folder).expect("an engine");
    let (kept, different): (u64, u64) =
        engine::client(&host.url).query("SELECT count(), uniqExact(n) FROM kept").fetch_one().await.expect("counted");
    assert_eq!((kept, different), (15_000, 15_000));
    host.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_folder_is_told_which_one_has_it() {
    if engine::library().is_none() {
        return;
    }
    let folder = engine::fresh_folder("contended");
    let first = Host::start(&folder).expect("an engine");
    let error = Host::start(&folder).err().expect("refused");
    assert!(error.contains("is in use by process"), "{error}");
    assert!(error.ends_with(&first.process.id().to_string()), "{error}");
    first.kill();
    // The claim ends with its process, even one that was killed.
    Host::start(&folder).expect("an engine").kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_in_this_process_is_refused() {
    let Some(_) = engine::url() else { return };
    let library = engine::library().expect("it was found before");
    let error =
        EmbeddedEngine::start(engine::settings(library, engine::fresh_folder("second"))).await.err().expect("refused");
    assert!(error.to_string().contains("the engine takes one folder per process"), "{error}");
}

#[tokio::test]
async fn without_the_library_the_error_says_which_command_gets_it() {
    let missing = engine::settings("nowhere/libchdb.so".into(), engine::fresh_folder("missing"));
    let error = EmbeddedEngine::start(missing).await.err().expect("refused").to_string();
    assert!(error.contains("make engine") && error.contains("nowhere/libchdb.so"), "{error}");
}
