//! Which Stripe customer pays for an organization.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The customer as Stripe knows it, and what is agreed with it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// `cus_…`
    pub id: String,
    /// In place of the policy's net terms.
    pub days_until_due: Option<u32>,
}

/// By organization.
pub type Customers = BTreeMap<String, Customer>;
