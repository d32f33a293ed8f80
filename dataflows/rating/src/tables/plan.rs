//! What is charged: plans as versions, and add-ons. What one meter costs is a `charge`.

use super::Charge;
use crate::time::EventTime;
use rust_decimal::Decimal;
use serde::Serialize;
use std::sync::Arc;

/// One version of a plan, in force from `effective_from` until the next version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Plan {
    pub plan: Arc<str>,
    pub name: Arc<str>,
    /// ISO 4217, upper case.
    pub currency: Arc<str>,
    pub effective_from: EventTime,
    /// At most one a meter.
    pub charges: Vec<Charge>,
    /// The plan's own price per period; rated from issue of recurring charges on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_price: Option<Decimal>,
    /// How long a period that ends under this version waits for what is late before it is final; 72 where it does not
    /// say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
}

/// One version of an add-on that a subscription may hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AddOn {
    pub add_on: Arc<str>,
    pub name: Arc<str>,
    pub currency: Arc<str>,
    pub effective_from: EventTime,
    /// Per period and per unit of the add-on's quantity.
    pub price: Decimal,
    pub unit: Arc<str>,
}
