//! C-2 … C-9, N-2: requests to ClickHouse that are refused, lost, late, doubled or cut.

use super::proxy::{Fault, Proxy};
use crate::house::{House, Process};
use crate::usage::{FICKLE, STEADY, Sent};
use crate::{rows, usage, watch};
use oracle::generate::Dice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const RECORDS_OF_ONE: usize = 150;
const BATCH_RECORDS: usize = 30;
/// Requests that must have met a fault before a run may heal.
const HARMED_MIN: usize = 12;
/// Shorter than `LATE`: what comes after it comes too late.
const WRITE_TIMEOUT: &str = "clickhouse.write_timeout=1s";
const LATE: Duration = Duration::from_millis(1_500);

/// A service whose ClickHouse is the engine inside another process, behind a proxy.
struct Between {
    house: House,
    proxy: Proxy,
    _server: Process,
    _server_house: House,
}

impl Between {
    fn new() -> Option<Between> {
        let server_house = House::new()?;
        let server = server_house.start();
        server_house.wait_until_ready();
        let proxy = Proxy::start(server_house.clickhouse_port);
        let url = format!("clickhouse.url={}", proxy.url());
        let mut house = House::bare().set("clickhouse.embedded=false").set(url).set(WRITE_TIMEOUT);
        // Readers ask the server itself: what they see is not what the proxy lets through.
        house.clickhouse_port = server_house.clickhouse_port;
        Some(Between { house, proxy, _server: server, _server_house: server_house })
    }
}

/// One of `count`, drawn for the request. Not its number modulo `count`: a retry that takes as many requests as the
/// rule has cases would meet the same one for ever.
fn drawn(nth: usize, count: i64) -> i64 {
    Dice::of_seed(nth as u64).between(0, count - 1)
}

/// Sends usage while requests meet `rule`, heals, and compares every row with the oracle's. No reader may see a
/// quantity go back meanwhile.
fn survives(seed: u64, rule: impl Fn(usize) -> Fault + Send + Sync + 'static) {
    let Some(between) = Between::new() else { return };
    let Between { house, proxy, .. } = &between;
    let now = usage::now();
    let catalog = usage::catalog(now);
    let records = usage::records(seed, RECORDS_OF_ONE, now);
    let _process = house.start();
    house.wait_until_ready();
    house.publish(&catalog);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also where a wait below gives up: else the scope would wait for a reader that never ends.
        let _ends = watch::Ends(&done);
        let reader = scope.spawn(|| watch::quantities(house, &done));
        proxy.set(rule);
        for organization in [STEADY[0], STEADY[1], STEADY[2], FICKLE] {
            let mine: Vec<&Sent> = records.iter().filter(|sent| sent.organization == organization).collect();
            mine.chunks(BATCH_RECORDS).for_each(|batch| send(house, batch));
        }
        house.until("enough requests were harmed", || (proxy.harmed() >= HARMED_MIN).then_some(()));
        proxy.heal();
        house.wait_until_ready();
        rows::settle(house, "healed");
        done.store(true, Ordering::SeqCst);
        assert!(reader.join().expect("no quantity went back") > 0, "somebody read while this happened");
    });
    let steps: Vec<_> = [usage::catalog_step(&catalog)].into_iter().chain(records.iter().map(Sent::step)).collect();
    rows::assert_same(&rows::shown(house.clickhouse_port), &rows::expected(&oracle::expect(&steps)));
}

fn send(house: &House, batch: &[&Sent]) {
    let body = batch.iter().map(|sent| sent.text.as_str()).collect::<Vec<_>>().join("\n");
    house.until("a batch is acknowledged", || {
        let answer = house.post("/v1/events", "application/x-ndjson", body.clone()).ok()?;
        (answer.status == 200).then_some(())
    });
}

#[test]
fn c_2_rows_whose_answer_is_lost_are_there_once() {
    survives(2, |nth| if drawn(nth, 3) == 0 { Fault::SwallowAnswer } else { Fault::None });
}

#[test]
fn c_3_a_first_try_that_is_carried_out_behind_the_second_changes_nothing() {
    survives(3, |nth| match drawn(nth, 3) {
        0 => Fault::LateRequest(LATE),
        1 => Fault::LateAnswer(LATE),
        _ => Fault::None,
    });
}

#[test]
fn c_4_a_write_that_breaks_off_in_some_tables_is_shown_whole_later() {
    // Tables are written side by side: of an epoch some arrive, some are cut in the middle.
    survives(4, |nth| if drawn(nth, 3) == 1 { Fault::TruncateRequest } else { Fault::None });
}

#[test]
fn c_6_a_busy_server_delays_and_loses_nothing() {
    const TEXTS: [&str; 5] = [
        "Code: 252. DB::Exception: Too many parts",
        "Code: 241. DB::Exception: Memory limit exceeded",
        "Code: 159. DB::Exception: Timeout exceeded",
        "Code: 164. DB::Exception: Cannot execute query in readonly mode",
        "Code: 202. DB::Exception: Too many simultaneous queries",
    ];
    survives(6, |nth| if drawn(nth, 4) == 3 { Fault::None } else { Fault::Answer(500, TEXTS[nth % TEXTS.len()]) });
}

#[test]
fn c_9_an_answer_that_is_cut_is_no_success() {
    // The status line and no more; the head and no more.
    survives(9, |nth| match drawn(nth, 3) {
        0 => Fault::TruncateAnswer(20),
        1 => Fault::TruncateAnswer(150),
        _ => Fault::None,
    });
}

#[test]
fn n_2_a_server_that_refuses_or_drips_is_given_up_in_time() {
    // An answer of some hundred bytes then takes longer than a write may.
    survives(12, |nth| match drawn(nth, 5) {
        0 => Fault::Refuse,
        1 => Fault::DripAnswer(Duration::from_millis(15)),
        2 => Fault::Answer(502, "Bad Gateway"),
        _ => Fault::None,
    });
}

/// Every fault at every moment, as the seed has it; a row of P1 in itself.
#[test]
fn any_faults_in_any_order_end_in_the_oracles_rows() {
    let seed =
        std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000 + u64::from(std::process::id()));
    println!("REPRODUCE=SEED={seed} cargo test --test service any_faults");
    survives(seed, move |nth| {
        let mut dice = Dice::of_seed(seed.wrapping_mul(31).wrapping_add(nth as u64));
        match dice.between(0, 13) {
            0 => Fault::Refuse,
            1 | 2 => Fault::SwallowAnswer,
            3 => Fault::TruncateAnswer(dice.between(0, 300) as usize),
            4 => Fault::LateAnswer(LATE),
            5 => Fault::LateRequest(LATE),
            6 => Fault::Twice,
            7 => Fault::TruncateRequest,
            8 => Fault::Answer(500, "Code: 241. DB::Exception: Memory limit exceeded"),
            _ => Fault::None,
        }
    });
}
