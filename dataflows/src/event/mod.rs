//! From bytes to an event, or to a named reason why not.
//!
//! Owns the event's grammar, its identity and content, and what it adds to each meter. Does not own what becomes of it
//! afterwards (`count`): whether it is a duplicate, late, or one combination of dimensions too many.

mod body;
mod cloud_event;
pub mod code;
mod contributions;
mod decoder;
mod fast;
mod fields;
mod identity;
mod interpret;
mod json;
pub mod limits;
mod mistake;
mod plain;
mod salvage;
pub(crate) mod scalar;
mod scan;
#[cfg(test)]
mod tests;
mod timestamp;
mod types;

pub use body::{BodyError, BodyErrorCode, split_body};
pub use code::Code;
pub use decoder::{DecodeSettings, Decoder, MissingTimestamp};
pub use identity::identity;
pub use types::{ArchivedEvent, Contribution, Decoded, DimensionsKey, Event, MeterIndex, OrganizationKey, Rejection};
