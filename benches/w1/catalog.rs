//! What the customers of workload W1 agreed to pay, as a catalog folder: the same prices that `plans.csv` has as a
//! table.

use crate::workload::{FEATURES, ORGANIZATIONS, organization_id, plan_number};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const PLANS: std::ops::RangeInclusive<usize> = 1..=4;
const IN_FORCE_FROM: &str = "2026-01-01T00:00:00Z";

pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    write_price_list(&folder.join("catalog.toml"))?;
    write_subscriptions(&folder.join("subscriptions.ndjson"))
}

fn write_price_list(path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for feature in &FEATURES {
        let name = feature.name;
        writeln!(file, "[[meters]]\nname = \"{name}\"\nfeature = \"{name}\"\naggregation = \"sum\"\n")?;
    }
    for plan in PLANS {
        writeln!(
            file,
            "[[plans]]\nplan = \"plan_{plan}\"\ncurrency = \"USD\"\neffective_from = \"{IN_FORCE_FROM}\"\n"
        )?;
        for feature in &FEATURES {
            let included = feature.included * plan as u64;
            writeln!(
                file,
                "[[plans.charges]]\nmeter = \"{}\"\nincluded = \"{included}\"\nmodel = \"per_unit\"\nprice = \"{}\"\n",
                feature.name, feature.unit_price
            )?;
        }
    }
    file.flush()
}

fn write_subscriptions(path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for organization in 0..ORGANIZATIONS {
        let id = organization_id(organization);
        let row = serde_json::json!({
            "id": format!("sub_{id}"),
            "organizationId": id,
            "plan": format!("plan_{}", plan_number(organization)),
            "effective_from": IN_FORCE_FROM,
            "anchor": "2026-01-01T00:00:00",
            "time_zone": "UTC",
        });
        writeln!(file, "{}", serde_json::json!({"table": "subscriptions", "row": row}))?;
    }
    file.flush()
}
