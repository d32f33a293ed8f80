//! Dynamic: the amount that the events carry. The meter is a sum of it, so that one unit of the quantity above the
//! allowance is one major unit of the plan's currency.

use super::{ChargeError, Tiers, single};
use crate::number::{Exact, Quantity};

pub(super) fn at(units: Quantity) -> Result<Tiers, ChargeError> {
    Ok(single(units, Exact::ratio(units.0, Quantity::ONE.0).ok_or(ChargeError::AmountOverflow)?))
}
