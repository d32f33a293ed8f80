//! Shares of a period: an exact ratio of seconds, kept as a fraction until a line is rounded.

use super::line::LineAmount;
use crate::number::{Currency, Exact, Quantity, UnitPrice};
use crate::rate::RateError;
use crate::time::EventTime;
use rust_decimal::Decimal;

/// How many digits an unrounded amount keeps.
const UNROUNDED_DIGITS: u32 = 18;
const SECOND_US: i128 = 1_000_000;

/// A stretch of a whole period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Whole seconds: terms change at whole minutes.
    pub charged_seconds: u64,
    /// At least one.
    pub whole_seconds: u64,
}

impl Share {
    /// `None` where the whole has no length, or the stretch is longer.
    pub fn of(stretch: (EventTime, EventTime), whole: (EventTime, EventTime)) -> Option<Share> {
        let seconds = |(start, end): (EventTime, EventTime)| {
            u64::try_from((i128::from(end.0) - i128::from(start.0)) / SECOND_US).ok()
        };
        let share = Share { charged_seconds: seconds(stretch)?, whole_seconds: seconds(whole)? };
        (share.whole_seconds > 0 && share.charged_seconds <= share.whole_seconds).then_some(share)
    }

    pub fn exact(self) -> Option<Exact> {
        Some(Exact::ratio(self.charged_seconds.into(), self.whole_seconds.into())?.reduced())
    }
}

/// `price` for each unit of a whole period, for a share of it: exact.
pub fn share_of(price: Decimal, quantity: Quantity, share: Share) -> Result<Exact, RateError> {
    let price = UnitPrice::new(price, Quantity::ONE).map_err(|_| RateError::InvalidCharge)?;
    let whole = price.amount(quantity);
    let due = whole.zip(share.exact()).and_then(|(whole, share)| whole.checked_mul(share));
    due.ok_or(RateError::AmountOverflow)
}

/// The one rounding of a line.
pub(crate) fn rounded(amount: Exact, currency: &str) -> Result<LineAmount, RateError> {
    let currency = Currency::from_code(currency).map_err(|_| RateError::UnknownCurrency)?;
    let round = |digits| amount.round(digits).ok_or(RateError::AmountOverflow);
    Ok(LineAmount { unrounded: round(UNROUNDED_DIGITS)?, minor_units: round(currency.minor_unit_digits())? })
}
