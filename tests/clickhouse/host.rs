//! Engines in processes of their own: this test binary, asked to run one test that hosts an engine.
//!
//! An engine's threads outlive the tests and would still run while the test process ends, and a process that is killed
//! must be another one.

use crate::engine;
use highwater::clickhouse::embedded::{EmbeddedEngine, Running};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

const FOLDER_VARIABLE: &str = "HIGHWATER_TEST_ENGINE_FOLDER";

pub struct Host {
    process: Child,
    /// Closing it tells the host to go, so that it never outlives this process.
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub url: String,
}

impl Host {
    /// `Err` is what the engine said when it refused.
    pub fn start(folder: &Path) -> Result<Host, String> {
        let mut process = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "host::hosts_an_engine_when_asked_by_another_test", "--nocapture"])
            .env(FOLDER_VARIABLE, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let orders = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut host = Host { process, orders, answers, url: String::new() };
        match host.answer() {
            Ok(url) => Ok(Host { url, ..host }),
            Err(error) => Err(error),
        }
    }

    fn answer(&mut self) -> Result<String, String> {
        for line in self.answers.by_ref().map_while(Result::ok) {
            if let Some((_, answer)) = line.split_once("answer: ") {
                return Ok(answer.to_owned());
            }
            if let Some((_, error)) = line.split_once("error: ") {
                return Err(error.to_owned());
            }
        }
        panic!("the host said nothing: {:?}", self.process.wait());
    }

    /// `second` starts another engine beside the first, `again` stops it and starts it anew.
    pub fn order(&mut self, order: &str) -> Result<String, String> {
        writeln!(self.orders, "{order}").expect("the host listens");
        self.answer()
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("it ended");
    }

    /// Stops the engine and lets the process return from `main`.
    pub fn stop(self) -> ExitStatus {
        let Host { mut process, orders, answers, .. } = self;
        drop(orders);
        // The harness's last lines: a pipe nobody reads would be an error to it.
        answers.map_while(Result::ok).for_each(drop);
        process.wait().expect("it ended")
    }
}

/// Not a promise: the other side of [`Host`].
#[test]
fn hosts_an_engine_when_asked_by_another_test() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let Some(library) = engine::library() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let start = || runtime.block_on(EmbeddedEngine::start(engine::settings(library.clone(), folder.clone().into())));
    let say = |outcome: Result<&Running, String>| match outcome {
        Ok(running) => println!("\nanswer: {}", running.url()),
        Err(error) => println!("\nerror: {error}"),
    };
    let mut running = match start() {
        Ok(running) => running,
        Err(error) => return say(Err(error.to_string())),
    };
    say(Ok(&running));
    for order in std::io::stdin().lines().map_while(Result::ok) {
        match order.as_str() {
            "second" => say(start().as_ref().map_err(ToString::to_string)),
            "again" => {
                runtime.block_on(running.stop());
                running = start().expect("it starts again");
                say(Ok(&running));
            }
            _ => say(Err(format!("{order} is no order"))),
        }
    }
    runtime.block_on(running.stop());
}
