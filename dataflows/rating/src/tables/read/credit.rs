//! Rows of `grants` and `credit_policies`.

use super::fields::{Fields, list};
use super::{Reading, numbers, plan, subscription, texts, times};
use crate::number::{Currency, Quantity};
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{BurnKey, Cadence, CreditPolicy, Grant, GrantKind, Recharge, RechargeSize, Table};
use crate::time::EventTime;
use std::sync::Arc;

const GRANT_FIELDS: &[&str] = &[
    "id",
    "organization_id",
    "meter",
    "currency",
    "amount",
    "kind",
    "of",
    "recharge_request",
    "priority",
    "effective_from",
    "expires_at",
    "recurrence",
    "resets",
    "rollover",
];
const POLICY_FIELDS: &[&str] =
    &["id", "organization_id", "meter", "currency", "effective_from", "effective_to", "burn_order", "recharge"];
const CADENCE_FIELDS: &[&str] = &["anchor", "interval", "interval_count", "time_zone"];
const RECHARGE_FIELDS: &[&str] =
    &["threshold", "amount", "target", "cap", "pending_hours", "anchor", "interval", "interval_count", "time_zone"];
const PRIORITY_LIMIT: i32 = 1_000_000;
const RESETS_LIMIT: usize = 100;
const PENDING_HOURS: i32 = 72;
const PENDING_HOURS_LIMIT: i32 = 8_784;
/// A request's name holds the policy's, and is a name too.
const POLICY_ID_LIMIT: usize = 200;

const GRANT_KINDS: &[(&str, GrantKind)] = &[
    ("free", GrantKind::Free),
    ("promotional", GrantKind::Promotional),
    ("paid", GrantKind::Paid),
    ("refund", GrantKind::Refund),
    ("adjustment", GrantKind::Adjustment),
];

const BURN_KEYS: &[(&str, BurnKey)] = &[
    ("priority", BurnKey::Priority),
    ("expires_at", BurnKey::ExpiresAt),
    ("kind", BurnKey::Kind),
    ("effective_from", BurnKey::EffectiveFrom),
];

pub(super) fn grant(node: &Node, reading: &mut Reading) -> Option<Grant> {
    let fields = Fields::open(node, GRANT_FIELDS, reading)?;
    let id = fields.required("id", reading, texts::name);
    let organization_id = fields.required("organization_id", reading, texts::name);
    let unit = Unit::read(&fields, "granted", reading);
    let kind = fields.required("kind", reading, texts::one_of(GRANT_KINDS));
    let of = match kind {
        Some(GrantKind::Refund) => fields.required("of", reading, texts::reference(Table::Grants)).map(Some),
        Some(GrantKind::Adjustment) => fields.optional("of", reading, texts::reference(Table::Grants)),
        Some(_) => fields.refuse(&["of"], "only refunds and adjustments change another grant", reading).map(|()| None),
        None => None,
    };
    let changes = matches!(&of, Some(Some(_)));
    let below_zero = changes && kind == Some(GrantKind::Adjustment);
    let amount = fields.required("amount", reading, |node, reading| {
        let amount = if below_zero {
            numbers::nonzero_quantity(node, reading)
        } else {
            numbers::positive_quantity(node, reading)
        };
        of_currency(amount?, unit.as_ref()?, node, reading)
    });
    if changes {
        let because = "the grant that is changed has these";
        fields.refuse(
            &["priority", "expires_at", "recurrence", "resets", "rollover", "recharge_request"],
            because,
            reading,
        )?;
    }
    let recharge_request = fields.optional("recharge_request", reading, texts::name);
    let priority = fields.or("priority", 0, reading, numbers::whole(-PRIORITY_LIMIT, PRIORITY_LIMIT));
    let effective_from = fields.required("effective_from", reading, times::instant);
    let expires_at = times::end(&fields, "expires_at", effective_from, MistakeCode::GrantExpired, reading);
    let recurrence = fields.optional("recurrence", reading, recurrence);
    let resets = fields.or("resets", Vec::new(), reading, resets);
    let rollover = fields.optional("rollover", reading, |node, reading| {
        of_currency(numbers::quantity(node, reading)?, unit.as_ref()?, node, reading)
    });
    let unit = unit?;
    Some(Grant {
        id: id?,
        organization_id: organization_id?,
        meter: unit.meter,
        currency: unit.currency,
        amount: amount?,
        kind: kind?,
        of: of?,
        recharge_request: recharge_request?,
        priority: priority?,
        effective_from: effective_from?,
        expires_at: expires_at?,
        recurrence: recurrence?,
        resets: resets?,
        rollover: rollover?,
    })
}

pub(super) fn policy(node: &Node, reading: &mut Reading) -> Option<CreditPolicy> {
    let fields = Fields::open(node, POLICY_FIELDS, reading)?;
    let id = fields.required("id", reading, |node, reading| {
        let id = texts::name(node, reading)?;
        if id.len() > POLICY_ID_LIMIT {
            let message = format!("{} bytes are more than the {POLICY_ID_LIMIT} of a policy's id", id.len());
            return reading.mistake(MistakeCode::InvalidName, node, message, "requests are named after it");
        }
        Some(id)
    });
    let organization_id = fields.required("organization_id", reading, texts::name);
    let unit = Unit::read(&fields, "meant", reading);
    let effective_from = fields.required("effective_from", reading, times::instant);
    let effective_to = times::end(&fields, "effective_to", effective_from, MistakeCode::EmptyValidity, reading);
    let burn_order = fields.or("burn_order", Vec::new(), reading, burn_order);
    let recharge = fields.optional("recharge", reading, |node, reading| recharge(node, unit.as_ref()?, reading));
    let unit = unit?;
    Some(CreditPolicy {
        id: id?,
        organization_id: organization_id?,
        meter: unit.meter,
        currency: unit.currency,
        effective_from: effective_from?,
        effective_to: effective_to?,
        burn_order: burn_order?,
        recharge: recharge?,
    })
}

/// Units of a meter, or money.
struct Unit {
    meter: Option<Arc<str>>,
    currency: Option<Arc<str>>,
}

impl Unit {
    fn read(fields: &Fields<'_>, what: &str, reading: &mut Reading) -> Option<Unit> {
        let meter = fields.optional("meter", reading, texts::reference(Table::Meters));
        let currency = fields.optional("currency", reading, plan::currency_code);
        match (fields.get("meter"), fields.get("currency")) {
            (Some(_), Some(currency)) => {
                let message = format!("what is {what} is units or money, not both");
                let hint = "take `meter` or `currency` out";
                return reading.mistake(MistakeCode::ConflictingFields, currency, message, hint);
            }
            (None, None) => {
                let message = format!("it is not said what is {what}");
                let hint = "give `meter` for units, or `currency` for money";
                return reading.mistake(MistakeCode::MissingField, fields.node(), message, hint);
            }
            _ => {}
        }
        Some(Unit { meter: meter?, currency: currency? })
    }
}

/// Money that pays for lines ends at the currency's minor unit, as they do.
fn of_currency(amount: Quantity, unit: &Unit, node: &Node, reading: &mut Reading) -> Option<Quantity> {
    let currency = unit.currency.as_deref().and_then(|code| Currency::from_code(code).ok());
    match currency {
        Some(currency) if amount.0 % currency.minor_unit().0 != 0 => {
            let message = format!("{amount} is finer than the minor unit of {}", currency.code());
            reading.mistake(MistakeCode::PriceFinerThanCurrency, node, message, "")
        }
        _ => Some(amount),
    }
}

fn recurrence(node: &Node, reading: &mut Reading) -> Option<Cadence> {
    let fields = Fields::open(node, CADENCE_FIELDS, reading)?;
    subscription::cadence(&fields, reading)
}

fn resets(node: &Node, reading: &mut Reading) -> Option<Vec<EventTime>> {
    let mut resets = list(RESETS_LIMIT, times::instant)(node, reading)?;
    resets.sort_unstable();
    resets.dedup();
    Some(resets)
}

fn burn_order(node: &Node, reading: &mut Reading) -> Option<Vec<BurnKey>> {
    let mut seen = Vec::new();
    let keys = list(BURN_KEYS.len(), |node, reading| {
        let key = texts::one_of(BURN_KEYS)(node, reading)?;
        if seen.contains(&key) {
            return reading.mistake(MistakeCode::DuplicateField, node, "it is compared already", "keep one of them");
        }
        seen.push(key);
        Some(key)
    })(node, reading)?;
    if keys.is_empty() {
        let hint = "leave `burn_order` out for the usual order";
        return reading.mistake(MistakeCode::EmptyList, node, "the order compares nothing", hint);
    }
    Some(keys)
}

fn recharge(node: &Node, unit: &Unit, reading: &mut Reading) -> Option<Recharge> {
    let fields = Fields::open(node, RECHARGE_FIELDS, reading)?;
    let above_zero = |node: &Node, reading: &mut Reading| {
        of_currency(numbers::positive_quantity(node, reading)?, unit, node, reading)
    };
    let threshold = fields.required("threshold", reading, above_zero);
    let size = match (fields.get("amount"), fields.get("target")) {
        (Some(_), Some(target)) => {
            let message = "a recharge has one size";
            reading.mistake(MistakeCode::ConflictingFields, target, message, "take `amount` or `target` out")
        }
        (None, Some(node)) => {
            let target = above_zero(node, reading);
            if let (Some(target), Some(threshold)) = (target, threshold)
                && target < threshold
            {
                let message = format!("a target of {target} leaves the balance below the threshold of {threshold}");
                return reading.mistake(MistakeCode::OutOfRange, node, message, "");
            }
            target.map(RechargeSize::Target)
        }
        _ => fields.required("amount", reading, above_zero).map(RechargeSize::Amount),
    };
    let cap = fields.optional("cap", reading, above_zero);
    let pending_hours = fields.or("pending_hours", PENDING_HOURS, reading, numbers::whole(1, PENDING_HOURS_LIMIT));
    let cadence = subscription::cadence(&fields, reading);
    Some(Recharge {
        threshold: threshold?,
        size: size?,
        cap: cap?,
        cadence: cadence?,
        pending_hours: pending_hours?.unsigned_abs(),
    })
}
