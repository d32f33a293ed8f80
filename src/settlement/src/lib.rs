//! What a period's close owes Stripe, and what is known of it.
//!
//! From final lines to a plan; from a plan to intents; from outcomes to the state of each intent; from what Stripe
//! holds to the drift of each line. No clock, no randomness, no I/O, no floating point: time comes in, effects go out
//! as values.
//!
//! Does not know: HTTP, files, ClickHouse, the `async-stripe` crates. It never prices anything (`highwater-rating`).

pub mod amount;
pub mod cause;
pub mod customer;
pub mod drift;
pub mod flag;
pub mod frozen;
pub mod intent;
pub mod invoice;
pub mod ledger;
pub mod line;
pub mod moment;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod state;
