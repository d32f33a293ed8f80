//! `usage_hour.ndjson`: by far the longest of the files, so it is written by hand and by all cores.

use super::order::{Ranks, SeriesRank};
use highwater_dataflows::changes::{WindowKey, WindowValue};
use highwater_dataflows::meters::MeterBook;
use highwater_rating::time::EventTime;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Where a row stands in the file, and which one it is.
type Ordered = (SeriesRank, EventTime, u32);

pub type UsageRows = [(WindowKey, WindowValue)];

/// What is formatted before it is written: a few pages of the disk.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes the rows in the order of (organization, meter, dimensions, hour). Each thread has its share of the
/// organizations; the first writes while it formats, the others follow from memory.
pub fn write(path: &Path, rows: &UsageRows, ranks: &Ranks, meters: &MeterBook, threads: usize) -> io::Result<()> {
    let mut parts: Vec<Vec<Ordered>> = (0..threads.max(1)).map(|_| Vec::new()).collect();
    let part_width = ranks.organizations().div_ceil(parts.len()).max(1);
    for (nth, (key, _)) in rows.iter().enumerate() {
        let series = ranks.rank(key.organization, key.meter, key.dimensions);
        parts[series.0 as usize / part_width].push((series, key.start, nth as u32));
    }
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let texts: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || {
                    let mut text = Vec::new();
                    format(part, rows, ranks, meters, &mut text).map(|()| text)
                })
            })
            .collect();
        format(first, rows, ranks, meters, &mut file)?;
        for text in texts {
            let text = text.join().map_err(|_| io::Error::other("a formatting thread has stopped"))??;
            file.write_all(&text)?;
        }
        file.flush()
    })
}

fn format(
    mut order: Vec<Ordered>,
    rows: &UsageRows,
    ranks: &Ranks,
    meters: &MeterBook,
    out: &mut impl Write,
) -> io::Result<()> {
    order.sort_unstable();
    let mut head = String::new();
    let mut head_of = None;
    for (series, start, nth) in order {
        let (key, value) = &rows[nth as usize];
        if head_of != Some(series) {
            head_of = Some(series);
            head = format!(
                r#"{{"organizationId":{},"meter":{},"dimensions":{},"window_start":""#,
                ranks.organization(series),
                ranks.meter(series),
                ranks.dimensions(meters, key.meter, key.dimensions)
            );
        }
        out.write_all(head.as_bytes())?;
        match value {
            WindowValue::Usage { events, quantity } => {
                writeln!(out, r#"{start}","events":{events},"quantity":"{quantity}"}}"#)?;
            }
            WindowValue::Overflow { events } => {
                writeln!(out, r#"{start}","events":{events},"error":"quantity_overflow"}}"#)?;
            }
        }
    }
    Ok(())
}
