//! What a process leaves behind, and what a second one is told.

use crate::engine;
use crate::host::Host;
use highwater::clickhouse::embedded::EmbeddedEngine;

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
        assert_eq!(kept, acknowledged, "rows are left of those that were acknowledged");
        for _ in 0..5 {
            let rows: String = (0..1_000u64).map(|row| format!("{}\n", acknowledged + row)).collect();
            let insert = [("query", "INSERT INTO kept FORMAT TSV")];
            let request = reqwest::Client::new().post(&host.url).query(&insert).body(rows);
            assert_eq!(engine::ask(request).await, (200, String::new()));
            acknowledged += 1_000;
        }
        host.kill();
    }
    let host = Host::start(&folder).expect("an engine");
    let count = "SELECT count(), uniqExact(n) FROM kept";
    let kept: (u64, u64) = engine::client(&host.url).query(count).fetch_one().await.expect("counted");
    assert_eq!(kept, (15_000, 15_000));
    host.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_stopped_keeps_its_rows_and_lets_its_process_end_well() {
    if engine::library().is_none() {
        return;
    }
    let mut host = Host::start(&engine::fresh_folder("stopped")).expect("an engine");
    for statement in [
        "CREATE TABLE kept (n UInt64, at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY n TTL at + INTERVAL 1 MONTH",
        "INSERT INTO kept (n) SELECT number FROM numbers(1000)",
        "INSERT INTO kept (n) SELECT number FROM numbers(1000)",
        "OPTIMIZE TABLE kept FINAL",
        "DELETE FROM kept WHERE n >= 500",
    ] {
        engine::client(&host.url).query(statement).execute().await.expect(statement);
    }
    let url = host.order("again").expect("it starts again in the same process");
    let kept: u64 = engine::client(&url).query("SELECT count() FROM kept").fetch_one().await.expect("counted");
    assert_eq!(kept, 500);
    let status = host.stop();
    assert!(status.success(), "{status}");
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
    assert!(error.ends_with(&first.process_id().to_string()), "{error}");
    first.kill();
    // The claim ends with its process, even one that was killed.
    Host::start(&folder).expect("an engine").kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_in_one_process_is_refused() {
    if engine::library().is_none() {
        return;
    }
    let mut host = Host::start(&engine::fresh_folder("second")).expect("an engine");
    let error = host.order("second").expect_err("refused");
    assert!(error.contains("the engine takes one folder per process"), "{error}");
    host.kill();
}

#[tokio::test]
async fn without_the_library_the_error_says_which_command_gets_it() {
    let missing = engine::settings("nowhere/libchdb.so".into(), engine::fresh_folder("missing"));
    let error = EmbeddedEngine::start(missing).await.err().expect("refused").to_string();
    assert!(error.contains("make engine") && error.contains("nowhere/libchdb.so"), "{error}");
}
