//! A double of what the close uses of Stripe: idempotency, invoices, and how all of it fails.
//!
//! `stripe` is the state and its rules, without clock or chance. `network` stands between it and a caller and does harm.
//! `server` shows both over HTTP.

pub mod network;
pub mod server;
pub mod stripe;
