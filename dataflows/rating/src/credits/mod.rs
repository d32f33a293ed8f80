//! Credits: what grants cover, in which order, and what is left of them at any instant.
//!
//! One [`Ledger`] holds the grants of one organization and one kind of credit: units of a meter, or money of a
//! currency. It is asked with usage in the order of time and answers which grants cover it; whatever they leave is to
//! be paid for. Everything it does is a function of the rows and of the usage, whenever those became known.
//!
//! At one instant: expiry, then rollover, then what is given (grants that begin, refills, adjustments, refunds), then
//! usage, then the question whether more credits are to be asked for.
//!
//! Does not own what usage costs (`rate`), nor which usage there is.

mod balance;
mod entry;
mod holding;
mod ledger;
mod line;
mod order;
mod recharge;
mod refill;
mod run;
mod unit;

pub use balance::Balance;
pub use entry::{Entry, balances};
pub use ledger::{Cover, Ledger, Statement};
pub use line::{CreditLine, Payable};
pub use recharge::RechargeRequest;
pub(crate) use refill::Refills;
pub use run::{Burnt, Need, burn};
pub use unit::CreditUnit;

use crate::number::Quantity;

/// Why there is no ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum CreditError {
    /// A balance, or the sum of all, leaves the range.
    #[error("quantity_overflow")]
    Overflow,
    /// Usage was given that lies before usage that was given already.
    #[error("out_of_order")]
    OutOfOrder,
    /// Grants that are given anew more often, up to the instant that is asked for, than a ledger holds.
    #[error("too_many_instants")]
    TooManyInstants,
}

fn add(left: Quantity, right: Quantity) -> Result<Quantity, CreditError> {
    left.checked_add(right).ok_or(CreditError::Overflow)
}

fn sub(left: Quantity, right: Quantity) -> Result<Quantity, CreditError> {
    left.checked_sub(right).ok_or(CreditError::Overflow)
}
