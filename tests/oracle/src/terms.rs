//! Which terms hold for one (organization, meter) at an instant, found by looking at every row.
//!
//! Owns terms, their periods and the spans between their changes. Does not own what they cost (`rating`).

use crate::civil::{Cadence, Micros, Period};
use crate::credits::{self, Credits};
use crate::exact::{self, Fraction};
use crate::pricing::Charge;
use crate::tables::{Tables, covers, effective_from, effective_to, text};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub subscription: String,
    pub plan: String,
    /// Where the first of the versions began that, without a break, give this meter the same charge and currency.
    pub plan_version: Micros,
    pub currency: String,
    pub overrides: Vec<String>,
    pub adjustments: Vec<String>,
    /// `trial` or `pause`: the usage is none of its period's.
    pub apart: Option<String>,
    pub charge: Option<Charge>,
    /// What prices are multiplied with: 1, 1/2, 5/4.
    pub factor: Fraction,
}

/// The longest stretch of one period in which the same terms hold, half-open.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub start: Micros,
    pub end: Micros,
    pub period: Period,
    pub terms: Terms,
}

/// Every row that can matter to one (organization, meter).
pub struct Book<'a> {
    meter: &'a str,
    subscriptions: Vec<&'a Value>,
    plans: Vec<&'a Value>,
    overrides: Vec<&'a Value>,
    adjustments: Vec<&'a Value>,
    grants: Vec<&'a Value>,
    policies: Vec<&'a Value>,
}

impl<'a> Book<'a> {
    pub fn of(tables: &'a Tables, organization: &str, meter: &'a str) -> Book<'a> {
        let of_organization = |row: &&Value| text(row, "organizationId") == organization;
        Book {
            meter,
            subscriptions: tables.table("subscriptions").filter(of_organization).collect(),
            plans: tables.table("plans").collect(),
            overrides: tables
                .table("overrides")
                .filter(of_organization)
                .filter(|row| row.get("meter").is_some_and(|name| name == meter))
                .collect(),
            adjustments: tables
                .table("adjustments")
                .filter(|row| row.get("organizationId").is_none_or(|name| name == organization))
                .filter(|row| text(row, "meter") == meter)
                .collect(),
            grants: tables
                .table("grants")
                .filter(of_organization)
                .filter(|row| row.get("meter").is_none_or(|name| name == meter))
                .collect(),
            policies: tables.table("credit_policies").filter(of_organization).collect(),
        }
    }

    /// The period and the terms at an instant; none without a subscription to a plan that has begun.
    pub fn at(&self, instant: Micros) -> Option<(Period, Terms)> {
        let subscription = self.subscription_at(instant)?;
        let mut versions: Vec<&Value> = self
            .plans
            .iter()
            .copied()
            .filter(|row| row["plan"] == subscription["plan"] && effective_from(row) <= instant)
            .collect();
        versions.sort_by_key(|row| effective_from(row));
        let plan = *versions.last()?;
        let (currency, base) = (text(plan, "currency"), self.fields_of(plan));
        let alike = |row: &&&Value| text(row, "currency") == currency && self.fields_of(row).charge() == base.charge();
        let brought = versions.iter().rev().take_while(alike).last()?;

        let mut overrides: Vec<&Value> = self.overrides.iter().copied().filter(|row| covers(row, instant)).collect();
        overrides.sort_by_key(|row| (effective_from(row), text(row, "id")));
        let mut fields = base;
        for row in &overrides {
            fields.included = row.get("included").or(fields.included);
            fields.allowance = row.get("allowance").or(fields.allowance);
            fields.model = row.get("charge").or(fields.model);
        }
        let mut adjustments: Vec<&Value> =
            self.adjustments.iter().copied().filter(|row| covers(row, instant)).collect();
        adjustments.sort_by_key(|row| (effective_from(row), text(row, "id")));
        let mut factor = exact::integer(1);
        for row in &adjustments {
            let percent = |sign: i64| {
                let percent = exact::row_decimal(&row["percent"]);
                exact::integer(1) + exact::integer(sign) * percent / exact::integer(100)
            };
            match text(row, "kind") {
                "temporary_users" => factor = percent(-1),
                "automatic_limit_scaling" => factor = percent(1),
                _ => {
                    fields.model = Some(&row["charge"]);
                    factor = exact::integer(1);
                }
            }
        }
        let (apart, charge) = self.in_phase(subscription, instant, fields.charge());
        let terms = Terms {
            subscription: text(subscription, "id").to_owned(),
            plan: text(plan, "plan").to_owned(),
            plan_version: effective_from(brought),
            currency: currency.to_owned(),
            overrides: overrides.iter().map(|row| text(row, "id").to_owned()).collect(),
            adjustments: adjustments.iter().map(|row| text(row, "id").to_owned()).collect(),
            apart,
            charge,
            factor,
        };
        Some((self.period_at(instant, subscription), terms))
    }

    /// A trial takes the charge away, or puts its limit in place of the allowance; so does a pause without usage.
    fn in_phase(
        &self,
        subscription: &Value,
        instant: Micros,
        charge: Option<Charge>,
    ) -> (Option<String>, Option<Charge>) {
        let Some(phase) = phase_at(subscription, instant) else { return (None, charge) };
        match text(phase, "phase") {
            "pause" if phase["usage"] == "charged" => (None, charge),
            "pause" => (Some("pause".to_owned()), None),
            _ => {
                let limits = phase.get("limits").and_then(Value::as_array);
                let limit = limits.into_iter().flatten().find(|limit| limit["meter"] == self.meter);
                let limited = |charge: Charge| {
                    let included = exact::row_decimal(&limit?["included"]);
                    // Usage below the limit is free, whatever the least is that other usage costs.
                    Some(Charge { included, prorated: false, minimum: None, ..charge })
                };
                (Some("trial".to_owned()), charge.and_then(limited))
            }
        }
    }

    pub fn subscription_at(&self, instant: Micros) -> Option<&'a Value> {
        let covering = self.subscriptions.iter().copied().filter(|row| covers(row, instant));
        covering.max_by_key(|row| (effective_from(row), text(row, "id")))
    }

    fn fields_of(&self, plan: &'a Value) -> Fields<'a> {
        let charges = plan["charges"].as_array().expect("charges");
        let Some(charge) = charges.iter().find(|row| row["meter"] == self.meter) else { return Fields::default() };
        Fields { included: charge.get("included"), allowance: charge.get("allowance"), model: Some(charge) }
    }

    /// The civil period of the subscription's cadence, cut off where that cadence begins or ceases to be the
    /// organization's.
    pub fn period_at(&self, instant: Micros, subscription: &Value) -> Period {
        let cadence = Cadence::of_row(subscription);
        let same = |at: Micros| self.subscription_at(at).map(Cadence::of_row).as_ref() == Some(&cadence);
        let whole = cadence.period_of(instant);
        let changes = changes_within(whole, self.subscriptions.iter());
        let (first, after) = stretch(&changes, instant, same);
        Period { start: changes[first], end: changes[after] }
    }

    /// Rows about units of the meter.
    pub fn unit_credits(&self) -> Credits {
        let units = |row: &&&Value| row.get("meter").is_some_and(|name| name == self.meter);
        let of = |rows: &[&Value]| rows.iter().filter(units).map(|row| (*row).clone()).collect();
        Credits { grants: of(&self.grants), policies: of(&self.policies), ..Credits::default() }
    }

    /// The span that holds an instant, of a meter that adds up or not: between two instants at which something happens
    /// to credits that can pay for it, where each part is charged as a part of the whole would be.
    pub fn span_at(&self, instant: Micros, additive: bool) -> Option<Span> {
        let mut span = self.uncut_span_at(instant)?;
        let whole = span.terms.charge.as_ref().is_some_and(|charge| !charge.prorated);
        if !additive || !whole || span.terms.apart.is_some() {
            return Some(span);
        }
        let pays = |row: &&&Value| row.get("currency").is_none_or(|code| *code == span.terms.currency);
        let mut cuts: Vec<Micros> = Vec::new();
        for grant in self.grants.iter().filter(pays) {
            cuts.extend(credits::happenings(grant, span.start, span.end));
            let unit = |row: &Value| (row.get("meter").cloned(), row.get("currency").cloned());
            for policy in self.policies.iter().filter(|row| unit(row) == unit(grant)) {
                cuts.extend([Some(effective_from(policy)), effective_to(policy)].into_iter().flatten());
            }
        }
        span.start = cuts.iter().copied().filter(|cut| *cut <= instant).fold(span.start, Micros::max);
        span.end = cuts.into_iter().filter(|cut| *cut > instant).fold(span.end, Micros::min);
        Some(span)
    }

    /// Its cell between two changes of any row, with every neighbour of equal terms.
    fn uncut_span_at(&self, instant: Micros) -> Option<Span> {
        let (period, terms) = self.at(instant)?;
        let phases: Vec<&Value> = self.subscriptions.iter().flat_map(|row| phases(row)).collect();
        let rows = self.subscriptions.iter().chain(&self.plans).chain(&self.overrides).chain(&self.adjustments);
        let changes = changes_within(period, rows.chain(&phases));
        let same = |start: Micros| self.at(start).as_ref() == Some(&(period, terms.clone()));
        let (first, after) = stretch(&changes, instant, same);
        Some(Span { start: changes[first], end: changes[after], period, terms })
    }
}

pub fn phases(subscription: &Value) -> impl Iterator<Item = &Value> {
    subscription.get("phases").and_then(Value::as_array).into_iter().flatten()
}

/// Of the phases that cover an instant the one that began last, the later in the row of two that began together.
pub fn phase_at(subscription: &Value, instant: Micros) -> Option<&Value> {
    phases(subscription).filter(|phase| covers(phase, instant)).max_by_key(|phase| effective_from(phase))
}

/// The instants in a period where any of the rows begins or ends, with the period's own bounds.
pub fn changes_within<'a>(period: Period, rows: impl Iterator<Item = &'a &'a Value>) -> Vec<Micros> {
    let mut changes = vec![period.start, period.end];
    for row in rows {
        changes.extend([Some(effective_from(row)), effective_to(row)].into_iter().flatten());
    }
    changes.retain(|change| (period.start..=period.end).contains(change));
    changes.sort();
    changes.dedup();
    changes
}

/// Which cells between changes, from the one that holds `instant` in both directions, are the same: the index of the
/// first one's start and of the last one's end.
fn stretch(changes: &[Micros], instant: Micros, same: impl Fn(Micros) -> bool) -> (usize, usize) {
    let mut first = changes.iter().rposition(|change| *change <= instant).expect("a cell that holds the instant");
    let mut after = first + 1;
    while first > 0 && same(changes[first - 1]) {
        first -= 1;
    }
    while after < changes.len() - 1 && same(changes[after]) {
        after += 1;
    }
    (first, after)
}

/// The three things that an override may replace, each on its own.
#[derive(Default)]
struct Fields<'a> {
    included: Option<&'a Value>,
    allowance: Option<&'a Value>,
    model: Option<&'a Value>,
}

impl Fields<'_> {
    /// Without a price there is no charge, whatever else an override says.
    fn charge(&self) -> Option<Charge> {
        let model = self.model?;
        let included = self.included.map_or_else(exact::zero, exact::row_decimal);
        Some(Charge::of_row(model, included, self.allowance.is_some_and(|allowance| allowance == "prorated")))
    }
}
