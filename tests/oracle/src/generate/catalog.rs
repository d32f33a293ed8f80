//! Random table rows: meters of every aggregation, plans in versions, subscriptions with changes, gaps, trials and
//! pauses, overrides, adjustments of one organization and of everybody, credits.

use super::charge::{included, prices};
use super::credits::{self, credits};
use super::dice::Dice;
use super::scene::Scene;
use crate::civil::{self, Micros};
use crate::tables;
use serde_json::{Map, Value, json};

pub const FEATURES: [&str; 3] = ["api_call", "ai_query", "seat"];
const AGGREGATIONS: [&str; 7] = ["count", "sum", "max", "min", "latest", "unique", "average"];
const ADD_ONS: [&str; 2] = ["analytics", "support"];
const PLANS: [&str; 3] = ["starter", "growth", "scale"];
/// Names that have nothing to do with each other except that a careless reader could take one for another.
const ORGANIZATIONS: [&str; 5] = ["org_1", "org_11", "Größe & Söhne", "org\"1\\", "1"];

pub struct Catalog {
    pub organizations: Vec<&'static str>,
    pub meters: Vec<Value>,
    /// Plans, subscriptions, overrides, credits: these may come at any time.
    pub terms: Vec<Value>,
}

impl Catalog {
    pub fn new(dice: &mut Dice, scene: &mut Scene) -> Catalog {
        let count = dice.between(1, ORGANIZATIONS.len() as i64) as usize;
        let organizations = ORGANIZATIONS[..count].to_vec();
        let meters = meters(dice, scene);
        let names: Vec<String> =
            meters.iter().map(|row| row["row"]["name"].as_str().expect("a meter's name").to_owned()).collect();
        let mut terms = plans(dice, scene, &names);
        terms.extend(add_ons(dice, scene));
        for organization in &organizations {
            terms.extend(subscriptions(dice, scene, organization, &names));
            terms.extend(overrides(dice, scene, organization, &names));
            terms.extend(adjustments(dice, scene, Some(organization), &names));
            terms.extend(credits(dice, scene, organization, &names));
        }
        terms.extend(adjustments(dice, scene, None, &names));
        Catalog { organizations, meters, terms }
    }
}

/// Another row under the same key, or one that never was there.
pub fn changed(dice: &mut Dice, scene: &mut Scene, envelope: &Value) -> Value {
    let mut envelope = envelope.clone();
    let start = tables::effective_from(&envelope["row"]);
    let table = envelope["table"].clone();
    let row = envelope["row"].as_object_mut().expect("a row");
    if row.contains_key("charges") {
        for charge in row["charges"].as_array_mut().expect("charges") {
            charge["included"] = included(dice);
        }
        if dice.percent(50) {
            row.insert("base_price".into(), whole_price(dice));
        }
    } else if row.contains_key("time_zone") {
        row.insert("plan".into(), (*dice.pick(&PLANS)).into());
        row.insert("phases".into(), phases(dice, scene, &[]).into());
        row.insert("quantity".into(), (*dice.pick(&["1", "3", "0.5"])).into());
        row.remove("effective_to");
        row.extend(until(dice, scene, start, 50));
    } else if table == "grants" {
        let amount = credits::amount(dice, row);
        row.insert("amount".into(), amount.into());
    } else if table == "credit_policies" {
        row.insert("burn_order".into(), json!(["priority"]));
    } else if row.contains_key("kind") {
        row.extend(season(dice));
    } else if row.contains_key("add_on") {
        row.insert("price".into(), whole_price(dice));
    } else if !row.contains_key("meter") {
        row.insert("commitment".into(), whole_price(dice));
    } else {
        row.insert("included".into(), included(dice));
    }
    envelope
}

fn meters(dice: &mut Dice, scene: &mut Scene) -> Vec<Value> {
    let mut aggregations = AGGREGATIONS.to_vec();
    dice.shuffle(&mut aggregations);
    let count = dice.between(1, 7) as usize;
    aggregations[..count].iter().map(|aggregation| meter(dice, scene, aggregation)).collect()
}

fn meter(dice: &mut Dice, scene: &mut Scene, aggregation: &str) -> Value {
    let mut row = Map::new();
    row.insert("name".into(), format!("meter_of_{aggregation}").into());
    row.insert("feature".into(), (*dice.pick(&FEATURES)).into());
    row.insert("aggregation".into(), aggregation.into());
    if dice.percent(40) {
        row.insert("value".into(), (*dice.pick(&["quantity", "cost", "metadata.ms"])).into());
    }
    if dice.percent(30) {
        let conditions = [
            json!({"key": "region", "one_of": ["eu", "us"]}),
            json!({"key": "paid", "one_of": [true]}),
            json!({"key": "ms", "one_of": [1, "1", 2.50]}),
        ];
        let first = dice.pick(&conditions).clone();
        let second = dice.pick(&conditions).clone();
        row.insert("conditions".into(), if dice.percent(20) { json!([first, second]) } else { json!([first]) });
    }
    if dice.percent(40) {
        let dimensions = [json!(["region"]), json!(["endpoint"]), json!(["region", "paid"]), json!(["ms", "endpoint"])];
        row.insert("dimensions".into(), dice.pick(&dimensions).clone());
        if dice.percent(20) {
            row.insert("dimension_limit".into(), dice.between(1, 3).into());
        }
    }
    if dice.percent(50) {
        row.insert("negative_allowed".into(), true.into());
    }
    if dice.percent(10) {
        row.insert("effective_from".into(), civil::rfc3339(scene.edge(dice)).into());
    }
    json!({"table": "meters", "row": row})
}

fn plans(dice: &mut Dice, scene: &mut Scene, meters: &[String]) -> Vec<Value> {
    let one_currency = dice.percent(75).then(|| *dice.pick(&["USD", "JPY", "KWD"]));
    let mut rows = Vec::new();
    for plan in PLANS {
        let currency = one_currency.unwrap_or_else(|| *dice.pick(&["USD", "JPY", "KWD"]));
        let mut starts = vec![scene.center - 400 * crate::DAY];
        for _ in 0..dice.between(0, 2) {
            starts.push(scene.edge(dice));
        }
        if dice.percent(15) {
            starts.remove(0);
        }
        starts.sort();
        starts.dedup();
        let mut charges: Vec<Value> = Vec::new();
        for start in starts {
            // Some versions repeat a charge of the version before: for that meter nothing changes.
            let repeated: Vec<Value> = charges.iter().filter(|_| dice.percent(40)).cloned().collect();
            charges = meters
                .iter()
                .filter_map(|meter| {
                    let before = repeated.iter().find(|charge| charge["meter"] == **meter).cloned();
                    before.or_else(|| dice.percent(80).then(|| charge(dice, meter)))
                })
                .collect();
            let mut row = json!({
                "plan": plan,
                "currency": currency,
                "effective_from": civil::rfc3339(start),
                "charges": charges,
            });
            recurring_prices(dice, &mut row);
            rows.push(json!({"table": "plans", "row": row}));
        }
    }
    rows
}

/// A price that stands on an invoice as it is: whole, so that every currency can have it.
fn whole_price(dice: &mut Dice) -> Value {
    (*dice.pick(&["0", "1", "30", "99", "1000", "1000000000"])).into()
}

fn recurring_prices(dice: &mut Dice, row: &mut Value) {
    if dice.percent(50) {
        row["base_price"] = whole_price(dice);
    }
    if dice.percent(40) {
        row["commitment"] = whole_price(dice);
    }
    if dice.percent(50) {
        row["billing"] = (*dice.pick(&["in_advance", "in_arrears"])).into();
    }
}

fn add_ons(dice: &mut Dice, scene: &mut Scene) -> Vec<Value> {
    let mut rows = Vec::new();
    for name in ADD_ONS {
        for _ in 0..dice.between(0, 3) {
            let start = if dice.percent(40) { scene.center - 400 * crate::DAY } else { scene.edge(dice) };
            let mut row = json!({"add_on": name, "effective_from": civil::rfc3339(start), "price": whole_price(dice)});
            row["currency"] = (*dice.pick(&["USD", "USD", "JPY"])).into();
            if dice.percent(50) {
                row["billing"] = (*dice.pick(&["in_advance", "in_arrears"])).into();
            }
            rows.push(json!({"table": "add_ons", "row": row}));
        }
    }
    rows
}

fn charge(dice: &mut Dice, meter: &str) -> Value {
    let mut charge = prices(dice);
    charge["meter"] = meter.into();
    if dice.percent(80) {
        charge["included"] = included(dice);
    }
    if dice.percent(60) {
        charge["allowance"] = (*dice.pick(&["whole", "prorated"])).into();
    }
    charge
}

fn subscriptions(dice: &mut Dice, scene: &mut Scene, organization: &str, meters: &[String]) -> Vec<Value> {
    let usual = scene.cadence(dice);
    let mut rows = Vec::new();
    for number in 0..dice.between(0, 5) {
        let cadence = if dice.percent(75) { usual.clone() } else { scene.cadence(dice) };
        let start = if number == 0 && dice.percent(60) { scene.center - 300 * crate::DAY } else { scene.edge(dice) };
        let mut row = Map::new();
        row.insert("id".into(), format!("sub_{number}_{organization}").into());
        row.insert("organizationId".into(), organization.into());
        row.insert("plan".into(), (*dice.pick(&PLANS)).into());
        row.insert("effective_from".into(), civil::rfc3339(start).into());
        row.extend(cadence.as_object().expect("cadence").clone());
        row.extend(until(dice, scene, start, 30));
        if dice.percent(40) {
            row.insert("quantity".into(), (*dice.pick(&["0", "2", "7", "2.5", "1000000000000000000"])).into());
        }
        let held = ADD_ONS.iter().filter(|_| dice.percent(30)).collect::<Vec<_>>();
        if !held.is_empty() {
            let held = held
                .into_iter()
                .map(|name| json!({"add_on": name, "quantity": *dice.pick(&["0", "1", "3", "0.333333333"])}));
            row.insert("add_ons".into(), held.collect());
        }
        if dice.percent(35) {
            row.insert("phases".into(), phases(dice, scene, meters).into());
        }
        rows.push(json!({"table": "subscriptions", "row": row}));
    }
    rows
}

/// An end, if there is to be one, and if the edge that is drawn lies after the beginning.
fn until(dice: &mut Dice, scene: &mut Scene, start: Micros, percent: i64) -> Option<(String, Value)> {
    let end = dice.percent(percent).then(|| scene.edge(dice)).filter(|end| *end > start)?;
    Some(("effective_to".to_owned(), civil::rfc3339(end).into()))
}

fn overrides(dice: &mut Dice, scene: &mut Scene, organization: &str, meters: &[String]) -> Vec<Value> {
    let mut rows = Vec::new();
    for number in 0..dice.between(0, 8) {
        let mut row = Map::new();
        row.insert("id".into(), format!("override_{number}_{organization}").into());
        row.insert("organizationId".into(), organization.into());
        let start = scene.edge(dice);
        row.insert("effective_from".into(), civil::rfc3339(start).into());
        row.extend(until(dice, scene, start, 60));
        if dice.percent(25) {
            let field = *dice.pick(&["base_price", "commitment"]);
            row.insert(field.into(), whole_price(dice));
            rows.push(json!({"table": "overrides", "row": row}));
            continue;
        }
        row.insert("meter".into(), dice.pick(meters).clone().into());
        if dice.percent(60) {
            row.insert("included".into(), included(dice));
        }
        if dice.percent(30) {
            row.insert("allowance".into(), (*dice.pick(&["whole", "prorated"])).into());
        }
        if dice.percent(50) || !(row.contains_key("included") || row.contains_key("allowance")) {
            row.insert("charge".into(), prices(dice));
        }
        rows.push(json!({"table": "overrides", "row": row}));
    }
    rows
}

/// Trials and pauses; some begin together, some lie outside the subscription.
fn phases(dice: &mut Dice, scene: &mut Scene, meters: &[String]) -> Vec<Value> {
    let mut phases = Vec::new();
    for _ in 0..dice.between(0, 3) {
        let (from, to) = window(dice, scene);
        let mut phase = Map::new();
        phase.insert("effective_from".into(), civil::rfc3339(from).into());
        phase.insert("effective_to".into(), civil::rfc3339(to).into());
        if dice.percent(50) {
            phase.insert("phase".into(), "pause".into());
            phase.insert("usage".into(), (*dice.pick(&["free", "charged"])).into());
            if dice.percent(30) {
                phase.remove("effective_to");
            }
        } else {
            phase.insert("phase".into(), "trial".into());
            let limits = meters.iter().filter(|_| dice.percent(40)).collect::<Vec<_>>();
            let limits = limits.into_iter().map(|meter| json!({"meter": meter, "included": included(dice)}));
            phase.insert("limits".into(), limits.collect());
        }
        phases.push(phase.into());
    }
    phases
}

/// Two edges, the later one second; a minute when they are the same.
fn window(dice: &mut Dice, scene: &mut Scene) -> (Micros, Micros) {
    let (one, other) = (scene.edge(dice), scene.edge(dice));
    (one.min(other), one.max(other).max(one.min(other) + crate::MINUTE))
}

fn adjustments(dice: &mut Dice, scene: &mut Scene, organization: Option<&str>, meters: &[String]) -> Vec<Value> {
    let mut rows = Vec::new();
    for number in 0..dice.between(0, 3) {
        let (from, to) = window(dice, scene);
        let mut row = Map::new();
        row.insert("id".into(), "".into());
        row.extend(organization.map(|name| ("organizationId".to_owned(), name.into())));
        row.insert("meter".into(), dice.pick(meters).clone().into());
        row.insert("effective_from".into(), civil::rfc3339(from).into());
        row.insert("effective_to".into(), civil::rfc3339(to).into());
        row.extend(season(dice));
        // The kind stands first, so that what a case reaches can be told from its lines.
        let kind = row["kind"].as_str().expect("a kind");
        let id = format!("{kind}/{number}_{}", organization.unwrap_or("all"));
        row.insert("id".into(), id.into());
        rows.push(json!({"table": "adjustments", "row": row}));
    }
    rows
}

/// The kind of an adjustment, with what it changes; the other kind's field is null, which is absent.
fn season(dice: &mut Dice) -> Map<String, Value> {
    let kind = *dice.pick(&["temporary_users", "automatic_limit_scaling", "event_based"]);
    let (percent, charge) = match kind {
        "event_based" => (Value::Null, prices(dice)),
        _ => ((*dice.pick(&["50", "25", "100", "0.000000000001", "33.333"])).into(), Value::Null),
    };
    let fields = [("kind", kind.into()), ("percent", percent), ("charge", charge)];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
