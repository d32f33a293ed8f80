//! What recurs at an instant: the base price, each add-on, the commitment; each with the rows that made it.
//!
//! Precedence as in `terms`: plan version → subscription (and its phases) → overrides by (`effective_from`, `id`). Each
//! component is cut only where something of its own changes.

use super::periods::RecurringRows;
use crate::finals::LineKind;
use crate::number::Quantity;
use crate::tables::{AddOn, Billing, Override, Plan, Subscription};
use crate::terms::stretch::{covers, phase_at};
use crate::time::EventTime;
use rust_decimal::Decimal;
use std::sync::Arc;

/// A price that recurs, with everything that decided it. Two stretches of time belong together when this is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub kind: LineKind,
    pub name: Arc<str>,
    pub billing: Billing,
    pub subscription: Arc<str>,
    pub plan: Arc<str>,
    pub version: EventTime,
    pub overrides: Vec<Arc<str>>,
    pub currency: Arc<str>,
    pub price: Decimal,
    pub quantity: Quantity,
}

/// Everything that recurs for this subscription at the instant; nothing in a trial or a pause.
pub(super) fn components_at(rows: &RecurringRows, subscription: &Subscription, instant: EventTime) -> Vec<Component> {
    if phase_at(subscription, instant).is_some() {
        return Vec::new();
    }
    let base_price = plan_price(rows, subscription, instant, LineKind::BasePrice);
    let commitment = plan_price(rows, subscription, instant, LineKind::TrueUp);
    let held = subscription.add_ons.iter().filter(|held| held.quantity > Quantity::ZERO);
    let add_ons = held.filter_map(|held| {
        let versions = rows.add_ons.iter().filter(|row| row.add_on == held.add_on && row.effective_from <= instant);
        let alike = |a: &AddOn, b: &AddOn| (a.price, &a.currency, a.billing) == (b.price, &b.currency, b.billing);
        let (add_on, version) = in_force(versions, |row| row.effective_from, alike)?;
        Some(Component {
            kind: LineKind::AddOn,
            name: add_on.add_on.clone(),
            billing: add_on.billing,
            subscription: subscription.id.clone(),
            plan: subscription.plan.clone(),
            version,
            overrides: Vec::new(),
            currency: add_on.currency.clone(),
            price: add_on.price,
            quantity: held.quantity,
        })
    });
    base_price.into_iter().chain(add_ons).chain(commitment).collect()
}

/// The base price or the commitment of the subscription's plan, with the overrides that name it.
fn plan_price(
    rows: &RecurringRows,
    subscription: &Subscription,
    instant: EventTime,
    kind: LineKind,
) -> Option<Component> {
    let is_base_price = kind == LineKind::BasePrice;
    let of_plan = |plan: &Plan| if is_base_price { plan.base_price } else { plan.commitment };
    let of_override = |row: &Override| if is_base_price { row.base_price } else { row.commitment };
    // A true-up is known when the period is over, whatever the base price does.
    let billing = |plan: &Plan| if is_base_price { plan.billing } else { Billing::InArrears };
    let versions = rows.plans.iter().filter(|row| row.plan == subscription.plan && row.effective_from <= instant);
    let alike = |a: &Plan, b: &Plan| (of_plan(a), &a.currency, billing(a)) == (of_plan(b), &b.currency, billing(b));
    let (plan, version) = in_force(versions, |row| row.effective_from, alike)?;
    let covering = rows.overrides.iter().filter(|row| covers(row.effective_from, row.effective_to, instant));
    let naming: Vec<&Override> = covering.map(|row| &**row).filter(|row| of_override(row).is_some()).collect();
    let price = naming.last().and_then(|row| of_override(row)).or(of_plan(plan))?;
    Some(Component {
        kind,
        name: plan.plan.clone(),
        billing: billing(plan),
        subscription: subscription.id.clone(),
        plan: plan.plan.clone(),
        version,
        overrides: naming.iter().map(|row| row.id.clone()).collect(),
        currency: plan.currency.clone(),
        price,
        quantity: if is_base_price { subscription.quantity } else { Quantity::ONE },
    })
}

/// The newest version, and where the unbroken row of versions begins that say the same.
fn in_force<'a, R>(
    versions: impl Iterator<Item = &'a Arc<R>>,
    from: impl Fn(&R) -> EventTime,
    alike: impl Fn(&R, &R) -> bool,
) -> Option<(&'a R, EventTime)> {
    let mut versions: Vec<&R> = versions.map(|row| &**row).collect();
    versions.sort_by_key(|row| from(row));
    let newest = *versions.last()?;
    let brought = versions.iter().rev().take_while(|row| alike(row, newest)).last()?;
    Some((newest, from(brought)))
}
