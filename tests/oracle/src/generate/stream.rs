//! Random records: usage around the scene's edges, and everything that goes wrong with usage on its way.

use super::catalog::{Catalog, FEATURES};
use super::dice::Dice;
use super::scene::Scene;
use super::spelling;
use crate::civil::Micros;
use crate::event::RawRecord;
use crate::{DAY, MINUTE};
use serde_json::{Map, Value, json};

/// Which kinds of trouble a stream has, in percent of its records. Each case has its own mixture, none included.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub duplicates: i64,
    pub conflicts: i64,
    pub retracts: i64,
    pub malformed: i64,
    pub late: i64,
    pub negative: i64,
    pub huge: i64,
    /// How many records later a record may come than it was made.
    pub disorder: i64,
    /// Whether the source knows when it got a record.
    pub receipt: bool,
}

impl Trouble {
    pub fn new(dice: &mut Dice) -> Trouble {
        let mut some = |percent: i64| if dice.percent(60) { dice.between(1, percent) } else { 0 };
        Trouble {
            duplicates: some(20),
            conflicts: some(10),
            retracts: some(25),
            malformed: some(15),
            late: some(15),
            negative: some(30),
            huge: some(16) / 2,
            disorder: some(30),
            receipt: dice.percent(60),
        }
    }
}

pub fn records(dice: &mut Dice, scene: &Scene, catalog: &Catalog, trouble: &Trouble, count: usize) -> Vec<RawRecord> {
    let mut sent: Vec<Map<String, Value>> = Vec::new();
    let mut records: Vec<(i64, RawRecord)> = Vec::new();
    while records.len() < count {
        let instant = scene.event_instant(dice);
        let record = if !sent.is_empty() && dice.percent(trouble.duplicates) {
            let again = dice.pick(&sent).clone();
            spelling::spell(dice, &again)
        } else if !sent.is_empty() && dice.percent(trouble.conflicts) {
            let mut other = dice.pick(&sent).clone();
            contradict(dice, scene, &mut other);
            spelling::spell(dice, &other)
        } else if !sent.is_empty() && dice.percent(trouble.retracts) {
            retract(dice, &sent)
        } else if dice.percent(trouble.malformed) {
            let whole = event(dice, catalog, trouble, sent.len(), instant);
            spelling::damage(dice, &whole)
        } else {
            let whole = event(dice, catalog, trouble, sent.len(), instant);
            sent.push(whole.clone());
            spelling::spell(dice, &whole)
        };
        let received_at = trouble.receipt.then(|| receipt(dice, trouble, instant));
        let position = records.len() as i64 + dice.between(0, trouble.disorder);
        records.push((position, RawRecord { bytes: record, received_at }));
    }
    records.sort_by_key(|(position, _)| *position);
    records.into_iter().map(|(_, record)| record).collect()
}

/// `instant` stands as microseconds under `timestamp`; `spelling` writes it as one of the texts that mean it.
fn event(dice: &mut Dice, catalog: &Catalog, trouble: &Trouble, number: usize, instant: Micros) -> Map<String, Value> {
    let mut event = Map::new();
    // Few sources and numbers: the same id under another source or organization is another event.
    let id = if dice.percent(85) { number as i64 } else { dice.between(0, number as i64) };
    event.insert("id".into(), format!("{}{id}", dice.pick(&["", "", "0", "é"])).into());
    event.insert("organizationId".into(), (*dice.pick(&catalog.organizations)).into());
    if dice.percent(40) {
        event.insert("source".into(), (*dice.pick(&["", "a", "b", "svc-1"])).into());
    }
    let feature = if dice.percent(92) { *dice.pick(&FEATURES) } else { "unheard_of" };
    event.insert("feature".into(), feature.into());
    event.insert("timestamp".into(), instant.into());
    if dice.percent(80) {
        event.insert("quantity".into(), quantity(dice, trouble).into());
    }
    if dice.percent(40) {
        event.insert("cost".into(), (*dice.pick(&["0", "0.001", "2.5", "0.000000001"])).into());
    }
    if dice.percent(50) {
        event.insert("endpoint".into(), (*dice.pick(&["", "/api/search", "/api/data/query?x=\"1\""])).into());
    }
    if dice.percent(90) {
        event.insert("metadata".into(), metadata(dice));
    }
    event
}

fn quantity(dice: &mut Dice, trouble: &Trouble) -> String {
    if dice.percent(trouble.huge) {
        return (*dice.pick(&["1000000000000000000", "999999999999999999.999999999", "123456789012345678"])).to_owned();
    }
    let sign = if dice.percent(trouble.negative) { "-" } else { "" };
    let fraction = *dice.pick(&["", "", "", ".5", ".25", ".000000001", ".333333333"]);
    format!("{sign}{}{fraction}", dice.mostly_small(1_000))
}

fn metadata(dice: &mut Dice) -> Value {
    let mut metadata = Map::new();
    if dice.percent(70) {
        metadata.insert("region".into(), dice.pick(&[json!("eu"), json!("us"), json!("ap"), json!(null)]).clone());
    }
    if dice.percent(70) {
        metadata.insert("paid".into(), dice.pick(&[json!(true), json!(false), json!("true")]).clone());
    }
    if dice.percent(85) {
        let values = [json!(1), json!(1), json!(2.5), json!(20), json!(1000), json!("1"), json!(7), json!(-3)];
        metadata.insert("ms".into(), dice.pick(&values).clone());
    }
    if dice.percent(20) {
        metadata.insert("note".into(), dice.pick(&[json!("<b>'; DROP"), json!("a\nb"), json!("")]).clone());
    }
    metadata.into()
}

/// Changes one thing that an event says, and not which event it is.
fn contradict(dice: &mut Dice, scene: &Scene, event: &mut Map<String, Value>) {
    match dice.between(0, 4) {
        0 => event.insert("quantity".into(), "77.7".into()),
        1 => event.insert("timestamp".into(), scene.event_instant(dice).into()),
        2 => event.insert("feature".into(), (*dice.pick(&FEATURES)).into()),
        3 => event.insert("metadata".into(), metadata(dice)),
        _ => event.insert("cost".into(), "9".into()),
    };
}

fn retract(dice: &mut Dice, sent: &[Map<String, Value>]) -> Vec<u8> {
    let whole = dice.pick(sent);
    let mut retract = Map::new();
    for field in ["organizationId", "source", "id"] {
        if let Some(value) = whole.get(field) {
            retract.insert(field.into(), value.clone());
        }
    }
    if dice.percent(10) {
        retract.insert("id".into(), "never sent".into());
    }
    retract.insert("retract".into(), true.into());
    Value::from(retract).to_string().into_bytes()
}

/// Mostly soon after the event; some on the very edge of being late or of being in the future, on either side of it.
fn receipt(dice: &mut Dice, trouble: &Trouble, instant: Micros) -> Micros {
    if dice.percent(trouble.late) {
        return instant + 35 * DAY + dice.pick(&[-1, 0, 1, DAY]);
    }
    if dice.percent(trouble.late / 3) {
        return instant - 5 * MINUTE + dice.pick(&[-1, 0, 1, -DAY]);
    }
    instant + dice.mostly_small(2 * DAY)
}
