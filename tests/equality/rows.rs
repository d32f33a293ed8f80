//! Every row as a line of text under its key: what is compared, and what a failure prints.

use std::collections::BTreeMap;

/// Rows of all tables by key. Quantities are in units of 10^-9, instants in microseconds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<String, String>);

const SHOWN_DIFFERENCES: usize = 12;

impl Rows {
    pub fn insert(&mut self, key: String, value: String) {
        let earlier = self.0.insert(key.clone(), value);
        assert!(earlier.is_none(), "two rows under {key}");
    }

    /// What differs, for a person, or nothing.
    pub fn difference(&self, expected: &Rows) -> Option<String> {
        let keys: std::collections::BTreeSet<&String> = self.0.keys().chain(expected.0.keys()).collect();
        let mut differing = Vec::new();
        for key in keys {
            let (shown, right) = (self.0.get(key), expected.0.get(key));
            if shown != right {
                let text = |row: Option<&String>| row.map_or("(no row)".to_owned(), String::clone);
                differing.push(format!("{key}\n    engine {}\n    oracle {}", text(shown), text(right)));
            }
        }
        if differing.is_empty() {
            return None;
        }
        let count = differing.len();
        differing.truncate(SHOWN_DIFFERENCES);
        Some(format!("{count} rows differ:\n{}", differing.join("\n")))
    }
}

pub fn window_key(size: &str, organization: &str, meter: &str, dimensions: &[String], start: i64) -> String {
    format!("usage_{size} {organization:?} {meter} {dimensions:?} {start}")
}

pub fn period_key(organization: &str, meter: &str, start: i64) -> String {
    format!("period {organization:?} {meter} {start}")
}

pub fn line_key(period: &str, number: usize) -> String {
    format!("{period} line {number}")
}

pub fn recurring_key(organization: &str, period_start: i64, kind: &str, name: &str, start: i64) -> String {
    format!("recurring {organization:?} {period_start} {kind} {name} {start}")
}

/// `of` is an organization with the meter or the currency of one of its ledgers.
pub fn credit_key(what: &str, organization: &str, (unit, of): (&str, &str), name: &str) -> String {
    format!("credit {what} {organization:?} {unit} {of} {name:?}")
}

pub fn credit_line_key(organization: &str, meter: &str, start: i64, grant: &str) -> String {
    format!("credit line {organization:?} {meter} {start} {grant:?}")
}

pub fn outcome_key(record: usize) -> String {
    format!("outcome {record:06}")
}

pub fn archive_key(organization: &str, source: &str, id: &str) -> String {
    format!("event {organization:?} {source:?} {id:?}")
}

pub fn count_key(day: i64, organization: Option<&str>, outcome: &str) -> String {
    format!("count {day} {organization:?} {outcome}")
}
