//! Cases for property tests: a catalog and a stream from one seed.
//!
//! Owns what may happen. Does not own how a case is cut into batches and epochs: that is the test's to vary.

mod catalog;
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

/// Meters first; then records, with rows of the other tables before them and among them.
pub fn case(seed: u64, records: usize) -> Vec<Step> {
    let mut dice = Dice::of_seed(seed);
    let mut scene = Scene::new(&mut dice);
    let catalog = Catalog::new(&mut dice, &mut scene);
    let trouble = Trouble::new(&mut dice);
    let count = dice.between(records as i64 / 4, records as i64) as usize;
    let records = stream::records(&mut dice, &scene, &catalog, &trouble, count);

    let mut steps = vec![Step::Tables(catalog.meters.iter().cloned().map(TableChange::Upsert).collect())];
    let late_rows = *dice.pick(&[0, 0, 30, 100]);
    let (among, before): (Vec<&Value>, Vec<&Value>) = catalog.terms.iter().partition(|_| dice.percent(late_rows));
    steps.push(Step::Tables(before.into_iter().cloned().map(TableChange::Upsert).collect()));
    steps.extend(records.into_iter().map(Step::Record));
    let mut changes: Vec<TableChange> = among.into_iter().cloned().map(TableChange::Upsert).collect();
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
