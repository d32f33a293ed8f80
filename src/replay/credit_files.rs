//! `credit_lines.ndjson`, `credit_ledger.ndjson`, `credit_balances.ndjson` and `recharge_requests.ndjson`.

use super::rated_files::money;
use highwater_dataflows::credit_burn::changes::CreditRows;
use highwater_dataflows::names::Names;
use highwater_rating::credits::{CreditLine, CreditUnit};
use highwater_rating::number::unrounded_text;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How many rows each file has.
pub struct Rows {
    pub lines: usize,
    pub entries: usize,
    pub balances: usize,
    pub requests: usize,
}

/// Each in the order of organizations, then of its keys.
pub fn write(folder: &Path, credits: &CreditRows, names: &Names) -> io::Result<Rows> {
    let name = |key| names.organization(key).unwrap_or_default();
    let lines = credits.lines.iter().map(|(key, line)| {
        let organization = name(key.organization);
        let row = line_row(&organization, line);
        (organization, row)
    });
    let entries = credits.entries.iter().map(|(key, entry)| {
        let organization = name(key.of.organization);
        let row = with_unit(&organization, &key.of.unit, entry);
        (organization, row)
    });
    let balances = credits.balances.iter().map(|(key, balance)| {
        let organization = name(key.organization);
        let mut row = match balance {
            Ok(balance) => with_unit(&organization, &key.unit, balance),
            Err(error) => with_unit(&organization, &key.unit, &json!({"error": error.to_string()})),
        };
        row.insert("grant".into(), json!(key.grant));
        (organization, row)
    });
    let requests = credits.requests.iter().map(|(key, request)| {
        let organization = name(key.organization);
        let row = with_unit(&organization, &key.unit, request);
        (organization, row)
    });
    Ok(Rows {
        lines: write_rows(&folder.join("credit_lines.ndjson"), lines.collect())?,
        entries: write_rows(&folder.join("credit_ledger.ndjson"), entries.collect())?,
        balances: write_rows(&folder.join("credit_balances.ndjson"), balances.collect())?,
        requests: write_rows(&folder.join("recharge_requests.ndjson"), requests.collect())?,
    })
}

type Row = Map<String, Value>;

fn write_rows(path: &Path, mut rows: Vec<(std::sync::Arc<str>, Row)>) -> io::Result<usize> {
    // Stable: within an organization the order of the keys stays.
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut file = BufWriter::new(File::create(path)?);
    for (_, row) in &rows {
        serde_json::to_writer(&mut file, row)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(rows.len())
}

/// The organization, the meter or the currency, then the fields of what is said.
fn with_unit(organization: &str, unit: &CreditUnit, says: &impl Serialize) -> Row {
    let mut row = Row::new();
    row.insert("organizationId".into(), organization.into());
    match unit {
        CreditUnit::Meter(meter) => row.insert("meter".into(), json!(meter)),
        CreditUnit::Currency(currency) => row.insert("currency".into(), json!(currency)),
    };
    // Rows hold nothing that JSON cannot write.
    if let Ok(Value::Object(fields)) = serde_json::to_value(says) {
        row.extend(fields);
    }
    row
}

fn line_row(organization: &str, line: &CreditLine) -> Row {
    let mut row = Row::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.into(), value));
    put("organizationId", organization.into());
    put("line_id", line.id(organization).to_string().into());
    put("paid_line_id", line.paid_line(organization).to_string().into());
    put("meter", json!(line.meter));
    put("grant", json!(line.grant));
    put("period_start", json!(line.period.start));
    put("period_end", json!(line.period.end));
    put("span_start", json!(line.span_start));
    put("span_end", json!(line.span_end));
    put("currency", json!(line.currency));
    put("amount_unrounded", line.amount_unrounded().map_or(Value::Null, |amount| unrounded_text(amount).into()));
    put("amount", money(&line.currency, line.amount_minor_units));
    put("amount_minor_units", line.amount_minor_units.to_string().into());
    row
}
