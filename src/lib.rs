//! Highwater's service.

pub mod source;
