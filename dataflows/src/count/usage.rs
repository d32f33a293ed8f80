//! What the counting operator enters into differential: one difference for each span that an epoch changed.

use super::accumulator::Accumulator;
use super::wide::Wide;
use differential_dataflow::difference::{Abelian, IsZero, Monoid, Semigroup};
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};

/// Whose number an `Amount` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SpanFigure {
    /// A span, by its start.
    Span(EventTime, Known),
    /// A whole period of a meter that does not add up, by its start.
    Period(EventTime, Known),
}

/// Whether a quantity is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Known {
    #[default]
    Exact,
    /// Beyond what can be held.
    Overflow,
    /// Counted from windows that reach beyond the span.
    Coarse,
}

/// Events and quantity, as a difference that adds up.
///
/// Addition is modulo 2^128. What is entered is always `new − old` of two quantities inside ±10^38, so that any sum of
/// all differences of a figure is a quantity again, whatever the partial sums in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Amount {
    pub events: i64,
    pub quantity: i128,
}

impl Amount {
    /// The difference of something that is there once and is no quantity.
    pub const PRESENT: Amount = Amount { events: 1, quantity: 0 };
}

impl IsZero for Amount {
    fn is_zero(&self) -> bool {
        *self == Amount::default()
    }
}

impl Semigroup for Amount {
    fn plus_equals(&mut self, other: &Amount) {
        self.events += other.events;
        self.quantity = self.quantity.wrapping_add(other.quantity);
    }
}

impl Monoid for Amount {
    fn zero() -> Amount {
        Amount::default()
    }
}

impl Abelian for Amount {
    fn negate(&mut self) {
        self.events = -self.events;
        self.quantity = self.quantity.wrapping_neg();
    }
}

/// What differential holds of one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    events: u64,
    quantity: Wide,
    known: Known,
}

impl Entered {
    pub fn of<A: Accumulator>(total: &A) -> Entered {
        let events = total.events();
        match total.quantity() {
            _ if events == 0 => Entered::default(),
            Ok(quantity) => Entered { events, quantity: quantity.0.into(), known: Known::Exact },
            Err(_) => Entered { events, quantity: Wide::default(), known: Known::Overflow },
        }
    }

    pub fn coarse<A: Accumulator>(total: &A) -> Entered {
        Entered { known: if total.events() == 0 { Known::Exact } else { Known::Coarse }, ..Entered::of(total) }
    }

    fn amount(self) -> Amount {
        Amount { events: self.events as i64, quantity: self.quantity.into() }
    }

    /// Gives the differences that lead from here to `now`.
    pub fn replace(self, now: Entered, give: &mut impl FnMut(Known, Amount)) {
        let mut taken = self.amount();
        taken.negate();
        if self.known == now.known {
            taken.plus_equals(&now.amount());
            if !taken.is_zero() {
                give(self.known, taken);
            }
            return;
        }
        for (known, amount) in [(self.known, taken), (now.known, now.amount())] {
            if !amount.is_zero() {
                give(known, amount);
            }
        }
    }
}
