//! Instants and civil periods. Events are instants; periods are civil; the types keep them apart.

mod instant;

pub use instant::EventTime;
