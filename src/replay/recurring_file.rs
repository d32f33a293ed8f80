//! `recurring_lines.ndjson`: what recurs in every period that has begun by the end of the files.

use super::rated_files::money;
use highwater_dataflows::changes::RecurringKey;
use highwater_dataflows::names::Names;
use highwater_rating::number::unrounded_text;
use highwater_rating::recurring::RecurringLine;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// In the order of (organization, period, kind, name, start); answers with the number of rows.
pub fn write<'a>(
    folder: &Path,
    lines: impl Iterator<Item = (&'a RecurringKey, &'a RecurringLine)>,
    names: &Names,
) -> io::Result<usize> {
    let named = |(key, line): (&'a RecurringKey, &'a RecurringLine)| {
        (names.organization(key.organization).unwrap_or_default(), key, line)
    };
    let mut rows: Vec<_> = lines.map(named).collect();
    let rank = |key: &RecurringKey| (key.period_start, key.kind, key.name.clone(), key.start);
    rows.sort_by(|(a, a_key, _), (b, b_key, _)| a.cmp(b).then_with(|| rank(a_key).cmp(&rank(b_key))));
    let mut file = BufWriter::new(File::create(folder.join("recurring_lines.ndjson"))?);
    for (organization, _, line) in &rows {
        serde_json::to_writer(&mut file, &row(organization, line))?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(rows.len())
}

fn row(organization: &str, line: &RecurringLine) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.into(), value));
    put("organizationId", organization.into());
    put("line_id", line.id(organization).to_string().into());
    put("kind", line.kind.name().into());
    put("name", json!(line.name));
    put("period_start", json!(line.period.start));
    put("period_end", json!(line.period.end));
    put("span_start", json!(line.start));
    put("span_end", json!(line.end));
    put("billing", line.billing.name().into());
    put("subscription", json!(line.subscription));
    put("plan", json!(line.plan));
    put("price_version", json!(line.version));
    put("overrides", json!(line.overrides));
    put("currency", json!(line.currency));
    put("price", line.price.normalize().to_string().into());
    put("quantity", json!(line.quantity));
    put("charged_seconds", json!(line.charged_seconds));
    put("whole_seconds", json!(line.whole_seconds));
    match line.amount {
        Ok(amount) => {
            put("amount_unrounded", unrounded_text(amount.unrounded).into());
            put("amount", money(&line.currency, amount.minor_units));
            put("amount_minor_units", amount.minor_units.to_string().into());
        }
        Err(error) => put("error", error.to_string().into()),
    }
    Value::Object(row)
}
