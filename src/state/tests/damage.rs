//! D-3, X-10: a damaged checkpoint is named and never read as another.

use super::model::Model;
use super::scenario::{EPOCHS, cut, found, live, sections, sound_epoch};
use crate::state::{Created, Folder, Kept, StateError, Storage, StorageError, Store, find, removable, remove, survey};

fn lived() -> (Model, Vec<String>) {
    let model = Model::default();
    live(&model, &mut 0).unwrap();
    let newest = found(&model).checkpoint.unwrap().manifest;
    let mut files: Vec<String> = newest.segments.into_iter().map(|segment| segment.name).collect();
    files.push(format!("manifest-{:016}", newest.number));
    (model, files)
}

#[test]
fn any_cut_or_flipped_bit_of_the_newest_checkpoint_is_named_and_the_one_before_is_found_whole() {
    let (model, files) = lived();
    for file in files {
        let whole = model.bytes(&file);
        let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len() * 8).step_by(3).map(|bit| {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        for damaged in cuts.chain(flips) {
            model.put(&file, damaged);
            match find(&Folder(model.clone())) {
                Ok(found) => {
                    assert!(sound_epoch(&found).unwrap() < EPOCHS, "{file}");
                    assert!(found.damaged.iter().any(|error| error.to_string().contains(&file)), "{:?}", found.damaged);
                }
                // The bit stood in the version.
                Err(StateError::WrongVersion { file: named, .. }) => assert_eq!(named, file),
                Err(error) => panic!("{file}: {error}"),
            }
            let surveyed = survey(&Folder(model.clone())).unwrap();
            assert!(!surveyed[0].problems.is_empty(), "{file}");
        }
        model.put(&file, whole);
    }
    assert!(survey(&Folder(model)).unwrap().iter().all(|checkpoint| checkpoint.problems.is_empty()));
}

#[test]
fn what_is_damaged_is_overtaken_by_the_next_checkpoint() {
    let (model, files) = lived();
    let manifest = files.last().unwrap();
    model.put(manifest, b"torn".to_vec());
    let (mut store, found) = Store::claim(Folder(model.clone())).unwrap();
    let reached = sound_epoch(&found).unwrap();
    assert_eq!((reached, found.damaged.len()), (EPOCHS - 1, 1));
    store.commit(cut(EPOCHS), &sections(EPOCHS)).unwrap();
    let found = super::scenario::found(&model);
    assert_eq!((sound_epoch(&found), found.damaged.len()), (Ok(EPOCHS), 0));
    (0..3).for_each(|_| store.commit(cut(EPOCHS), &[]).unwrap());
    assert!(store.prune().unwrap().manifests.contains(manifest));
}

/// A folder whose service prunes it when the first segment is looked at.
struct Pruned(Folder<Model>);

impl Storage for Pruned {
    fn list(&self) -> Result<Vec<String>, StorageError> {
        self.0.list()
    }
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        if name.starts_with("segment") {
            let kept = Kept { manifests: 1, generation_max: u64::MAX };
            remove(&self.0, &removable(&self.0, kept).unwrap()).unwrap();
        }
        self.0.read(name)
    }
    fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StorageError> {
        self.0.create(name, bytes)
    }
    fn remove(&self, names: &[String]) -> Result<(), StorageError> {
        self.0.remove(names)
    }
}

#[test]
fn a_checkpoint_that_is_pruned_while_it_is_looked_at_is_not_called_damaged() {
    let (model, _) = lived();
    let surveyed = survey(&Pruned(Folder(model))).unwrap();
    assert_eq!(surveyed.iter().map(|checkpoint| checkpoint.problems.len()).collect::<Vec<_>>(), [0]);
}

#[test]
fn a_missing_segment_is_named_with_who_lists_it() {
    let (model, files) = lived();
    let pruned: Vec<String> = files[..1].to_vec();
    Folder(model.clone()).remove(&pruned).unwrap();
    let found = found(&model);
    let expected = format!("{} is missing, and {} lists it", files[0], files.last().unwrap());
    assert_eq!(found.damaged[0].to_string(), expected);
}

#[test]
fn a_file_of_a_newer_version_ends_the_search_before_anything_is_written() {
    let (model, files) = lived();
    let (segment, manifest) = (&files[0], files.last().unwrap());
    let mut newer = model.bytes(segment);
    newer[8] = 2;
    for (file, bytes) in [(segment, newer), (manifest, b"highwater-state-manifest 2 0\n{}\n".to_vec())] {
        let whole = model.bytes(file);
        model.put(file, bytes);
        let before = model.names();
        let error = Store::claim(Folder(model.clone())).unwrap_err();
        assert!(matches!(&error, StateError::WrongVersion { file: named, found: 2 } if named == file), "{error}");
        assert_eq!(model.names(), before);
        model.put(file, whole);
    }
}
