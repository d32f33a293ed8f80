//! Highwater's service.
