//! Random grants, changes of grants and policies of one organization: units of its meters, and money.

use super::dice::Dice;
use super::scene::Scene;
use crate::civil::{self, Micros};
use crate::{DAY, HOUR};
use serde_json::{Map, Value, json};

const CURRENCIES: [&str; 4] = ["USD", "USD", "JPY", "KWD"];

pub fn credits(dice: &mut Dice, scene: &mut Scene, organization: &str, meters: &[String]) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    if dice.percent(30) {
        return rows;
    }
    for number in 0..dice.between(1, 4) {
        let mut row = unit(dice, meters);
        row.insert("id".into(), format!("grant_{number}_{organization}").into());
        row.insert("amount".into(), amount(dice, &row).into());
        row.extend(grant(dice, scene));
        rows.push(envelope("grants", organization, row));
    }
    for number in 0..dice.between(0, 2) {
        let changed = &dice.pick(&rows)["row"];
        let mut row = Map::new();
        let kept =
            ["meter", "currency"].into_iter().filter_map(|unit| Some((unit.to_owned(), changed.get(unit)?.clone())));
        row.extend(kept);
        row.insert("id".into(), format!("change_{number}_{organization}").into());
        row.insert("of".into(), changed["id"].clone());
        row.insert("effective_from".into(), civil::rfc3339(near(dice, scene)).into());
        let (kind, sign) = *dice.pick(&[("refund", ""), ("adjustment", ""), ("adjustment", "-")]);
        row.insert("kind".into(), kind.into());
        row.insert("amount".into(), format!("{sign}{}", amount(dice, &row)).into());
        rows.push(envelope("grants", organization, row));
    }
    for number in 0..dice.between(0, 2) {
        let mut row = unit(dice, meters);
        let start = near(dice, scene);
        row.insert("id".into(), format!("policy_{number}_{organization}").into());
        row.insert("effective_from".into(), civil::rfc3339(start).into());
        row.extend(end(dice, "effective_to", start, 30));
        if dice.percent(60) {
            let orders = [json!(["kind", "expires_at"]), json!(["effective_from"]), json!(["expires_at", "priority"])];
            row.insert("burn_order".into(), dice.pick(&orders).clone());
        }
        if dice.percent(60) {
            let recharge = recharge(dice, scene, &row);
            row.insert("recharge".into(), recharge);
        }
        rows.push(envelope("credit_policies", organization, row));
    }
    rows
}

fn envelope(table: &str, organization: &str, mut row: Map<String, Value>) -> Value {
    row.insert("organizationId".into(), organization.into());
    json!({"table": table, "row": row})
}

fn unit(dice: &mut Dice, meters: &[String]) -> Map<String, Value> {
    let (field, name) = match dice.percent(60) {
        true => ("meter", dice.pick(meters).clone()),
        false => ("currency", (*dice.pick(&CURRENCIES)).to_owned()),
    };
    Map::from_iter([(field.to_owned(), name.into())])
}

/// Money in whole minor units of every currency.
pub fn amount(dice: &mut Dice, row: &Map<String, Value>) -> &'static str {
    const UNITS: [&str; 6] = ["1", "2.5", "10", "33.333333333", "1000", "0.000000001"];
    const MONEY: [&str; 5] = ["1", "5", "40", "1000", "100000"];
    let amounts: &[&'static str] = if row.contains_key("currency") { &MONEY } else { &UNITS };
    let amount: &&str = dice.pick(amounts);
    amount
}

fn grant(dice: &mut Dice, scene: &mut Scene) -> Map<String, Value> {
    let start = near(dice, scene);
    let mut row = Map::new();
    row.insert("kind".into(), (*dice.pick(&["free", "promotional", "paid", "adjustment"])).into());
    row.insert("effective_from".into(), civil::rfc3339(start).into());
    row.extend(end(dice, "expires_at", start, 50));
    if dice.percent(40) {
        row.insert("priority".into(), dice.between(-1, 2).into());
    }
    if dice.percent(30) {
        row.insert("recurrence".into(), cadence(dice, scene));
    }
    if dice.percent(20) {
        row.insert("resets".into(), json!([civil::rfc3339(near(dice, scene))]));
    }
    if dice.percent(30) {
        row.insert("rollover".into(), (*dice.pick(&["0", "1", "25"])).into());
    }
    row
}

fn recharge(dice: &mut Dice, scene: &mut Scene, unit: &Map<String, Value>) -> Value {
    let mut row = cadence(dice, scene);
    row["threshold"] = amount(dice, unit).into();
    row["amount"] = amount(dice, unit).into();
    if dice.percent(40) {
        row["cap"] = (*dice.pick(&["7", "50"])).into();
    }
    row["pending_hours"] = dice.between(1, 400).into();
    row
}

/// Not so often that the oracle, which looks at everything each time, is held up.
fn cadence(dice: &mut Dice, scene: &mut Scene) -> Value {
    let mut cadence = scene.cadence(dice);
    if cadence["interval"] == "day" {
        cadence["interval_count"] = 5.into();
    }
    cadence
}

/// An edge within reach, as credits begin long before usage for no rule's sake.
fn near(dice: &mut Dice, scene: &mut Scene) -> Micros {
    let edge = scene.edge(dice);
    if (edge - scene.center).abs() < 60 * DAY { edge } else { scene.center }
}

fn end(dice: &mut Dice, field: &str, start: Micros, percent: i64) -> Option<(String, Value)> {
    let length = *dice.pick(&[HOUR, DAY, 9 * DAY, 31 * DAY]);
    dice.percent(percent).then(|| (field.to_owned(), civil::rfc3339(start + length).into()))
}
