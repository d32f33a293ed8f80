//! What is printed: medians, ratios to the references, and whether all of them counted the same.

use crate::process::Measured;
use crate::workload::Workload;
use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result};

pub struct Report {
    workload: String,
    /// In the order of the first measurement of each.
    measured: Vec<(String, Vec<Measured>)>,
}

/// The middle one of several runs.
#[derive(Clone, Copy)]
struct Median {
    events: f64,
    wall_s: f64,
    cpu_s: f64,
    rss_mb: f64,
}

impl Report {
    pub fn new(workload: &Workload) -> Report {
        Report { workload: format!("W1, {} events and 1 % duplicates", workload.events), measured: Vec::new() }
    }

    /// A measurement that failed is left out, and said.
    pub fn add(&mut self, name: &str, measured: std::io::Result<Measured>) {
        let measured = match measured {
            Ok(measured) => measured,
            Err(error) => return eprintln!("{name} is left out: {error}"),
        };
        match self.measured.iter_mut().find(|(known, _)| known == name) {
            Some((_, runs)) => runs.push(measured),
            None => self.measured.push((name.to_owned(), vec![measured])),
        }
    }

    fn median(&self, name: &str) -> Option<Median> {
        let (_, runs) = self.measured.iter().find(|(known, _)| known == name)?;
        let middle = |of: &dyn Fn(&Measured) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        // A measurement of our own times itself without starting up; whole processes are timed from outside.
        let own = |field: &'static str, outside: fn(&Measured) -> f64| {
            move |run: &Measured| match run.said.get("epochs").or(run.said.get("decoded")) {
                Some(_) => run.said[field].as_f64().unwrap_or(f64::NAN),
                None => outside(run),
            }
        };
        Some(Median {
            events: middle(&|run| run.said["events"].as_f64().unwrap_or(f64::NAN)),
            wall_s: middle(&own("wall_s", |run| run.wall_s)),
            cpu_s: middle(&own("cpu_s", |run| run.cpu_s)),
            rss_mb: middle(&|run| run.rss_mb),
        })
    }

    /// Every total that any of them named: one if they agree.
    fn totals(&self, field: &str) -> BTreeSet<String> {
        let runs = self.measured.iter().flat_map(|(_, runs)| runs);
        let total = |run: &Measured| run.said.get(field)?.as_str().map(|text| text.trim_end_matches(".000").to_owned());
        runs.filter_map(total).filter(|total| total != "0").collect()
    }

    fn where_time_goes(&self, formatter: &mut Formatter<'_>) -> Result {
        let per_event = |name: &str| self.median(name).map(|median| median.cpu_s / median.events * 1e6);
        let (Some(decode), Some(counted), Some(rated)) = (
            per_event("decode only"),
            per_event("full, hours, nothing to rate, 1 worker"),
            per_event("full, hours, 1 worker"),
        ) else {
            return Ok(());
        };
        writeln!(formatter, "\nwhere the time goes, CPU µs an event, 1 worker, hour windows:")?;
        writeln!(formatter, "  decode                      {decode:.3}")?;
        writeln!(formatter, "  identity, windows, rows     {:.3}", counted - decode)?;
        writeln!(formatter, "  spans, rating               {:.3}", rated - counted)?;
        for (part, name) in [
            ("minute and day windows", "full, minutes + hours + days, 1 worker"),
            ("events for the archive", "full, hours, archive on, 1 worker"),
        ] {
            if let Some(with) = per_event(name) {
                writeln!(formatter, "  {part:<24} + {:.3}", with - rated)?;
            }
        }
        Ok(())
    }
}

impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        writeln!(
            formatter,
            "{}; medians of {} rounds",
            self.workload,
            self.measured.first().map_or(0, |(_, runs)| runs.len())
        )?;
        writeln!(
            formatter,
            "{:<40} {:>8} {:>8} {:>11} {:>12} {:>8} {:>10} {:>10}",
            "", "wall s", "CPU s", "M events/s", "M per CPU s", "RSS MB", "of decode", "of DuckDB"
        )?;
        let decode = self.median("decode only");
        let duckdb = self.median("DuckDB");
        for (name, _) in &self.measured {
            let Some(median) = self.median(name) else { continue };
            let per_cpu = |median: Median| median.events / median.cpu_s / 1e6;
            let of_decode = decode.map_or(f64::NAN, |decode| per_cpu(median) / per_cpu(decode));
            // Above 1: faster than the reference on the clock.
            let of_duckdb = duckdb.map_or(f64::NAN, |duckdb| duckdb.wall_s / median.wall_s);
            writeln!(
                formatter,
                "{name:<40} {:>8.2} {:>8.2} {:>11.2} {:>12.2} {:>8.0} {of_decode:>10.2} {of_duckdb:>10.2}",
                median.wall_s,
                median.cpu_s,
                median.events / median.wall_s / 1e6,
                per_cpu(median),
                median.rss_mb,
            )?;
        }
        self.where_time_goes(formatter)?;
        for field in ["units", "overage"] {
            let totals = self.totals(field);
            let verdict = if totals.len() > 1 { "THEY DISAGREE" } else { "all agree" };
            writeln!(formatter, "{field}: {totals:?}, {verdict}")?;
        }
        Ok(())
    }
}
