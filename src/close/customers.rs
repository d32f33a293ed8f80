//! The customers file: which Stripe customer pays for which organization, a JSON object a line.

use highwater_settlement::customer::{Customer, Customers};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum CustomersError {
    #[error("{path}: {error}")]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{path}:{line}: {reason}")]
    Line { path: PathBuf, line: usize, reason: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "organizationId")]
    organization_id: String,
    customer: String,
    #[serde(default)]
    days_until_due: Option<u32>,
}

pub fn read(path: &Path) -> Result<Customers, CustomersError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CustomersError::Unreadable { path: path.to_path_buf(), error })?;
    parse(&text).map_err(|(line, reason)| CustomersError::Line { path: path.to_path_buf(), line, reason })
}

/// The line, counted from 1, and what is wrong with it.
pub fn parse(text: &str) -> Result<Customers, (usize, String)> {
    let mut customers = Customers::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: String| (number, reason);
        let row: Row = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if row.organization_id.is_empty() {
            return Err(wrong("organizationId is empty".into()));
        }
        if !row.customer.starts_with("cus_") || row.customer.len() > 255 {
            return Err(wrong(format!("`{}` is no id of a Stripe customer: they begin with cus_", row.customer)));
        }
        let customer = Customer { id: row.customer, days_until_due: row.days_until_due };
        if customers.insert(row.organization_id.clone(), customer).is_some() {
            return Err(wrong(format!("{} is there twice", row.organization_id)));
        }
    }
    Ok(customers)
}
