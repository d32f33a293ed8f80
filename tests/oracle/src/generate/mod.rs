//! Cases for property tests: a catalog and a stream from one seed.
//!
//! Owns what may happen. Does not own how a case is cut into batches and epochs: that is the test's to vary.

mod catalog;
mod charge;
mod credits;
mod dice;
mod scene;
mod spelling;
mod stream;

pub use dice::Dice;

use crate::{Step, TableChange};
use catalog::Catalog;
use scene::Scene;
use serde_json::Value;
use stream::Trouble;

/// Meters and terms first, then records, with further rows among them.
pub fn case(seed: u64, records: usize) -> Vec<Step> {
    let mut dice = Dice::of_seed(seed);
    let mut scene = Scene::new(&mut dice);
    let catalog = Catalog::new(&mut dice, &mut scene);
    let trouble = Trouble::new(&mut dice);
    let count = dice.between(records as i64 / 4, records as i64) as usize;
    let records = stream::records(&mut dice, &scene, &catalog, &trouble, count);

    // A meter that comes late counts what is read after it; terms that come late count for all.
    let (late_meters, late_rows) = (*dice.pick(&[0, 0, 0, 40]), *dice.pick(&[0, 0, 30, 100]));
    let upserts = |rows: Vec<&Value>| rows.into_iter().cloned().map(TableChange::Upsert).collect();
    let (mut among, before): (Vec<&Value>, Vec<&Value>) =
        catalog.meters.iter().partition(|_| dice.percent(late_meters));
    let mut steps = vec![Step::Tables(upserts(before))];
    let (late, before): (Vec<&Value>, Vec<&Value>) = catalog.terms.iter().partition(|_| dice.percent(late_rows));
    steps.push(Step::Tables(upserts(before)));
    among.extend(late);
    steps.extend(records.into_iter().map(Step::Record));
    let mut changes: Vec<TableChange> = upserts(among);
    if !catalog.terms.is_empty() && dice.percent(50) {
        for _ in 0..dice.between(1, 8) {
            let envelope = dice.pick(&catalog.terms).clone();
            changes.push(match dice.percent(70) {
                true => TableChange::Upsert(catalog::changed(&mut dice, &mut scene, &envelope)),
                false => TableChange::Remove(envelope),
            });
        }
    }
    for change in changes {
        let position = dice.between(2, steps.len() as i64) as usize;
        steps.insert(position, Step::Tables(vec![change]));
    }
    steps
}
