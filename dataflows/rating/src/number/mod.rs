//! Exact numbers: quantities, prices, money and the fractions between them. Nothing here is ever a float.

mod exact;
mod money;
mod price;
mod quantity;
pub mod serde_decimal;

pub use exact::{Exact, Rounding};
pub use money::{Currency, CurrencyError, UNROUNDED_DIGITS, unrounded_text};
pub(crate) use price::flat_amount;
pub use price::trillionths;
pub use price::{PriceError, UnitPrice};
pub use quantity::{Quantity, QuantityError};
