//! Instants and civil periods. Events are instants; periods are civil; the types keep them apart.

mod instant;
mod instant_text;
mod period;

pub use instant::{EventTime, TimeError};
pub use period::{CadenceError, Calendar, Period};
