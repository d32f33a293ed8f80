//! The rows that terms are made of: effective-dated, keyed, and exactly what travels on the table topics.
//!
//! Owns the shapes and their rules. Does not own where rows come from or how catalog files are written.
//!
//! Every row holds from `effective_from` on, and until `effective_to` where it has one. Instants are whole minutes:
//! usage is kept by the minute, so a term that changes there can be applied to what was already counted.

mod meter;
mod plan;
mod row;
mod subscription;

pub use meter::{Aggregation, Condition, Meter, Scalar, ValueField};
pub use plan::{AddOn, Allowance, Charge, ChargeModel, Plan, Price, Tier};
pub use row::{Row, RowKey, Table};
pub use subscription::{
    Adjustment, AdjustmentKind, Cadence, Grant, GrantKind, Interval, Override, SubscribedAddOn, Subscription,
};
