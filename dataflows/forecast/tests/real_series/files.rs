//! The series' files: `timestamp,value` rows, and the windows in which a person found something odd.

use super::support::Daily;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;

pub struct Labelled {
    pub name: String,
    /// Whole days only: the first and the last one where measurements cover less than 9 tenths of what others have.
    pub daily: Daily,
    pub hours: Vec<(i64, Quantity)>,
    /// In microseconds.
    pub windows: Vec<(i64, i64)>,
}

pub fn folder() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/series");
    std::env::var_os("HIGHWATER_SERIES").map_or_else(beside, PathBuf::from)
}

/// Every series of the folder, in the order of names.
pub fn labelled(folder: &Path) -> Vec<Labelled> {
    let windows = std::fs::read_to_string(folder.join("anomaly_windows.json")).unwrap_or_default();
    let windows: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&windows).unwrap_or_default();
    let files = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "csv")).collect();
    files.sort();
    let of = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let windows = windows.get(name).map(Vec::as_slice).unwrap_or_default();
        let windows = windows.iter().map(|(from, to)| (instant(from).0, instant(to).0)).collect();
        read(name, &std::fs::read_to_string(path).expect("the series"), windows)
    };
    files.iter().map(of).collect()
}

fn instant(text: &str) -> EventTime {
    EventTime::parse(format!("{}Z", text.replace(' ', "T")).as_bytes()).expect("an instant")
}

fn read(name: &str, text: &str, windows: Vec<(i64, i64)>) -> Labelled {
    let mut days: BTreeMap<i64, (usize, Quantity)> = BTreeMap::new();
    let mut hours: BTreeMap<i64, Quantity> = BTreeMap::new();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let (timestamp, value) = line.trim().split_once(',').expect("timestamp,value");
        let at = instant(timestamp).0;
        let value = Quantity::parse(value.as_bytes()).expect("a number");
        let day = days.entry(at.div_euclid(DAY_US)).or_default();
        *day = (day.0 + 1, Quantity(day.1.0 + value.0));
        hours.entry(at.div_euclid(HOUR_US)).or_default().0 += value.0;
    }
    let usual = days.values().map(|(count, _)| *count).max().unwrap_or_default();
    for end in [days.keys().next().copied(), days.keys().next_back().copied()].into_iter().flatten() {
        if days[&end].0 * 10 < usual * 9 {
            days.remove(&end);
        }
    }
    let first_day = days.keys().next().copied().unwrap_or_default();
    let last_day = days.keys().next_back().copied().unwrap_or_default();
    let total = |day| days.get(&day).map_or(Quantity::ZERO, |(_, total)| *total);
    let daily = Daily { first_day, totals: (first_day..=last_day).map(total).collect() };
    Labelled { name: name.trim_end_matches(".csv").to_owned(), daily, hours: hours.into_iter().collect(), windows }
}
