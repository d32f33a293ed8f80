//! From bytes to an event, or to a named reason why not.
//!
//! Owns the event's grammar and its identity. Does not own what becomes of it afterwards (`count`).

mod types;

pub use types::{ArchivedEvent, Contribution, Decoded, DimensionsKey, Event, MeterIndex, OrganizationKey, Rejection};
