//! What makes an invoice stand out, so that a person looks at it before it is sent.

use crate::cause::{Cause, split};
use crate::frozen::FrozenPeriod;
use crate::line::LineKind;
use crate::policy::Thresholds;
use serde::{Deserialize, Serialize};

/// One remarkable thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The total differs from the last one by more than the policy lets pass.
    AmountVariance {
        #[serde(with = "crate::invoice::integer_text")]
        difference_minor_units: i128,
        cause: Option<Cause>,
    },
    FirstBill,
    ZeroAfterNonZero,
    NonZeroAfterZero,
    /// Stripe adds what is below zero to the customer's balance.
    NegativeTotal,
    /// Too little for Stripe to charge.
    BelowLeast,
    BigCorrection {
        #[serde(with = "crate::invoice::integer_text")]
        corrections_minor_units: i128,
    },
    OtherCurrency {
        before: String,
    },
}

impl Flag {
    pub fn name(&self) -> &'static str {
        match self {
            Flag::AmountVariance { .. } => "amount_variance",
            Flag::FirstBill => "first_bill",
            Flag::ZeroAfterNonZero => "zero_after_nonzero",
            Flag::NonZeroAfterZero => "nonzero_after_zero",
            Flag::NegativeTotal => "negative_total",
            Flag::BelowLeast => "below_least",
            Flag::BigCorrection { .. } => "big_correction",
            Flag::OtherCurrency { .. } => "other_currency",
        }
    }
}

/// The flags of a period, against the one before.
pub fn flags(now: &FrozenPeriod, before: Option<&FrozenPeriod>, thresholds: &Thresholds) -> Vec<Flag> {
    let mut flags = Vec::new();
    let total = now.record().total_minor_units;
    match before {
        // Corrections alone: there is nothing to hold them against.
        _ if now.record().revision > 1 => {}
        None => flags.push(Flag::FirstBill),
        Some(before) if before.record().currency != now.record().currency => {
            flags.push(Flag::OtherCurrency { before: before.record().currency.clone() });
        }
        Some(before) => {
            let last = before.record().total_minor_units;
            let difference = total - last;
            match (last, total) {
                (0, 0) => {}
                (0, _) => flags.push(Flag::NonZeroAfterZero),
                (_, 0) => flags.push(Flag::ZeroAfterNonZero),
                _ => {
                    let much = difference.unsigned_abs() > u128::from(thresholds.variance_minor_units);
                    let share = difference.unsigned_abs().saturating_mul(100)
                        > last.unsigned_abs().saturating_mul(u128::from(thresholds.variance_percent));
                    if much && share {
                        flags.push(Flag::AmountVariance {
                            difference_minor_units: difference,
                            cause: split(before, now),
                        });
                    }
                }
            }
        }
    }
    if total < 0 {
        flags.push(Flag::NegativeTotal);
    } else if total > 0 && total.unsigned_abs() < u128::from(thresholds.least_minor_units) {
        flags.push(Flag::BelowLeast);
    }
    let corrections = now.lines().iter().filter(|line| matches!(line.kind, LineKind::Correction | LineKind::Reversal));
    let corrections: i128 = corrections.map(|line| line.amount_minor_units).sum();
    if corrections.unsigned_abs() > u128::from(thresholds.correction_minor_units) {
        flags.push(Flag::BigCorrection { corrections_minor_units: corrections });
    }
    flags
}
