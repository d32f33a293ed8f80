//! What money credits pay of a line: a line of its own, below zero.

use super::unit::money;
use super::{Cover, Need};
use crate::finals::LineId;
use crate::number::{Currency, Quantity, UNROUNDED_DIGITS};
use crate::rate::RatedLine;
use crate::time::{EventTime, Period};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The part of one line of usage that one grant pays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CreditLine {
    pub period: Period,
    pub meter: Arc<str>,
    /// Of the line that is paid.
    pub span_start: EventTime,
    pub span_end: EventTime,
    pub grant: Arc<str>,
    pub currency: Arc<str>,
    /// Below zero.
    pub amount_minor_units: i128,
}

impl CreditLine {
    /// The same for the same line and grant, whatever is paid.
    pub fn id(&self, organization_id: &str) -> LineId {
        LineId::of_credit(&self.grant, self.paid_line(organization_id))
    }

    /// The line of usage that is paid.
    pub fn paid_line(&self, organization_id: &str) -> LineId {
        LineId::of_usage(organization_id, &self.meter, self.period.start, self.span_start)
    }

    /// In units of 10^-18; `None` where that leaves the range.
    pub fn amount_unrounded(&self) -> Option<i128> {
        let digits = Currency::from_code(&self.currency).ok()?.minor_unit_digits();
        self.amount_minor_units.checked_mul(10i128.pow(UNROUNDED_DIGITS - digits))
    }
}

/// A line of usage that money can pay for.
#[derive(Clone, Debug)]
pub struct Payable<'a> {
    pub meter: Arc<str>,
    pub line: &'a RatedLine,
}

impl Payable<'_> {
    /// Lines are paid in this order.
    pub fn order(&self) -> (EventTime, &str) {
        (self.line.span.start, &self.meter)
    }

    /// A line that pays something back needs nothing.
    pub fn need(&self, currency: Currency) -> Need {
        let quantity = money(self.line.amount_minor_units.max(0), currency);
        Need { at: self.line.span.start, quantity }
    }

    /// What a grant pays of it. Covers of money are whole minor units.
    pub fn paid_by(&self, cover: &Cover, currency: Currency) -> CreditLine {
        let span = &self.line.span;
        CreditLine {
            period: span.period,
            meter: self.meter.clone(),
            span_start: span.start,
            span_end: span.end,
            grant: cover.grant.clone(),
            currency: span.terms.currency.clone(),
            amount_minor_units: -whole(cover.quantity, currency),
        }
    }
}

fn whole(quantity: Quantity, currency: Currency) -> i128 {
    quantity.0 / currency.minor_unit().0
}
