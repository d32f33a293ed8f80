//! P9, D-1, D-2, D-4, D-6: whatever a disk does, what was acknowledged is found, and nothing that is half there.

use super::model::{Dice, Fault, Forgotten, Model};
use super::scenario::{EPOCHS, found, live, sound_epoch};
use crate::state::{Folder, StateError, survey};

fn operations() -> usize {
    let model = Model::default();
    live(&model, &mut 0).unwrap();
    model.operations()
}

/// Cuts the power at every operation; the first thing that is not as promised.
fn power_cuts(forgotten: Option<Forgotten>) -> Result<(), String> {
    for operation in 0..operations() {
        for seed in 0..12 {
            let model = Model::default();
            forgotten.into_iter().for_each(|forgotten| model.forget(forgotten));
            model.fail_at(operation, Fault::PowerCut);
            let mut kept = 0;
            live(&model, &mut kept).expect_err("the power is off");
            model.restart(&mut Dice::new(seed));
            let found = found(&model);
            let at = |what: String| Err(format!("operation {operation}, seed {seed}: {what}"));
            match sound_epoch(&found) {
                Ok(epoch) if !(kept..=kept + 1).contains(&epoch) => return at(format!("{epoch} found, {kept} kept")),
                Ok(_) if !found.damaged.is_empty() => return at(format!("{:?}", found.damaged)),
                Ok(_) => {}
                Err(reason) => return at(reason),
            }
            // Also those before the newest, which stand in for it.
            if let Some(damaged) = survey(&Folder(model.clone())).unwrap().iter().find(|it| !it.problems.is_empty()) {
                return at(format!("{damaged:?}"));
            }
            if let Err(error) = live(&model, &mut kept) {
                return at(format!("no life after it: {error}"));
            }
        }
    }
    Ok(())
}

#[test]
fn after_a_power_cut_at_any_operation_the_last_acknowledged_checkpoint_or_the_next_is_found_whole() {
    power_cuts(None).unwrap();
}

#[test]
fn a_forgotten_sync_is_caught() {
    for forgotten in [Forgotten::SyncOfFolder, Forgotten::SyncOfFiles] {
        assert!(power_cuts(Some(forgotten)).is_err(), "{forgotten:?} was not noticed");
    }
}

#[test]
fn a_full_or_failing_disk_leaves_the_checkpoint_before_and_the_next_try_succeeds() {
    for fault in [Fault::Full, Fault::Broken] {
        let mut full = 0;
        for operation in 0..operations() {
            let model = Model::default();
            model.fail_at(operation, fault);
            let mut kept = 0;
            // Removing what was given up may fail unnoticed.
            if let Err(error) = live(&model, &mut kept) {
                full += u32::from(matches!(error, StateError::Full { .. }));
                let epoch = sound_epoch(&found(&model)).unwrap();
                let ahead = if error.is_definite() { kept } else { kept + 1 };
                assert!(
                    (kept..=ahead).contains(&epoch),
                    "{fault:?} at {operation}: {epoch} found, {kept} kept, {error}"
                );
                live(&model, &mut kept).unwrap();
            }
            assert_eq!(kept, EPOCHS);
            model.restart(&mut Dice::new(operation as u64));
            assert_eq!(sound_epoch(&found(&model)), Ok(EPOCHS), "{fault:?} at {operation}");
        }
        assert_eq!(full > 0, fault == Fault::Full);
    }
}
