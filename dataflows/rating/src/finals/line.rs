//! A line as an invoice will have it, of whichever kind.
//!
//! Owns its fields and its name. What it charges for was decided where it was made: `rate` for usage.

use crate::credits::CreditLine;
use crate::number::Quantity;
use crate::rate::{RateError, RatedLine, StepShare, TierShare};
use crate::recurring::{LineAmount, RecurringLine, RecurringTerms};
use crate::time::EventTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// What a line charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Units of a meter.
    Usage,
    /// The plan's own price.
    BasePrice,
    AddOn,
    /// What a commitment was not used up.
    TrueUp,
    /// What credits pay, below zero.
    Credit,
    /// A line of a final period as it is known now.
    Correction,
    /// Takes back what was billed for a line of a final period.
    Reversal,
}

impl LineKind {
    pub const ALL: [LineKind; 7] = [
        LineKind::Usage,
        LineKind::BasePrice,
        LineKind::AddOn,
        LineKind::TrueUp,
        LineKind::Credit,
        LineKind::Correction,
        LineKind::Reversal,
    ];

    pub fn name(self) -> &'static str {
        match self {
            LineKind::Usage => "usage",
            LineKind::BasePrice => "base_price",
            LineKind::AddOn => "add_on",
            LineKind::TrueUp => "true_up",
            LineKind::Credit => "credit",
            LineKind::Correction => "correction",
            LineKind::Reversal => "reversal",
        }
    }

    pub fn from_name(name: &str) -> Option<LineKind> {
        LineKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A line's own name: made of what identifies it, so that it is the same over restarts, workers and amounts.
/// Written as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u128);

impl LineId {
    /// Of a line of usage: the 128-bit xxh3 over the length-prefixed names and the two starts.
    pub fn of_usage(organization_id: &str, meter: &str, period_start: EventTime, span_start: EventTime) -> LineId {
        let mut bytes = Vec::with_capacity(organization_id.len() + meter.len() + 32);
        for name in [organization_id, meter] {
            bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(&period_start.0.to_le_bytes());
        bytes.extend_from_slice(&span_start.0.to_le_bytes());
        LineId(xxh3_128(&bytes))
    }

    /// Of what a grant pays of a line of usage.
    pub fn of_credit(grant: &str, paid: LineId) -> LineId {
        let mut bytes = LineKind::Credit.name().as_bytes().to_vec();
        bytes.extend_from_slice(&paid.0.to_le_bytes());
        bytes.extend_from_slice(grant.as_bytes());
        LineId(xxh3_128(&bytes))
    }

    /// Of the line of this kind that corrects `corrected`, a line of the period that starts at `corrected_period`, on
    /// the period that starts at `billed_period`: there is at most one.
    pub(super) fn of_correction(
        kind: LineKind,
        corrected: LineId,
        corrected_period: EventTime,
        billed_period: EventTime,
        revision: u32,
    ) -> LineId {
        let mut bytes = kind.name().as_bytes().to_vec();
        bytes.extend_from_slice(&corrected.0.to_le_bytes());
        bytes.extend_from_slice(&corrected_period.0.to_le_bytes());
        bytes.extend_from_slice(&billed_period.0.to_le_bytes());
        bytes.extend_from_slice(&revision.to_le_bytes());
        LineId(xxh3_128(&bytes))
    }

    pub fn parse(text: &str) -> Option<LineId> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok().map(LineId)).flatten()
    }
}

impl std::fmt::Display for LineId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl Serialize for LineId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LineId, D::Error> {
        let text = String::deserialize(deserializer)?;
        LineId::parse(&text).ok_or_else(|| de::Error::custom("a line's id is 32 hex digits"))
    }
}

/// Which line of which final period a correction or reversal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Corrects {
    pub line_id: LineId,
    pub period_start: EventTime,
    /// Of that line, never a correction or reversal itself.
    pub kind: LineKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line {
    pub id: LineId,
    pub kind: LineKind,
    /// Of the meter, plan, add-on or grant.
    pub name: Arc<str>,
    pub span_start: EventTime,
    pub span_end: EventTime,
    pub events: u64,
    pub quantity: Quantity,
    pub included: Quantity,
    pub overage: Quantity,
    pub currency: Arc<str>,
    /// In units of 10^-18 of the currency.
    #[serde(with = "integer_text")]
    pub amount_unrounded: i128,
    #[serde(with = "integer_text")]
    pub amount_minor_units: i128,
    /// Which tiers the overage fell into.
    pub tiers: Vec<TierShare>,
    /// What the charge's rules added to the tiers' amount, or took off it. Lines that were frozen before these were kept
    /// have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepShare>,
    /// What it was rated by, with the version of every part, as JSON.
    pub terms: Arc<str>,
    /// Of corrections and reversals only.
    pub corrects: Option<Corrects>,
}

impl Line {
    /// A line of usage of `organization_id` and `meter`.
    pub fn of_usage(organization_id: &str, meter: &Arc<str>, line: &RatedLine) -> Line {
        let terms = &line.span.terms;
        Line {
            id: LineId::of_usage(organization_id, meter, line.span.period.start, line.span.start),
            kind: LineKind::Usage,
            name: meter.clone(),
            span_start: line.span.start,
            span_end: line.span.end,
            events: line.events,
            quantity: line.quantity,
            included: line.included,
            overage: line.overage,
            currency: terms.currency.clone(),
            amount_unrounded: line.amount_unrounded,
            amount_minor_units: line.amount_minor_units,
            tiers: line.tiers.clone(),
            steps: line.steps.clone(),
            // Terms hold nothing that JSON cannot write.
            terms: serde_json::to_string(&**terms).unwrap_or_default().into(),
            corrects: None,
        }
    }

    /// What credits pay of a line of usage; an error where its 18 digits leave the range.
    pub fn of_credit(organization_id: &str, line: &CreditLine) -> Result<Line, RateError> {
        let terms = serde_json::json!({
            "grant": line.grant,
            "meter": line.meter,
            "line_id": line.paid_line(organization_id),
        });
        Ok(Line {
            id: line.id(organization_id),
            kind: LineKind::Credit,
            name: line.grant.clone(),
            span_start: line.span_start,
            span_end: line.span_end,
            events: 0,
            quantity: Quantity::ZERO,
            included: Quantity::ZERO,
            overage: Quantity::ZERO,
            currency: line.currency.clone(),
            amount_unrounded: line.amount_unrounded().ok_or(RateError::AmountOverflow)?,
            amount_minor_units: line.amount_minor_units,
            tiers: Vec::new(),
            steps: Vec::new(),
            terms: terms.to_string().into(),
            corrects: None,
        })
    }

    /// A line of `organization_id` that no meter makes; the error that it has in place of an amount.
    pub fn of_recurring(organization_id: &str, line: &RecurringLine) -> Result<Line, RateError> {
        let LineAmount { unrounded, minor_units } = line.amount?;
        Ok(Line {
            id: line.id(organization_id),
            kind: line.kind,
            name: line.name.clone(),
            span_start: line.start,
            span_end: line.end,
            events: 0,
            quantity: line.quantity,
            included: Quantity::ZERO,
            overage: line.quantity,
            currency: line.currency.clone(),
            amount_unrounded: unrounded,
            amount_minor_units: minor_units,
            tiers: Vec::new(),
            steps: Vec::new(),
            // Terms hold nothing that JSON cannot write.
            terms: serde_json::to_string(&RecurringTerms::of(line)).unwrap_or_default().into(),
            corrects: None,
        })
    }

    /// Whether both charge the same: then there is nothing to correct, whatever else has changed.
    pub fn bills_as(&self, other: &Line) -> bool {
        let billed = |line: &Line| {
            (
                line.quantity,
                line.included,
                line.overage,
                line.amount_unrounded,
                line.amount_minor_units,
                line.currency.clone(),
                line.span_end,
            )
        };
        billed(self) == billed(other)
    }

    /// The line that takes this one back: the same with every number below zero.
    pub(super) fn reversed(&self, id: LineId, corrects: Corrects) -> Result<Line, RateError> {
        let negative = |quantity: Quantity| Quantity::ZERO.checked_sub(quantity).ok_or(RateError::QuantityOverflow);
        Ok(Line {
            id,
            kind: LineKind::Reversal,
            quantity: negative(self.quantity)?,
            overage: negative(self.overage)?,
            tiers: self.tiers.iter().map(reversed_tier).collect::<Result<_, _>>()?,
            steps: self.steps.iter().map(reversed_step).collect::<Result<_, _>>()?,
            amount_unrounded: self.amount_unrounded.checked_neg().ok_or(RateError::AmountOverflow)?,
            amount_minor_units: self.amount_minor_units.checked_neg().ok_or(RateError::AmountOverflow)?,
            corrects: Some(corrects),
            ..self.clone()
        })
    }
}

fn reversed_tier(share: &TierShare) -> Result<TierShare, RateError> {
    Ok(TierShare {
        tier: share.tier,
        quantity: Quantity::ZERO.checked_sub(share.quantity).ok_or(RateError::QuantityOverflow)?,
        amount_unrounded: share.amount_unrounded.checked_neg().ok_or(RateError::AmountOverflow)?,
    })
}

fn reversed_step(share: &StepShare) -> Result<StepShare, RateError> {
    Ok(StepShare {
        quantity: Quantity::ZERO.checked_sub(share.quantity).ok_or(RateError::QuantityOverflow)?,
        amount_unrounded: share.amount_unrounded.checked_neg().ok_or(RateError::AmountOverflow)?,
        ..*share
    })
}

/// Integers beyond what other readers of JSON hold, as text.
pub(super) mod integer_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(value: &i128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
