//! The rows that terms are made of: effective-dated, keyed, and exactly what travels on the table topics.
//!
//! Owns the shapes and their rules. Does not own where rows come from or how catalog files are written.
//!
//! Every row holds from `effective_from` on, and until `effective_to` where it has one. Instants are whole minutes:
//! usage is kept by the minute, so a term that changes there can be applied to what was already counted.
//!
//! From outside a row comes in as text: JSON from topics and the embedded log (`read_change`, `read_line`), TOML from
//! catalog files (`catalog::parse`). Both become one document, and one set of readers (`read`) turns it into rows.

mod change;
mod charge;
mod credit;
mod debezium;
pub(crate) mod document;
pub(crate) mod json;
mod meter;
mod mistake;
mod phase;
mod plan;
pub(crate) mod read;
mod row;
mod subscription;

pub(crate) use change::line;
pub use change::{RowChange, read_change, read_key, read_line, read_row};
pub use charge::{
    Allowance, Charge, ChargeModel, ChargeRules, Discount, PercentageTier, Price, Prices, StairstepTier, Tier,
    UnitConversion,
};
pub use credit::{BurnKey, CreditPolicy, Grant, GrantKind, Recharge, RechargeSize};
pub use meter::{Aggregation, Condition, Meter, NumberToken, Scalar, ValueField};
pub(crate) use mistake::Found;
pub use mistake::{MistakeCode, RowMistake};
pub use phase::{PausedUsage, Phase, PhaseKind, TrialLimit};
pub use plan::{AddOn, Billing, Plan};
pub use row::{Row, RowKey, Table};
pub use subscription::{Adjustment, AdjustmentKind, Cadence, Interval, Override, SubscribedAddOn, Subscription};
