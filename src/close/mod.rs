//! The period close with its effects: final periods out of ClickHouse, invoices into Stripe, what was decided and done
//! on disk before anything leaves.
//!
//! Owns I/O, waiting and order. What a bill is, what follows from an outcome and what counts as drift is decided in
//! `highwater-settlement`, and nowhere here.

pub mod billing_ledger;
pub mod clock;
pub mod closer;
pub mod customers;
pub mod journal;
pub mod report;
pub mod source;
pub mod store;
pub mod stripe;
pub mod verify;
