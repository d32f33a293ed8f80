//! `table_rows`.

use clickhouse::Row;
use highwater_dataflows::feed::TableChange;
use highwater_rating::tables;
use serde::Serialize;

#[derive(Row, Serialize)]
pub struct TableRow<'a> {
    table: &'static str,
    key: String,
    organization_id: &'a str,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    row: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> TableRow<'a> {
    pub fn new(change: &'a TableChange, version: u64) -> TableRow<'a> {
        match change {
            TableChange::Upsert(row) => {
                let (valid_from, valid_to) = row.validity();
                TableRow {
                    table: row.table().name(),
                    key: row.key().key.to_string(),
                    organization_id: organization_of(row),
                    valid_from: valid_from.map(|instant| instant.0),
                    valid_to: valid_to.map(|instant| instant.0),
                    row: row.to_json().unwrap_or_default(),
                    version,
                    is_deleted: 0,
                }
            }
            TableChange::Remove(key) => TableRow {
                table: key.table.name(),
                key: key.key.to_string(),
                organization_id: "",
                valid_from: None,
                valid_to: None,
                row: String::new(),
                version,
                is_deleted: 1,
            },
        }
    }
}

fn organization_of(row: &tables::Row) -> &str {
    match row {
        tables::Row::Subscriptions(row) => &row.organization_id,
        tables::Row::Overrides(row) => &row.organization_id,
        tables::Row::Grants(row) => &row.organization_id,
        tables::Row::CreditPolicies(row) => &row.organization_id,
        tables::Row::Adjustments(row) => row.organization_id.as_deref().unwrap_or_default(),
        tables::Row::Meters(_) | tables::Row::Plans(_) | tables::Row::AddOns(_) => "",
    }
}
