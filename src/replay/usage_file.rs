//! `usage_hour.ndjson`: by far the longest of the files, so it is written by hand and by all cores.

use super::order::{Ranks, SeriesRank};
use super::tables::FinalTables;
use highwater_dataflows::changes::{WindowKey, WindowValue};
use highwater_dataflows::meters::MeterBook;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

struct UsageRow {
    series: SeriesRank,
    key: WindowKey,
    value: WindowValue,
}

/// Writes the rows in the order of (organization, meter, dimensions, hour); answers with their number.
pub fn write(
    path: &Path,
    tables: &FinalTables,
    ranks: &Ranks,
    meters: &MeterBook,
    threads: usize,
) -> io::Result<usize> {
    let mut parts: Vec<Vec<UsageRow>> = (0..threads).map(|_| Vec::new()).collect();
    let part_width = ranks.organizations().div_ceil(threads).max(1);
    for (key, value) in &tables.usage_hour {
        let series = ranks.rank(key.organization, key.meter, key.dimensions);
        parts[series.0 as usize / part_width].push(UsageRow { series, key: *key, value: *value });
    }
    let texts: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let writers: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| text_of(part, ranks, meters))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap_or_default()).collect()
    });
    let mut file = File::create(path)?;
    for text in &texts {
        file.write_all(text)?;
    }
    Ok(tables.usage_hour.len())
}

fn text_of(mut rows: Vec<UsageRow>, ranks: &Ranks, meters: &MeterBook) -> Vec<u8> {
    rows.sort_unstable_by_key(|row| (row.series, row.key.start));
    let mut text = Vec::with_capacity(rows.len() * 150);
    let mut head = String::new();
    let mut head_of = None;
    for row in &rows {
        if head_of != Some(row.series) {
            head_of = Some(row.series);
            head = format!(
                r#"{{"organizationId":{},"meter":{},"dimensions":{},"window_start":""#,
                ranks.organization(row.series),
                ranks.meter(row.series),
                ranks.dimensions(meters, row.key.meter, row.key.dimensions)
            );
        }
        text.extend_from_slice(head.as_bytes());
        // Writing to memory cannot fail.
        let _ = match row.value {
            WindowValue::Usage { events, quantity } => {
                writeln!(text, r#"{}","events":{events},"quantity":"{quantity}"}}"#, row.key.start)
            }
            WindowValue::Overflow { events } => {
                writeln!(text, r#"{}","events":{events},"error":"quantity_overflow"}}"#, row.key.start)
            }
        };
    }
    text
}
