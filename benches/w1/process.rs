//! A child process with what it used: wall time, CPU time and its largest resident set, from outside.

use serde_json::Value;
use std::io::{Error, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Peaks shorter than this may be missed.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub rss_mb: f64,
    /// The JSON object that the process printed last.
    pub said: Value,
}

/// Runs the command to its end. What it prints must be one JSON object, or nothing.
pub fn watch(mut command: Command) -> std::io::Result<Measured> {
    let before_cpu_s = children_cpu_s()?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut rss_kb = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        rss_kb = rss_kb.max(peak_rss_kb(&child).unwrap_or(0));
        std::thread::sleep(LOOK);
    };
    let wall_s = started.elapsed().as_secs_f64();
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text)?;
    }
    if !status.success() {
        return Err(Error::other(format!("{command:?} ended with {status}: {text}")));
    }
    let said = serde_json::from_str(text.trim()).unwrap_or(Value::Null);
    Ok(Measured { wall_s, cpu_s: children_cpu_s()? - before_cpu_s, rss_mb: rss_kb as f64 / 1024.0, said })
}

/// The highest resident set so far, as the kernel keeps it.
fn peak_rss_kb(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// CPU time of all children that were waited for: fields 16 and 17 of proc(5)'s `stat`, in hundredths of a second.
fn children_cpu_s() -> std::io::Result<f64> {
    Ok(ticks(15)? + ticks(16)?)
}

/// CPU time of this process and all its threads, those that ended included.
pub fn own_cpu_s() -> std::io::Result<f64> {
    Ok(ticks(13)? + ticks(14)?)
}

fn ticks(field: usize) -> std::io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in parentheses, which may hold anything.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().nth(field - 2).and_then(|field| field.parse::<f64>().ok());
    ticks.map(|ticks| ticks / 100.0).ok_or_else(|| Error::other("an unknown form of /proc/self/stat"))
}
