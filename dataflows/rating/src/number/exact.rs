//! Amounts before they are rounded: fractions of 256-bit integers.
//!
//! A price "5 per 1,000,000" has no end in decimals for some quantities, so an amount stays a fraction until its line
//! is rounded, once. Every operation that could leave the range answers `None`.

use ethnum::I256;
use serde::{Deserialize, Serialize};

/// Where a number goes that lies between two others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    #[default]
    HalfAwayFromZero,
    /// To the next one above.
    Up,
    /// To the next one below.
    Down,
}

/// An exact rational number. It keeps the denominator that it was made with, and is brought to lowest terms only where
/// two different denominators meet: the amounts of one charge mostly share theirs.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    numerator: I256,
    /// Above zero.
    denominator: I256,
}

impl Exact {
    pub const ZERO: Exact = Exact { numerator: I256::ZERO, denominator: I256::ONE };

    /// `None` unless the denominator is above zero.
    pub fn new(numerator: I256, denominator: I256) -> Option<Exact> {
        (denominator > I256::ZERO).then_some(Exact { numerator, denominator })
    }

    pub fn ratio(numerator: i128, denominator: i128) -> Option<Exact> {
        Exact::new(I256::from(numerator), I256::from(denominator))
    }

    pub fn is_zero(&self) -> bool {
        self.numerator == I256::ZERO
    }

    pub fn is_negative(&self) -> bool {
        self.numerator < I256::ZERO
    }

    pub fn checked_neg(self) -> Option<Exact> {
        Exact::ZERO.checked_sub(self)
    }

    pub fn checked_add(self, other: Exact) -> Option<Exact> {
        self.combine(other, I256::checked_add)
    }

    pub fn checked_sub(self, other: Exact) -> Option<Exact> {
        self.combine(other, I256::checked_sub)
    }

    pub fn checked_mul(self, other: Exact) -> Option<Exact> {
        let plain = |a: Exact, b: Exact| {
            Exact::new(a.numerator.checked_mul(b.numerator)?, a.denominator.checked_mul(b.denominator)?)
        };
        plain(self, other).or_else(|| {
            // Each numerator against the other's denominator, which leaves the product in lowest terms.
            let (a, b) = (self.reduced(), other.reduced());
            let left = Exact { numerator: a.numerator, denominator: b.denominator }.reduced();
            let right = Exact { numerator: b.numerator, denominator: a.denominator }.reduced();
            plain(left, right)
        })
    }

    /// The same number in lowest terms.
    pub fn reduced(self) -> Exact {
        let divisor = greatest_common_divisor(self.numerator, self.denominator);
        Exact { numerator: self.numerator / divisor, denominator: self.denominator / divisor }
    }

    /// This number times 10^`digits`, rounded half away from zero to an integer.
    pub fn round(self, digits: u32) -> Option<i128> {
        self.round_by(Rounding::HalfAwayFromZero, digits)
    }

    /// This number times 10^`digits`, rounded to an integer.
    pub fn round_by(self, rounding: Rounding, digits: u32) -> Option<i128> {
        let scaled = self.rounded(rounding, digits).or_else(|| self.reduced().rounded(rounding, digits))?;
        i128::try_from(scaled).ok()
    }

    fn rounded(self, rounding: Rounding, digits: u32) -> Option<I256> {
        let scale = I256::from(10).checked_pow(digits)?;
        // The whole part is scaled apart from the rest, so that a large amount is no reason to overflow.
        let whole = (self.numerator / self.denominator).checked_mul(scale)?;
        let rest = (self.numerator % self.denominator).checked_mul(scale)?;
        let (quotient, left) = (rest / self.denominator, rest % self.denominator);
        let away = match rounding {
            // Not `2 * left >= denominator`, which could overflow.
            Rounding::HalfAwayFromZero => left.abs() >= self.denominator - left.abs(),
            Rounding::Up => left > I256::ZERO,
            Rounding::Down => left < I256::ZERO,
        };
        whole.checked_add(quotient)?.checked_add(if away { rest.signum() } else { I256::ZERO })
    }

    fn combine(self, other: Exact, operation: fn(I256, I256) -> Option<I256>) -> Option<Exact> {
        let over_common = |a: Exact, b: Exact| {
            if a.denominator == b.denominator {
                return Some(Exact { numerator: operation(a.numerator, b.numerator)?, denominator: a.denominator });
            }
            let divisor = greatest_common_divisor(a.denominator, b.denominator);
            let (a_factor, b_factor) = (b.denominator / divisor, a.denominator / divisor);
            let numerator = operation(a.numerator.checked_mul(a_factor)?, b.numerator.checked_mul(b_factor)?)?;
            Some(Exact { numerator, denominator: a.denominator.checked_mul(a_factor)? })
        };
        over_common(self, other).or_else(|| over_common(self.reduced(), other.reduced()))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Exact) -> bool {
        let (a, b) = (self.reduced(), other.reduced());
        a.numerator == b.numerator && a.denominator == b.denominator
    }
}

impl Eq for Exact {}

impl std::fmt::Display for Exact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lowest = self.reduced();
        write!(formatter, "{}/{}", lowest.numerator, lowest.denominator)
    }
}

/// At least one, so that it may be divided by; `b` is above zero.
fn greatest_common_divisor(a: I256, b: I256) -> I256 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        // 128-bit division is several times as fast, and the numbers get there after a few steps.
        if let (Ok(small_a), Ok(small_b)) = (u128::try_from(a), u128::try_from(b)) {
            return I256::from(divisor_of_small(small_a, small_b));
        }
        (a, b) = (b, a % b);
    }
    // Fits: it divides the denominator, which is an `I256` above zero.
    a.as_i256()
}

fn divisor_of_small(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
