//! The close against a double of Stripe.

mod bills;
mod contract;
mod customers;
mod double;
mod faults;
mod memory;
mod simulation;
