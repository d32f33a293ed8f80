//! Exact numbers: quantities, prices and the fractions between them. Nothing here is ever a float.

mod quantity;

pub use quantity::{Quantity, QuantityError};
