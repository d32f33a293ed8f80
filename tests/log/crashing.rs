//! Processes that are killed, journals that are torn, disks that refuse.

use super::{RECEIVED_AT, append, offsets_are_dense, whole};
use bytes::Bytes;
use highwater::source::log::{AppendError, EventLog};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the torn-tail test does to a copy of the journal at one byte position.
#[derive(Clone, Copy, Debug)]
enum Tear {
    CutOff,
    /// What a file that was allocated ahead looks like when its last pages were never written.
    Zeroed,
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn journal(directory: &Path) -> PathBuf {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut journals: Vec<_> = files.filter(|path| path.extension().is_some_and(|name| name == "jnl")).collect();
    journals.sort();
    journals.pop().unwrap()
}

#[test]
fn a_torn_tail_costs_only_what_was_torn_and_the_log_goes_on_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let written_bytes = || {
        let journal = std::fs::read(journal(directory.path())).unwrap();
        journal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    };
    append(&log, &[b"first", b"second"]);
    let before_last = written_bytes();
    append(&log, &[&[b'x'; 300]]);
    let after_last = written_bytes();
    drop(log);
    assert!(before_last < after_last);
    for position in (before_last..after_last).step_by(23) {
        for tear in [Tear::CutOff, Tear::Zeroed] {
            let torn = tempfile::tempdir().unwrap();
            copy(directory.path(), torn.path());
            let file = std::fs::OpenOptions::new().write(true).open(journal(torn.path())).unwrap();
            file.set_len(position as u64).unwrap();
            if let Tear::Zeroed = tear {
                file.set_len(after_last as u64 + 4_096).unwrap();
            }
            let log = EventLog::open(torn.path()).unwrap_or_else(|error| panic!("{tear:?} at {position}: {error}"));
            assert_eq!(append(&log, &[b"third"]), 2, "{tear:?} at {position}");
            drop(log);
            let read = whole(&EventLog::open(torn.path()).unwrap());
            let read: Vec<_> = read.iter().map(|record| record.bytes.as_deref().unwrap()).collect();
            assert_eq!(read, [&b"first"[..], b"second", b"third"], "{tear:?} at {position}");
        }
    }
}

/// Runs one test of this binary as a child process that takes the part which `TEST_LOG_CHILD` names.
fn child(test: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "--test-threads=1", test]);
    command.env("TEST_LOG_CHILD", directory).stdout(Stdio::piped());
    command
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    if let Some(directory) = std::env::var_os("TEST_LOG_CHILD") {
        append_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 1..=4 {
        let mut child = child("crashing::what_was_acknowledged_survives_kill_9", directory.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        while let Some(Ok(line)) = lines.next() {
            // The last line may be cut off by the kill, hence the full stop at its end.
            let Some(("ack", rest)) = line.strip_suffix('.').and_then(|line| line.split_once(' ')) else { continue };
            let (offset, record) = rest.split_once(' ').unwrap();
            acknowledged.insert(offset.parse::<u64>().unwrap(), record.to_owned());
            told += 1;
            if told == round * 150 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(told >= round * 150);
        let log = EventLog::open(directory.path()).unwrap();
        let read = whole(&log);
        assert!(offsets_are_dense(&read));
        for (offset, record) in &acknowledged {
            let read = read.get(*offset as usize).and_then(|read| read.bytes.as_deref());
            assert_eq!(read, Some(record.as_bytes()), "offset {offset} after round {round}");
        }
    }
}

fn append_until_killed(directory: &Path) -> ! {
    let log = EventLog::open(directory).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let log = &log;
            scope.spawn(move || {
                for number in 0.. {
                    let record = format!("{}-{caller}-{number}", std::process::id());
                    let offset = append(log, &[record.as_bytes()]);
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {offset} {record}.").and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
    unreachable!("the callers append until the process is killed")
}

#[test]
fn a_failed_write_is_refused_and_the_log_recovers_when_the_disk_does() {
    if let Some(directory) = std::env::var_os("TEST_LOG_CHILD") {
        return fail_one_write(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let test = child("crashing::a_failed_write_is_refused_and_the_log_recovers_when_the_disk_does", directory.path());
    // Files of this process may not grow beyond 70 MiB (140 where the shell counts in KiB), and trying is an error
    // instead of a signal.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 143360; exec \"$0\" \"$@\""]).arg(test.get_program());
    limited.args(test.get_args()).env("TEST_LOG_CHILD", directory.path());
    let output = limited.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = whole(&EventLog::open(directory.path()).unwrap());
    assert!(offsets_are_dense(&read));
    let small: Vec<_> = read.iter().filter_map(|record| record.bytes.as_deref()).filter(|b| b.len() < 100).collect();
    assert_eq!(small, [&b"before"[..], b"after"]);
}

/// One append is larger than any file may get.
fn fail_one_write(directory: &Path) {
    let log = EventLog::open_with_reserve(directory, 0).unwrap();
    append(&log, &[b"before"]);
    let mut state = 1_u64;
    let incompressible: Bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(5 << 20)
    .flatten()
    .collect();
    let huge = vec![incompressible; 4];
    let refused = log.append(huge, RECEIVED_AT).unwrap().wait().unwrap_err();
    assert!(matches!(refused, AppendError::Storage(_)), "{refused}");
    assert_eq!(log.end(), 1, "nothing that was refused is handed out");
    let offset = append(&log, &[b"after"]);
    assert_eq!(log.end(), offset + 1);
}
