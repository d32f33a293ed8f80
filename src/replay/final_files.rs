//! `close_records.ndjson` and `final_lines.ndjson`: what would be billed.

use highwater_rating::finals::{FinalPeriod, Line};
use highwater_rating::rate::StepShare;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// In the order of `closed`, lines in order of id; answers with the number of rows of each.
pub fn write(folder: &Path, closed: &[Arc<FinalPeriod>]) -> io::Result<(usize, usize)> {
    let mut records = BufWriter::new(File::create(folder.join("close_records.ndjson"))?);
    let mut lines = BufWriter::new(File::create(folder.join("final_lines.ndjson"))?);
    let mut line_count = 0;
    for period in closed {
        write_row(&mut records, &record_row(period))?;
        for line in &period.lines {
            write_row(&mut lines, &line_row(period, line))?;
            line_count += 1;
        }
    }
    records.flush()?;
    lines.flush()?;
    Ok((closed.len(), line_count))
}

fn write_row(file: &mut impl Write, row: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *file, row)?;
    file.write_all(b"\n")
}

fn record_row(period: &FinalPeriod) -> Value {
    json!({
        "organizationId": period.organization_id,
        "period_start": period.period.start,
        "period_end": period.period.end,
        "currency": period.currency,
        "revision": period.revision,
        "lines": period.lines.len(),
        "total_minor_units": period.total_minor_units.to_string(),
        "checksum": period.checksum,
        "final_at": period.final_at,
    })
}

fn line_row(period: &FinalPeriod, line: &Line) -> Value {
    json!({
        "organizationId": period.organization_id,
        "period_start": period.period.start,
        "revision": period.revision,
        "line_id": line.id,
        "kind": line.kind,
        "name": line.name,
        "span_start": line.span_start,
        "span_end": line.span_end,
        "events": line.events,
        "quantity": line.quantity,
        "included": line.included,
        "overage": line.overage,
        "currency": line.currency,
        "amount_unrounded": highwater_rating::number::unrounded_text(line.amount_unrounded),
        "amount_minor_units": line.amount_minor_units.to_string(),
        "steps": line.steps.iter().map(step).collect::<Vec<Value>>(),
        "terms": serde_json::from_str::<Value>(&line.terms).unwrap_or_default(),
        "corrects_line_id": line.corrects.map(|corrects| corrects.line_id),
        "corrects_period_start": line.corrects.map(|corrects| corrects.period_start),
    })
}

fn step(step: &StepShare) -> Value {
    json!({
        "step": step.kind,
        "discount": step.index,
        "quantity": step.quantity,
        "amount_unrounded": highwater_rating::number::unrounded_text(step.amount_unrounded),
    })
}
