//! `rejected_events.ndjson`: every record that did not end as `accepted`, with the reason and the record itself.

use highwater_dataflows::changes::{Outcome, OutcomeRow};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// In the order of place; answers with the number of rows.
pub fn write(folder: &Path, outcomes: &[OutcomeRow], files: &[PathBuf]) -> io::Result<usize> {
    let mut file = BufWriter::new(File::create(folder.join("rejected_events.ndjson"))?);
    for outcome in outcomes {
        let record = &outcome.record;
        let path = files.get(record.place.partition as usize).map(|path| path.display().to_string());
        let row = json!({
            "outcome": name(outcome.outcome),
            "code": record.code,
            "path": record.path,
            "hint": record.hint,
            "file": path,
            "offset": record.place.offset,
            "organizationId": record.organization_id,
            "source": record.source,
            "id": record.id,
            "first_offset": outcome.first_place.map(|place| place.offset),
            "raw": String::from_utf8_lossy(&record.raw),
        });
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(outcomes.len())
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Duplicate => "duplicate",
        Outcome::Conflicting => "conflicting",
        Outcome::Late => "late",
        Outcome::Rejected => "rejected",
    }
}
