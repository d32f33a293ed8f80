//! What is charged: plans as versions, and add-ons. What one meter costs is a `charge`.

use super::Charge;
use crate::time::EventTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
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
    /// The plan's own price per period and unit of the subscription's quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_price: Option<Decimal>,
    /// How long a period that ends under this version waits for what is late before it is final; 72 where it does not
    /// say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
    /// When the base price is due.
    #[serde(default, skip_serializing_if = "Billing::is_default")]
    pub billing: Billing,
    /// What all lines of a period come to at least: what is missing becomes a true-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Decimal>,
}

/// When a recurring price of a period is due, and therefore from when on it has a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// When the period begins.
    #[default]
    InAdvance,
    /// When the period has ended.
    InArrears,
}

impl Billing {
    fn is_default(&self) -> bool {
        *self == Billing::default()
    }

    pub fn name(self) -> &'static str {
        match self {
            Billing::InAdvance => "in_advance",
            Billing::InArrears => "in_arrears",
        }
    }
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
    /// When it is due.
    #[serde(default, skip_serializing_if = "Billing::is_default")]
    pub billing: Billing,
    pub unit: Arc<str>,
}
