//! The graph end to end, from bytes to rows, on small inputs that can be checked by hand. Random ones are compared
//! with the oracle elsewhere.

mod acceptance;
mod bill_forecasts;
mod catalog_faults;
mod credits;
mod finals;
mod house;
mod recurring_finals;
mod retraction;
mod snapshots;
mod terms;
mod trends;
mod workers;
