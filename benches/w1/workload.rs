//! Workload W1, written to a folder: a month of usage of ten thousand customers, and what they agreed to pay.
//!
//! 10,000 organizations (zipf 1.1), eight meters, the thirty days of November 2026 in the order of event time, except
//! for 2 % that come up to six hours late; 1 % are sent again, exactly, some ten thousand events later. The same seed
//! writes the same bytes.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub const ORGANIZATIONS: usize = 10_000;
const ZIPF_EXPONENT: f64 = 1.1;
const MONTH_MS: u64 = 30 * 86_400_000;
const LATE_BY_AT_MOST_MS: u64 = 6 * 3_600_000;
const LATE_PER_THOUSAND: u32 = 20;
const DUPLICATES_PER_THOUSAND: u32 = 10;
/// Duplicates are held back until there are this many, which puts them about ten thousand events behind.
const DUPLICATES_HELD: usize = 100;
const ENDPOINTS: [&str; 5] = ["/api/data/query", "/api/data/write", "/api/workflows/run", "/api/search", "/api/export"];

/// One of the eight features, what plan 1 includes of it (plan k: k times as much) and the price of a unit above.
pub struct MeteredFeature {
    pub name: &'static str,
    pub included: u64,
    pub unit_price: &'static str,
    share_per_hundred: u32,
    /// Whether an event stands for 1 to 99 units rather than for one.
    many_units: bool,
}

const fn feature(
    name: &'static str,
    share_per_hundred: u32,
    many_units: bool,
    included: u64,
    unit_price: &'static str,
) -> MeteredFeature {
    MeteredFeature { name, included, unit_price, share_per_hundred, many_units }
}

pub const FEATURES: [MeteredFeature; 8] = [
    feature("api_call", 55, false, 2_000, "0.000005"),
    feature("realtime_api_call", 10, false, 200, "0.00001"),
    feature("priority_api_call", 5, false, 100, "0.000015"),
    feature("ai_query", 8, false, 100, "0.10"),
    feature("workflow_execution", 10, false, 500, "0.002"),
    feature("websocket_minute", 6, true, 1_000, "0.0004"),
    feature("storage_gb_hour", 3, true, 2_000, "0.0008"),
    feature("export_row", 3, true, 5_000, "0.00001"),
];

/// The plan of an organization, 1 to 4: also the factor on what is included.
pub fn plan_number(organization: usize) -> usize {
    1 + organization % 4
}

pub fn organization_id(organization: usize) -> String {
    format!("org_{organization:05}")
}

pub struct Workload {
    pub folder: PathBuf,
    /// Before duplicates.
    pub events: usize,
    pub seed: u64,
}

impl Workload {
    pub fn events_file(&self) -> PathBuf {
        self.folder.join("events.ndjson")
    }

    /// For engines that read a price list as a table: one row an (organization, feature).
    pub fn plans_file(&self) -> PathBuf {
        self.folder.join("plans.csv")
    }

    /// The same prices as a catalog.
    pub fn catalog_folder(&self) -> PathBuf {
        self.folder.join("catalog")
    }

    /// The price list is written last.
    pub fn is_written(&self) -> bool {
        self.plans_file().is_file()
    }

    pub fn write(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        self.write_events(&self.events_file())?;
        crate::catalog::write(&self.catalog_folder())?;
        self.write_plans(&self.plans_file())
    }

    fn write_events(&self, path: &Path) -> std::io::Result<()> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let organizations = Zipf::new(ORGANIZATIONS, ZIPF_EXPONENT);
        let mut times: Vec<u64> = (0..self.events).map(|_| random.random_range(0..MONTH_MS)).collect();
        times.sort_unstable();
        let mut file = BufWriter::with_capacity(1 << 22, File::create(path)?);
        let mut held: Vec<u8> = Vec::new();
        let mut held_count = 0;
        let mut line = Vec::new();
        for time_ms in times {
            line.clear();
            write_event(&mut line, &mut random, &organizations, time_ms)?;
            file.write_all(&line)?;
            if random.random_range(0..1_000) < DUPLICATES_PER_THOUSAND {
                held.extend_from_slice(&line);
                held_count += 1;
            }
            if held_count > DUPLICATES_HELD {
                file.write_all(&held)?;
                held.clear();
                held_count = 0;
            }
        }
        file.write_all(&held)?;
        file.flush()
    }

    fn write_plans(&self, path: &Path) -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "organizationId,feature,included,unit_price")?;
        for organization in 0..ORGANIZATIONS {
            let id = organization_id(organization);
            for feature in &FEATURES {
                let included = feature.included * plan_number(organization) as u64;
                writeln!(file, "{id},{},{included},{}", feature.name, feature.unit_price)?;
            }
        }
        file.flush()
    }
}

fn write_event(line: &mut Vec<u8>, random: &mut StdRng, organizations: &Zipf, time_ms: u64) -> std::io::Result<()> {
    let organization = organizations.draw(random);
    let feature = draw_feature(random);
    let late = random.random_range(0..1_000) < LATE_PER_THOUSAND;
    let time_ms = if late { time_ms.saturating_sub(random.random_range(1..LATE_BY_AT_MOST_MS)) } else { time_ms };
    let quantity = if feature.many_units { random.random_range(1..100) } else { 1 };
    let endpoint = ENDPOINTS[random.random_range(0..ENDPOINTS.len())];
    let (high, low): (u64, u64) = (random.random(), random.random());
    let (seconds, ms) = (time_ms / 1_000, time_ms % 1_000);
    let (day, hour, minute, second) = (1 + seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    writeln!(
        line,
        concat!(
            r#"{{"id":"{:016x}{:016x}","organizationId":"org_{:05}","feature":"{}","#,
            r#""timestamp":"2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z","quantity":{},"#,
            r#""endpoint":"{}","metadata":{{"latency_ms":{}}}}}"#
        ),
        high,
        low,
        organization,
        feature.name,
        day,
        hour,
        minute,
        second,
        ms,
        quantity,
        endpoint,
        random.random_range(1..900),
    )
}

fn draw_feature(random: &mut StdRng) -> &'static MeteredFeature {
    let mut left = random.random_range(0..100);
    for feature in &FEATURES {
        if left < feature.share_per_hundred {
            return feature;
        }
        left -= feature.share_per_hundred;
    }
    unreachable!("the shares are parts of a hundred")
}

/// Draws 0..n with probability ∝ 1/(rank+1)^exponent.
struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    fn new(ranks: usize, exponent: f64) -> Zipf {
        let mut total = 0.0;
        let cumulative = (1..=ranks)
            .map(|rank| {
                total += (rank as f64).powf(-exponent);
                total
            })
            .collect();
        Zipf { cumulative }
    }

    fn draw(&self, random: &mut StdRng) -> usize {
        let total = self.cumulative[self.cumulative.len() - 1];
        let point = random.random_range(0.0..total);
        self.cumulative.partition_point(|sum| *sum <= point)
    }
}
