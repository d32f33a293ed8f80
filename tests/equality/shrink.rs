//! A failing case made small enough to be read: steps are left out as long as it goes on failing.

use oracle::{Step, TableChange};

/// Enough to bring two hundred steps down to a dozen, and few enough that a failure is told within a minute.
const ATTEMPTS: usize = 400;

pub fn shrink(mut steps: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut attempts = 0;
    let mut run = steps.len() / 2;
    while run > 0 && attempts < ATTEMPTS {
        let mut start = 0;
        while start < steps.len() && attempts < ATTEMPTS {
            let mut fewer = steps.clone();
            fewer.drain(start..(start + run).min(steps.len()));
            attempts += 1;
            if fails(&fewer) {
                steps = fewer;
            } else {
                start += run;
            }
        }
        run /= 2;
    }
    one_change_a_step(steps, fails)
}

/// Table rows come many in a step: each is tried without.
fn one_change_a_step(steps: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let split = |step: Step| match step {
        Step::Tables(changes) => changes.into_iter().map(|change| Step::Tables(vec![change])).collect(),
        record => vec![record],
    };
    let mut steps: Vec<Step> = steps.into_iter().flat_map(split).collect();
    for index in (0..steps.len()).rev() {
        let mut fewer = steps.clone();
        if matches!(fewer.remove(index), Step::Tables(_)) && fails(&fewer) {
            steps = fewer;
        }
    }
    steps
}

pub fn listing(steps: &[Step]) -> String {
    let line = |step: &Step| match step {
        Step::Record(record) => match record.received_at {
            Some(received_at) => format!("  {} received {received_at}", String::from_utf8_lossy(&record.bytes)),
            None => format!("  {}", String::from_utf8_lossy(&record.bytes)),
        },
        Step::Tables(changes) => changes.iter().map(change).collect::<Vec<_>>().join("\n"),
    };
    format!("{} steps are left:\n{}", steps.len(), steps.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn change(change: &TableChange) -> String {
    match change {
        TableChange::Upsert(envelope) => format!("  {envelope}"),
        TableChange::Remove(envelope) => format!("  without {envelope}"),
    }
}
