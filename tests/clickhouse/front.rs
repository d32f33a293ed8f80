//! The embedded engine behaves to its clients as a ClickHouse server does.

use crate::engine::{self, PASSWORD, USER, ask};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::time::{Duration, Instant};

fn http() -> reqwest::Client {
    reqwest::Client::new()
}

#[tokio::test]
async fn every_way_to_show_credentials_is_taken_and_a_wrong_one_refused() {
    let Some(url) = engine::url() else { return };
    let query = [("query", "SELECT 1")];
    let status =
        |request: reqwest::RequestBuilder| async { request.send().await.expect("an answer").status().as_u16() };
    assert_eq!(status(http().get(url).query(&query).basic_auth(USER, Some(PASSWORD))).await, 200);
    assert_eq!(
        status(http().get(url).query(&query).header("X-ClickHouse-User", USER).header("X-ClickHouse-Key", PASSWORD))
            .await,
        200
    );
    assert_eq!(status(http().get(url).query(&query).query(&[("user", USER), ("password", PASSWORD)])).await, 200);
    assert_eq!(status(http().get(url).query(&query).basic_auth(USER, Some("wrong"))).await, 403);
    let nothing = http().get(url).query(&query).send().await.expect("an answer");
    assert_eq!(nothing.status(), 401);
    assert!(nothing.headers().contains_key("www-authenticate"));
    assert_eq!(status(http().get(format!("{url}/ping"))).await, 200);
}

#[derive(Debug, PartialEq, Row, Serialize, Deserialize)]
struct Numbered {
    n: u64,
    amount: i128,
    labels: Vec<(String, String)>,
}

#[tokio::test]
async fn the_official_client_inserts_and_reads_back_with_types_checked_and_lz4() {
    let Some(url) = engine::url() else { return };
    let client = engine::client(url);
    let create = "CREATE TABLE typed (n UInt64, amount Decimal(38, 18), labels Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY n";
    client.query(create).execute().await.expect("created");
    let row = |n: u64| Numbered {
        n,
        amount: -i128::from(n) * 1_000_000_000_000_000_001,
        labels: vec![("region".into(), format!("r{n}"))],
    };
    let mut insert = client.insert::<Numbered>("typed").await.expect("an insert");
    for n in 0..50_000 {
        insert.write(&row(n)).await.expect("written");
    }
    insert.end().await.expect("acknowledged");
    let rows = client.query("SELECT ?fields FROM typed ORDER BY n").fetch_all::<Numbered>().await.expect("read");
    assert_eq!(rows.len(), 50_000);
    assert_eq!(rows[49_999], row(49_999));
    let sum: String = client.query("SELECT toString(sum(amount)) FROM typed").fetch_one().await.expect("summed");
    assert_eq!(sum, "-1249975000.000000001249975", "a decimal keeps every digit");
    let none = client.query("SELECT ?fields FROM typed WHERE n > 1000000").fetch_all::<Numbered>().await.expect("read");
    assert_eq!(none, []);
    let found: u64 = client
        .query("SELECT n FROM typed WHERE labels['region'] = {region:String}")
        .param("region", "r7")
        .fetch_one()
        .await
        .expect("found");
    assert_eq!(found, 7);
}

#[tokio::test]
async fn a_statement_may_come_in_the_url_the_body_both_or_a_form() {
    let Some(url) = engine::url() else { return };
    assert_eq!(ask(http().get(url).query(&[("query", "SELECT 1")])).await, (200, "1\n".into()));
    assert_eq!(ask(http().post(url).body("SELECT 2")).await, (200, "2\n".into()));
    assert_eq!(
        ask(http().post(url).query(&[("query", "SELECT")]).body("3 FORMAT JSONEachRow")).await,
        (200, "{\"3\":3}\n".into())
    );
    let field =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = field("query", "SELECT {x:String}") + &field("param_x", "it's") + "--x--\r\n";
    let form = http().post(url).header("Content-Type", "multipart/form-data; boundary=x").body(form);
    assert_eq!(ask(form).await, (200, "it\\'s\n".into()));
    let settings = [("max_threads", "1"), ("default_format", "CSV"), ("database", "system"), ("param_x", "7")];
    let answer =
        ask(http().post(url).query(&settings).body("SELECT getSetting('max_threads'), currentDatabase(), {x:UInt8}"))
            .await;
    assert_eq!(answer, (200, "1,\"system\",7\n".into()));
    // What one request sets, the next does not see.
    assert_eq!(
        ask(http().post(url).body("SELECT currentDatabase(), getSetting('max_threads') > 1 OR 1")).await,
        (200, "default\t1\n".into())
    );
}

#[tokio::test]
async fn rows_of_an_insert_may_stand_in_the_body_with_their_statement() {
    let Some(url) = engine::url() else { return };
    ask(http().post(url).body("CREATE TABLE inserted (a UInt32, b String) ENGINE = MergeTree ORDER BY a")).await;
    for statement in [
        "INSERT INTO inserted FORMAT CSV\n1,\"FORMAT, x\"\n",
        "INSERT INTO inserted VALUES (2, 'it''s'), (1 + 2, 'three')",
        "INSERT INTO inserted FORMAT JSONEachRow {\"a\": 4, \"b\": \"(\"}",
        "INSERT INTO inserted SELECT 5, 'five'",
    ] {
        assert_eq!(ask(http().post(url).body(statement)).await, (200, String::new()), "{statement}");
    }
    let read = ask(http().post(url).body("SELECT * FROM inserted ORDER BY a FORMAT CSV")).await;
    assert_eq!(read.1, "1,\"FORMAT, x\"\n2,\"it's\"\n3,\"three\"\n4,\"(\"\n5,\"five\"\n");
}

#[tokio::test]
async fn large_results_come_while_the_statement_runs() {
    let Some(url) = engine::url() else { return };
    // Far more rows than memory could hold: only a stream can begin to answer.
    let request = http()
        .post(url)
        .basic_auth(USER, Some(PASSWORD))
        .body("SELECT number, toString(number) FROM numbers(1000000000000)");
    let mut response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.expect("a piece").expect("rows");
    assert!(first.starts_with(b"0\t0\n1\t1\n"));
    drop(response);
    // The statement ends with its client; otherwise the permits would run out.
    for _ in 0..100 {
        let request =
            http().post(url).basic_auth(USER, Some(PASSWORD)).body("SELECT number FROM numbers(1000000000000)");
        drop(request.send().await.expect("an answer"));
    }
}

#[tokio::test]
async fn joined_pieces_make_one_document_in_every_streamed_format() {
    let Some(url) = engine::url() else { return };
    ask(http().post(url).body("CREATE TABLE joined (n UInt64, `t \"x\"` String) ENGINE = MergeTree ORDER BY n")).await;
    for format in [
        "TSV",
        "TSVWithNames",
        "TSVWithNamesAndTypes",
        "CSVWithNames",
        "JSONEachRow",
        "JSONCompactEachRowWithNamesAndTypes",
        "RowBinary",
        "RowBinaryWithNamesAndTypes",
        "Native",
        "JSON",
        "Parquet",
    ] {
        let statement =
            "SELECT number AS n, toString(number) AS `t \"x\"` FROM numbers(200000) SETTINGS max_block_size = 1000";
        let request =
            http().post(url).basic_auth(USER, Some(PASSWORD)).query(&[("default_format", format)]).body(statement);
        let document = request.send().await.expect("an answer").bytes().await.expect("rows");
        ask(http().post(url).body("TRUNCATE TABLE joined")).await;
        let insert = [("query", format!("INSERT INTO joined FORMAT {format}"))];
        assert_eq!(ask(http().post(url).query(&insert).body(document)).await, (200, String::new()), "{format}");
        let read = ask(http().post(url).body("SELECT count(), sum(n), max(`t \"x\"`) FROM joined")).await.1;
        assert_eq!(read, "200000\t19999900000\t99999\n", "{format}");
    }
}

#[tokio::test]
async fn errors_have_clickhouses_code_and_status() {
    let Some(url) = engine::url() else { return };
    for (statement, status, code) in [
        ("SELECT * FROM nowhere", 404, "60"),
        ("SELEC 1", 400, "62"),
        ("SELECT 1; SELECT 2", 400, "62"),
        ("SELECT throwIf(1)", 500, "395"),
        ("SELECT * FROM nowhere FORMAT JSON", 404, "60"),
        ("INSERT INTO nowhere FORMAT CSV\n1", 404, "60"),
        ("", 400, "62"),
    ] {
        let response =
            http().post(url).basic_auth(USER, Some(PASSWORD)).body(statement).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{statement}");
        assert_eq!(response.headers()["x-clickhouse-exception-code"], code, "{statement}");
        assert!(response.text().await.expect("a text").starts_with(&format!("Code: {code}.")), "{statement}");
    }
    let unknown = ask(http().post(url).query(&[("max_thread", "1")]).body("SELECT 1")).await;
    assert_eq!((unknown.0, unknown.1.contains("max_threads")), (404, true));
    let written = ask(http().get(url).query(&[("query", "CREATE TABLE by_get (a Int8) ENGINE = Memory")])).await;
    assert_eq!(written.0, 403, "GET reads only");
}

#[tokio::test]
async fn an_exception_behind_rows_is_an_error_for_every_client() {
    let Some(url) = engine::url() else { return };
    let statement = "SELECT throwIf(number = 3000000) AS late FROM numbers(4000000) SETTINGS max_threads = 1";
    for accept in ["identity", "gzip", "lz4"] {
        let request =
            http().post(url).basic_auth(USER, Some(PASSWORD)).header("Accept-Encoding", accept).body(statement);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err(), "{accept}: the body must not look complete");
    }
    // An error in any case; and one that says why, unless the connection broke before the text was through.
    let mut named = false;
    for _ in 0..5 {
        let error = engine::client(url).query(statement).fetch_all::<u8>().await.expect_err("an error");
        named |= error.to_string().contains("Code: 395");
    }
    assert!(named, "no answer named the exception");
}

#[tokio::test]
async fn answers_are_packed_as_the_client_asks() {
    let Some(url) = engine::url() else { return };
    let statement = "SELECT number FROM numbers(300000)";
    let plain = ask(http().post(url).body(statement)).await.1;
    let packed = |query: &'static [(&'static str, &'static str)], accept: &'static str| async move {
        let request = http()
            .post(url)
            .basic_auth(USER, Some(PASSWORD))
            .query(query)
            .header("Accept-Encoding", accept)
            .body(statement);
        request.send().await.expect("an answer").bytes().await.expect("rows")
    };
    let mut text = String::new();
    std::io::Read::read_to_string(&mut lz4_flex::frame::FrameDecoder::new(&packed(&[], "lz4").await[..]), &mut text)
        .expect("lz4");
    assert_eq!(text, plain);
    text.clear();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed(&[], "gzip").await[..]), &mut text)
        .expect("gzip");
    assert_eq!(text, plain);
    // ClickHouse's own frames, read back by the engine itself.
    let frames = packed(&[("compress", "1")], "identity").await;
    assert!(frames.len() < plain.len());
    ask(http().post(url).body("CREATE TABLE from_frames (n UInt64) ENGINE = MergeTree ORDER BY n")).await;
    let insert = [("query", "INSERT INTO from_frames FORMAT TSV"), ("decompress", "1")];
    assert_eq!(ask(http().post(url).query(&insert).body(frames.clone())).await, (200, String::new()));
    assert_eq!(ask(http().post(url).body("SELECT count(), max(n) FROM from_frames")).await.1, "300000\t299999\n");
    let mut broken = frames.to_vec();
    broken[40] ^= 1;
    let refused = ask(http().post(url).query(&insert).body(broken)).await;
    assert!(refused.1.starts_with("Code: 271."), "{refused:?}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"300000\n300001\n").expect("packed");
    let body = gzip.finish().expect("packed");
    let request = http()
        .post(url)
        .query(&[("query", "INSERT INTO from_frames FORMAT TSV")])
        .header("Content-Encoding", "gzip")
        .body(body);
    assert_eq!(ask(request).await, (200, String::new()));
    assert_eq!(ask(http().post(url).body("SELECT count() FROM from_frames")).await.1, "300002\n");
}

#[tokio::test]
async fn a_session_keeps_its_tables_and_settings() {
    let Some(url) = engine::url() else { return };
    let in_session = |statement: &'static str| async move {
        ask(http().post(url).query(&[("session_id", "one")]).body(statement)).await
    };
    assert_eq!(in_session("CREATE TEMPORARY TABLE mine (a UInt8)").await.0, 200);
    assert_eq!(in_session("INSERT INTO mine VALUES (1), (2)").await.0, 200);
    assert_eq!(in_session("SET max_threads = 3").await.0, 200);
    assert_eq!(in_session("SELECT count(), getSetting('max_threads') FROM mine").await, (200, "2\t3\n".into()));
    assert_eq!(ask(http().post(url).body("SELECT * FROM mine")).await.0, 404);
    let unknown = [("session_id", "two"), ("session_check", "1")];
    assert_eq!(ask(http().post(url).query(&unknown).body("SELECT 1")).await.0, 404);
}

/// Asks in a session until its connection is free or taken, as wanted. A session runs one statement at a time.
async fn wait_until_session_is(url: &str, id: &str, taken: bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (_, answer) = ask(http().post(url).query(&[("session_id", id)]).body("SELECT 1")).await;
        if answer.starts_with("Code: 373.") == taken {
            return;
        }
        assert!(Instant::now() < deadline, "the session is not taken = {taken}: {answer}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_insert_whose_body_breaks_off_leaves_nothing() {
    let Some(url) = engine::url() else { return };
    ask(http().post(url).body("CREATE TABLE whole (n UInt64) ENGINE = MergeTree ORDER BY n")).await;
    let mut connection = std::net::TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
    let target = "/?query=INSERT+INTO+whole+FORMAT+TSV&session_id=broken";
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: engine\r\nX-ClickHouse-User: {USER}\r\nX-ClickHouse-Key: {PASSWORD}\r\n"
    );
    // Enough for the engine to have taken some of it before the end.
    let rows = "1\n".repeat(2 << 20);
    write!(connection, "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{rows}\r\n", rows.len()).expect("sent");
    wait_until_session_is(url, "broken", true).await;
    drop(connection);
    wait_until_session_is(url, "broken", false).await;
    assert_eq!(ask(http().post(url).body("SELECT count() FROM whole")).await.1, "0\n");
}
