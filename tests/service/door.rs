//! The HTTP door: what is wrong with a request or an event is said by name and place, and is never a 500.

use crate::client::{self, Answer};
use crate::house::{DEADLINE, House, free_port};
use crate::{rows, usage};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// ClickHouse is not there: the door does not need it.
fn door_only() -> House {
    let house = House::bare().set("clickhouse.embedded=false");
    let url = format!("clickhouse.url=http://127.0.0.1:{}", free_port());
    house.set(url).set("http.max_body_bytes=64KiB").set("events.max_batch_events=100")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn event(id: &str) -> Value {
    json!({"id": id, "organizationId": "acme", "feature": "api_call", "timestamp": oracle::civil::rfc3339(usage::now()), "quantity": "2"})
}

#[test]
fn a_bad_request_is_answered_by_name() {
    let house = door_only();
    let _process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let (json, lines) = ("application/json", "application/x-ndjson");
    let many = vec!["{}"; 101].join("\n");
    let large = format!("[\"{}\"]", "x".repeat(70_000));
    let bomb = gzip(&vec![b' '; 50_000_000]);
    let cut = gzip(event("1").to_string().as_bytes())[..20].to_vec();
    let not_utf8 = b"[{\"id\":\"\xff\"}]".to_vec();
    let (post, get, put) = (reqwest::Method::POST, reqwest::Method::GET, reqwest::Method::PUT);
    // (method, path, content type, content encoding, body, status, code)
    type Case<'a> = (&'a reqwest::Method, &'a str, &'a str, &'a str, Vec<u8>, u16, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (&post, "/v1/events", "text/plain", "", b"{}".to_vec(), 415, "unsupported_media_type"),
        (&post, "/v1/events", "application/json; charset=utf-16", "", b"{}".to_vec(), 415, "unsupported_media_type"),
        (&post, "/v1/events", json, "br", b"{}".to_vec(), 415, "unsupported_encoding"),
        (&post, "/v1/events", json, "", b"".to_vec(), 400, "empty_batch"),
        (&post, "/v1/events", json, "", b" [ ] ".to_vec(), 400, "empty_batch"),
        (&post, "/v1/events", lines, "", b"\n \n".to_vec(), 400, "empty_batch"),
        (&post, "/v1/events", json, "", b"[{\"id\":\"1\"},{\"id".to_vec(), 400, "invalid_json"),
        (&post, "/v1/events", json, "", b"[{\"id\":\"1\"}] more".to_vec(), 400, "trailing_bytes"),
        (&post, "/v1/events", json, "", b"\xef\xbb\xbf[]".to_vec(), 400, "byte_order_mark"),
        (&post, "/v1/events", json, "", not_utf8, 400, "invalid_utf8"),
        (&post, "/v1/events", lines, "", many.into_bytes(), 413, "too_many_events"),
        (&post, "/v1/events", json, "", large.clone().into_bytes(), 413, "body_too_large"),
        (&post, "/v1/events", json, "gzip", bomb.clone(), 413, "body_too_large"),
        (&post, "/v1/events", json, "gzip", cut, 400, "body_unreadable"),
        (&post, "/v1/events", json, "gzip", b"no gzip".to_vec(), 400, "body_unreadable"),
        (&post, "/v1/events?results=some", json, "", b"{}".to_vec(), 400, "invalid_query"),
        (&get, "/v1/events", "", "", b"".to_vec(), 405, "method_not_allowed"),
        (&put, "/v1/events", json, "", b"{}".to_vec(), 405, "method_not_allowed"),
        (&post, "/v1/usage", json, "", b"{}".to_vec(), 404, "unknown_path"),
        (&get, "/", "", "", b"".to_vec(), 404, "unknown_path"),
        (&get, "/v1/events/outcome?organizationId=acme", "", "", b"".to_vec(), 400, "invalid_query"),
        (&get, "/v1/events/outcome?organizationId=acme&id=1&colour=red", "", "", b"".to_vec(), 400, "invalid_query"),
        (&post, "/v1/rows", lines, "", b"{\"table\":\"plan\",\"row\":{}}".to_vec(), 422, "invalid_rows"),
        (&post, "/v1/rows", lines, "", large.into_bytes(), 413, "body_too_large"),
        (&post, "/v1/rows", lines, "gzip", bomb, 413, "body_too_large"),
    ];
    for (method, path, content_type, encoding, body, status, code) in cases {
        let case = format!(
            "{method} {path} {content_type} {encoding} {:?}",
            String::from_utf8_lossy(&body[..body.len().min(30)])
        );
        let answer = client::send(|client| {
            let request = client.request(method.clone(), house.url(path)).body(body);
            let headers = [("content-type", content_type), ("content-encoding", encoding)];
            headers
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .fold(request, |request, (name, value)| request.header(name, value))
        });
        let answer = answer.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{case}: {}", answer.body);
        assert!(answer.json()["message"].is_string(), "{case}: {}", answer.body);
    }
    let broken = house.post("/v1/events", json, "[{\"id\":\"1\"},{\"id").expect("an answer").json();
    assert!(broken["offset"].as_u64().is_some_and(|offset| (10..=17).contains(&offset)), "{broken}");
}

/// As a client does that stops sending in the middle of its body.
#[test]
fn a_request_that_takes_too_long_is_answered_timeout() {
    let house = door_only().set("http.request_timeout=1s");
    let _process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let address = house.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("a connection");
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: 1000\r\n\r\n{{").expect("half a request");
    let mut answer = [0u8; 4096];
    let read = stream.read(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":\"timeout\""), "{answer}");
}

/// (results by index, counts)
fn results(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["results"].as_array().cloned().expect("results")
}

#[test]
fn each_event_of_a_request_has_its_own_answer() {
    let house = door_only();
    let _process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let mut other = event("1");
    other["quantity"] = json!("3");
    let late = json!({"id": "late", "organizationId": "acme", "feature": "api_call",
        "timestamp": oracle::civil::rfc3339(usage::now() - 40 * oracle::DAY)});
    let mut first = event("1");
    let cloud_event = json!({"specversion": "1.0", "id": "ce-1", "source": "gateway", "type": "api_call", "subject": "acme",
        "time": first["timestamp"], "data": {"quantity": 5}});
    first["quantity"] = json!("2.0");
    let float = json!({"id": "f", "organizationId": "acme", "feature": "api_call", "timestamp": first["timestamp"], "quantity": "1,5"});
    let misspelt = json!({"id": "m", "organizationId": "acme", "feature": "api_call", "timestamp": first["timestamp"], "quantty": 1});
    let again = {
        let mut again = first.clone();
        again["quantity"] = json!("2");
        again
    };
    let table = [
        (first.to_string(), "acknowledged", "", ""),
        (again.to_string(), "duplicate", "", ""),
        (other.to_string(), "conflicting", "", ""),
        (late.to_string(), "late", "", ""),
        (cloud_event.to_string(), "acknowledged", "", ""),
        (float.to_string(), "rejected", "invalid_quantity", "/quantity"),
        (misspelt.to_string(), "rejected", "unknown_field", "/quantty"),
        ("{\"id\":\"cut\",".to_owned(), "rejected", "invalid_json", ""),
    ];
    let body = table.iter().map(|(text, ..)| text.as_str()).collect::<Vec<_>>().join("\n");
    let answer = house.post("/v1/events", "application/x-ndjson", body.clone()).expect("an answer");
    let found = results(&answer);
    assert_eq!(found.len(), table.len());
    for (nth, (result, (text, wanted, code, path))) in found.iter().zip(&table).enumerate() {
        assert_eq!(
            (result["index"].as_u64(), result["result"].as_str()),
            (Some(nth as u64), Some(*wanted)),
            "{text}: {result}"
        );
        if *wanted == "rejected" {
            assert_eq!(
                (result["code"].as_str(), result["path"].as_str()),
                (Some(*code), Some(*path)),
                "{text}: {result}"
            );
            assert!(result["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{text}: {result}");
        }
    }
    let counts = answer.json();
    let count = |name: &str| counts[name].as_u64().expect("a count");
    let outcomes = ["acknowledged", "duplicate", "conflicting", "late", "rejected"];
    assert_eq!(count("received"), outcomes.iter().map(|name| count(name)).sum::<u64>());

    // Sent again as a whole, because its answer was lost: nothing is taken on anew.
    let again = house.post("/v1/events?results=exceptions", "application/x-ndjson", body).expect("an answer");
    assert_eq!((again.json()["acknowledged"].as_u64(), again.json()["duplicate"].as_u64()), (Some(0), Some(3)));
    assert_eq!(results(&again).len(), table.len(), "every one of them is an exception now");
}

#[test]
fn the_outcome_of_any_identity_can_be_asked_for() {
    let Some(house) = House::new() else { return };
    let _process = house.start();
    house.wait_until_ready();
    let mut conflicting = event("twice");
    conflicting["quantity"] = json!("3");
    let mut late = event("late");
    late["timestamp"] = oracle::civil::rfc3339(usage::now() - 40 * oracle::DAY).into();
    let mut broken = event("broken");
    broken["quantity"] = json!("1,5");
    let retract = json!({"organizationId": "acme", "id": "gone", "retract": true});
    let sent = [event("kept"), event("gone"), retract, event("twice"), conflicting, late, broken];
    let body = sent.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    // The whole request twice, as after a lost answer.
    for _ in 0..2 {
        assert_eq!(house.post("/v1/events", "application/x-ndjson", body.clone()).expect("an answer").status, 200);
    }
    rows::settle(&house, "door");
    for (id, status, key, value) in [
        ("kept", 200, "outcome", "accepted"),
        ("gone", 200, "outcome", "retracted"),
        // The identity stands with what was said first.
        ("twice", 200, "outcome", "accepted"),
        ("late", 200, "outcome", "late"),
        ("broken", 200, "code", "invalid_quantity"),
        ("never", 404, "code", "unknown_event"),
    ] {
        let answer = house.get(&format!("/v1/events/outcome?organizationId=acme&id={id}")).expect("an answer");
        assert_eq!((answer.status, answer.json()[key].as_str()), (status, Some(value)), "{id}: {}", answer.body);
    }
    let standing = "SELECT count(), sum(quantity) FROM highwater.usage_events WHERE organization_id = 'acme' AND NOT retracted FORMAT TSV";
    assert_eq!(house.query(standing).as_deref(), Ok("2\t4\n"), "within {DEADLINE:?}");
}

#[test]
fn a_meter_beside_others_begins_ahead() {
    let house = door_only();
    let _process = house.start();
    house.until("the door opens", || house.get("/healthz").ok().map(drop));
    let meter = |name: &str, beginning: &str| {
        format!(r#"{{"table":"meters","row":{{"name":"{name}","feature":"{name}","aggregation":"sum"{beginning}}}}}"#)
    };
    let send = |line: String| house.post("/v1/rows", "application/x-ndjson", line).expect("an answer");
    assert_eq!(send(meter("first", "")).status, 200);
    let past = send(meter("second", r#","effective_from":"2026-01-01T00:00:00Z""#));
    assert_eq!((past.status, past.json()["code"].as_str()), (422, Some("refused_rows")), "{}", past.body);
    assert!(past.body.contains("meter_begins_in_the_past"), "{}", past.body);
    let before = usage::now();
    assert_eq!(send(meter("second", "")).status, 200);
    let rows = house.get("/v1/rows").expect("rows");
    let beginning = |name: &str| {
        let rows = rows.body.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let row = rows.into_iter().find(|row| row["row"]["name"] == name).expect("the row");
        row["row"]["effective_from"].as_str().map(str::to_owned)
    };
    assert_eq!(beginning("first"), None, "the first one counts everything");
    let second = beginning("second").expect("chosen");
    assert!(second > oracle::civil::rfc3339(before), "{second}");
}
