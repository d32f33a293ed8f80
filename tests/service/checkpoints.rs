//! A start goes on from the newest sound checkpoint, and nobody can tell from the rows.

use crate::house::House;
use crate::usage::Sent;
use crate::{rows, usage};
use std::path::PathBuf;

const RECORDS_OF_ONE: usize = 120;

fn send(house: &House, records: &[&Sent]) {
    let body: Vec<&str> = records.iter().map(|sent| sent.text.as_str()).collect();
    let answer = house.post("/v1/events", "application/x-ndjson", body.join("\n")).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Records that this process has counted.
fn received(house: &House) -> u64 {
    house.get("/readyz").expect("an answer").json()["status"]["events_received"].as_u64().expect("a count")
}

/// Newest first.
fn manifests(house: &House) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(house.path("data/state")).expect("a folder");
    let mut found: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("manifest-")));
    found.sort();
    found.reverse();
    found
}

/// X-1, D-3, D-5: with another number of workers, behind a damaged checkpoint, and without any.
#[test]
fn a_start_goes_on_from_the_newest_sound_checkpoint_by_any_number_of_workers() {
    let Some(house) = House::new() else { return };
    let now = usage::now();
    let catalog = usage::catalog(now);
    let records = usage::records(20_261_127, RECORDS_OF_ONE, now);
    let parts: Vec<Vec<&Sent>> = records.chunks(records.len().div_ceil(5)).map(|part| part.iter().collect()).collect();
    let first = house.start();
    house.wait_until_ready();
    house.publish(&catalog);
    send(&house, &parts[0]);
    rows::settle(&house, "first");
    assert_eq!(first.terminate().code(), Some(0), "{}", house.said());

    // What stands before the checkpoint is not read again.
    let second = house.spawn(&["run", "--workers", "3"]);
    house.wait_until_ready();
    send(&house, &parts[1]);
    rows::settle(&house, "second");
    assert_eq!(received(&house), parts[1].len() as u64 + 1);
    second.kill();

    let third = house.spawn(&["run", "--workers", "2"]);
    house.wait_until_ready();
    send(&house, &parts[2]);
    rows::settle(&house, "third");
    assert!(received(&house) <= (parts[1].len() + parts[2].len()) as u64 + 2, "not from the beginning");
    assert_eq!(third.terminate().code(), Some(0), "{}", house.said());

    let newest = manifests(&house).remove(0);
    let whole = std::fs::read(&newest).expect("a manifest");
    std::fs::write(&newest, &whole[..whole.len() / 2]).expect("damaged");
    let fourth = house.start();
    house.wait_until_ready();
    send(&house, &parts[3]);
    rows::settle(&house, "fourth");
    assert!(house.said().contains("is passed over"), "{}", house.said());
    fourth.kill();

    std::fs::remove_dir_all(house.path("data/state")).expect("lost");
    let _fifth = house.start();
    house.wait_until_ready();
    send(&house, &parts[4]);
    rows::settle(&house, "fifth");
    assert_eq!(received(&house), records.len() as u64 + 5, "from the beginning");

    let steps: Vec<_> = [usage::catalog_step(&catalog)].into_iter().chain(records.iter().map(Sent::step)).collect();
    let expected = oracle::expect(&steps);
    rows::assert_same(&rows::shown(house.clickhouse_port), &rows::expected(&expected));
    let outcomes = rows::outcomes(house.clickhouse_port).into_iter().filter(|row| !row.contains("sentinel")).collect();
    rows::assert_same(&outcomes, &rows::expected_outcomes(&expected));
}
