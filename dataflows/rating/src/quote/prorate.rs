//! `quote prorate`: what prices that change inside a period come to, line by line.

use super::{CaseError, Refused, answer};
use crate::number::{Currency, Quantity, unrounded_text};
use crate::rate::RateError;
use crate::recurring::{Share, rounded, share_of};
use crate::tables::MistakeCode;
use crate::tables::document::Node;
use crate::tables::read::{Fields, Reading, list, numbers, plan, times};
use crate::time::{EventTime, Period};
use rust_decimal::Decimal;
use serde::Serialize;

const FIELDS: &[&str] = &["currency", "period", "prices", "to"];
const PRICES_LIMIT: usize = 1_000;

struct Case {
    currency: Currency,
    period: Period,
    prices: Vec<PriceFrom>,
    /// Where the last one ends; the period's end unless given.
    to: Option<EventTime>,
}

/// It holds until the next one does.
struct PriceFrom {
    /// The period's start unless given, which only the first may leave out.
    from: Option<EventTime>,
    /// Of the whole period and one unit.
    price: Decimal,
    quantity: Quantity,
}

#[derive(Serialize)]
struct Prorated {
    currency: &'static str,
    lines: Vec<Line>,
    /// The sum of the lines as they are rounded.
    total: String,
    total_minor_units: String,
}

#[derive(Serialize)]
struct Line {
    start: EventTime,
    end: EventTime,
    price: Decimal,
    quantity: Quantity,
    /// The line costs this part of `whole_seconds`.
    charged_seconds: u64,
    whole_seconds: u64,
    /// In the currency's major unit, to 18 digits.
    amount_unrounded: String,
    /// In the currency's major unit, with all digits of its minor unit.
    amount: String,
    amount_minor_units: String,
}

/// Answers one case of `highwater quote prorate`.
pub fn prorate(case: &[u8]) -> Result<String, Refused> {
    answer(case, FIELDS, read, find)
}

fn read(fields: &Fields<'_>, reading: &mut Reading) -> Option<Case> {
    let currency = fields.required("currency", reading, plan::currency);
    let period = fields.required("period", reading, |node, reading| {
        let fields = Fields::open(node, &["start", "end"], reading)?;
        let start = fields.required("start", reading, times::instant);
        let end = fields.required("end", reading, times::instant);
        Some(Period { start: start?, end: end? })
    });
    let prices = fields.required("prices", reading, list(PRICES_LIMIT, price_from));
    let to = fields.optional("to", reading, times::instant);
    Some(Case { currency: currency?, period: period?, prices: prices?, to: to? })
}

fn price_from(node: &Node, reading: &mut Reading) -> Option<PriceFrom> {
    let fields = Fields::open(node, &["from", "price", "quantity"], reading)?;
    let from = fields.optional("from", reading, times::instant);
    let price = fields.required("price", reading, numbers::price);
    let quantity = fields.or("quantity", Quantity::ONE, reading, numbers::quantity);
    Some(PriceFrom { from: from?, price: price?, quantity: quantity? })
}

/// A price with its beginning and end.
struct Stretch {
    start: EventTime,
    end: EventTime,
    price: Decimal,
    quantity: Quantity,
}

/// In the order of time. A price that stays as it was cuts nothing, as no version of a plan does that changes nothing.
fn stretches(case: &Case) -> Result<Vec<Stretch>, CaseError> {
    let Case { period, prices, .. } = case;
    let refused = |code: MistakeCode, field: String, message: String| CaseError {
        code: code.as_str().to_owned(),
        field,
        message,
        hint: String::new(),
    };
    if period.end <= period.start {
        let message = format!("{} is not after {}", period.end, period.start);
        return Err(refused(MistakeCode::EmptyValidity, "/period/end".into(), message));
    }
    let mut stretches: Vec<Stretch> = Vec::with_capacity(prices.len());
    let mut earliest = period.start;
    for (index, price) in prices.iter().enumerate() {
        let field = || format!("/prices/{index}/from");
        let start = match price.from {
            None if index > 0 => {
                let message = "only the first price begins with the period by itself".to_owned();
                return Err(refused(MistakeCode::MissingField, field(), message));
            }
            from => from.unwrap_or(period.start),
        };
        if start < earliest || start >= period.end {
            let message = format!("{start} is not within the period and after the price before it");
            return Err(refused(MistakeCode::OutOfRange, field(), message));
        }
        earliest = EventTime(start.0 + 1);
        match stretches.last_mut() {
            Some(last) if (last.price, last.quantity) == (price.price, price.quantity) => last.end = period.end,
            last => {
                if let Some(last) = last {
                    last.end = start;
                }
                stretches.push(Stretch { start, end: period.end, price: price.price, quantity: price.quantity });
            }
        }
    }
    let Some(last) = stretches.last_mut() else {
        return Err(refused(MistakeCode::EmptyList, "/prices".into(), "there is no price".into()));
    };
    if let Some(to) = case.to {
        if to < earliest || to > period.end {
            let message = format!("{to} is not after the last price begins and within the period");
            return Err(refused(MistakeCode::OutOfRange, "/to".into(), message));
        }
        last.end = to;
    }
    Ok(stretches)
}

fn find(case: Case) -> Result<Prorated, CaseError> {
    let Case { currency, period, .. } = case;
    let mut lines = Vec::new();
    let mut total = 0i128;
    for stretch in stretches(&case)? {
        let (line, minor_units) = line(stretch, period, currency).map_err(out_of_range)?;
        total = total.checked_add(minor_units).ok_or_else(|| out_of_range(RateError::AmountOverflow))?;
        lines.push(line);
    }
    let (total, total_minor_units) = (currency.format(total), total.to_string());
    Ok(Prorated { currency: currency.code(), lines, total, total_minor_units })
}

fn line(stretch: Stretch, period: Period, currency: Currency) -> Result<(Line, i128), RateError> {
    let Stretch { start, end, price, quantity } = stretch;
    let share = Share::of((start, end), (period.start, period.end)).ok_or(RateError::AmountOverflow)?;
    let amount = rounded(share_of(price, quantity, share)?, currency.code())?;
    let line = Line {
        start,
        end,
        price,
        quantity,
        charged_seconds: share.charged_seconds,
        whole_seconds: share.whole_seconds,
        amount_unrounded: unrounded_text(amount.unrounded),
        amount: currency.format(amount.minor_units),
        amount_minor_units: amount.minor_units.to_string(),
    };
    Ok((line, amount.minor_units))
}

fn out_of_range(error: RateError) -> CaseError {
    CaseError {
        code: error.to_string(),
        field: "/prices".to_owned(),
        message: "an amount is out of range".to_owned(),
        hint: String::new(),
    }
}
