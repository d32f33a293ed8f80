//! Workload W1: how fast events are decoded, counted and rated, beside DuckDB's one-shot batch on the same file.
//!
//! ```text
//! cargo bench --bench w1                         everything, interleaved, medians
//! cargo bench --bench w1 -- --events 1000000 --rounds 3
//! cargo bench --bench w1 -- --generate FOLDER    write the workload only
//! ```
//!
//! Owns what is run in which order and what is printed. Does not own the workload (`workload`, `catalog`), nor one
//! measurement (`measure`), nor how a process is watched (`process`).

mod catalog;
mod measure;
mod process;
mod report;
mod workload;

use clap::{Parser, ValueEnum};
use process::Measured;
use report::Report;
use std::path::{Path, PathBuf};
use std::process::Command;
use workload::Workload;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    /// Before duplicates, of which there is one in a hundred
    #[arg(long, default_value_t = 3_000_000)]
    events: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only measurements whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Writes the workload to this folder and ends
    #[arg(long, value_name = "FOLDER")]
    generate: Option<PathBuf>,
    /// One measurement in this process: what the driver starts
    #[arg(long, hide = true)]
    measure: Option<measure::Kind>,
    #[arg(long, hide = true, default_value_t = 1)]
    workers: usize,
    /// What `cargo bench` adds to every call
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let folder = match &arguments.generate {
        Some(folder) => folder.clone(),
        None => scratch().join(format!("w1-{}-{}", arguments.events, arguments.seed)),
    };
    let workload = Workload { folder, events: arguments.events, seed: arguments.seed };
    if let Some(kind) = arguments.measure {
        println!("{}", measure::run(kind, &workload, arguments.workers)?);
        return Ok(());
    }
    if arguments.generate.is_some() || !workload.is_written() {
        eprintln!("writing {} events to {}", workload.events, workload.folder.display());
        workload.write()?;
    }
    if arguments.generate.is_none() {
        drive(&arguments, &workload)?;
    }
    Ok(())
}

/// Below the folder of built things: it may be large, and it can be written again.
fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Runs every measurement once a round, so that a noisy minute harms all of them alike.
fn drive(arguments: &Arguments, workload: &Workload) -> Result<(), Box<dyn std::error::Error>> {
    let python = duckdb_python();
    let mut report = Report::new(workload);
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for kind in measure::Kind::value_variants() {
            for workers in kind.workers() {
                let name = kind.name(*workers);
                if name.contains(&arguments.only) {
                    report.add(&name, this_program(arguments, *kind, *workers));
                }
            }
        }
        for workers in ["1", "2"] {
            let name = format!("replay, {workers} worker{}", if workers == "1" { "" } else { "s" });
            if name.contains(&arguments.only) {
                report.add(&name, replay(workload, workers));
            }
        }
        match &python {
            Ok(python) if "DuckDB".contains(&arguments.only) => report.add("DuckDB", duckdb(python, workload)),
            Ok(_) => {}
            Err(reason) => eprintln!("DuckDB is left out: {reason}"),
        }
    }
    println!("{report}");
    Ok(())
}

fn this_program(arguments: &Arguments, kind: measure::Kind, workers: usize) -> std::io::Result<Measured> {
    let kind = kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--measure", &kind, "--workers", &workers.to_string()]);
    command.args(["--events", &arguments.events.to_string(), "--seed", &arguments.seed.to_string()]);
    process::watch(command)
}

/// The program as a person starts it: files in, files out.
fn replay(workload: &Workload, workers: &str) -> std::io::Result<Measured> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.arg("replay").arg("--json").args(["--workers", workers]);
    command.arg("--catalog").arg(workload.catalog_folder()).arg("--events").arg(workload.events_file());
    command.arg("--out").arg(workload.folder.join("replayed"));
    process::watch(command)
}

fn duckdb(python: &Path, workload: &Workload) -> std::io::Result<Measured> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/w1_duckdb.py");
    let mut command = Command::new(python);
    command.arg(script).arg(&workload.folder).arg(workload.folder.join("duckdb.csv"));
    process::watch(command)
}

/// The interpreter of an environment that has DuckDB, made if it is not there.
fn duckdb_python() -> Result<PathBuf, String> {
    let installer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parts/install-duckdb");
    let output = Command::new(installer).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
