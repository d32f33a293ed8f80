//! `usage_minute`, `usage_hour`, `usage_day`.

use super::decimal;
use clickhouse::Row;
use highwater_dataflows::changes::{WindowKey, WindowValue};
use serde::Serialize;
use std::sync::Arc;

/// Names and values of a combination of dimensions, in the meter's declared order.
pub type Dimensions = [(Arc<str>, Arc<str>)];

#[derive(Row, Serialize)]
pub struct UsageRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    window_start: i64,
    dimensions_key: u64,
    dimensions: &'a Dimensions,
    events: u64,
    quantity: i128,
    error: &'a str,
    version: u64,
    is_deleted: u8,
}

impl<'a> UsageRow<'a> {
    pub fn new(
        key: &WindowKey,
        value: Option<&WindowValue>,
        organization_id: &'a str,
        meter: &'a str,
        dimensions: &'a Dimensions,
        version: u64,
    ) -> UsageRow<'a> {
        let (events, quantity) = match value {
            Some(WindowValue::Usage { events, quantity }) => (*events, decimal(quantity.0)),
            Some(WindowValue::Overflow { events }) => (*events, None),
            None => (0, Some(0)),
        };
        UsageRow {
            organization_id,
            meter,
            window_start: key.start.0,
            dimensions_key: key.dimensions.0,
            dimensions,
            events,
            quantity: quantity.unwrap_or(0),
            error: if quantity.is_none() { "quantity_overflow" } else { "" },
            version,
            is_deleted: value.is_none().into(),
        }
    }
}
