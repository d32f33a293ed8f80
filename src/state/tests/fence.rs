//! of two writers the older one commits nothing more, whenever it wakes.

use super::model::Model;
use super::scenario::{cut, found, sections, sound_epoch};
use crate::state::{Created, Folder, StateError, Storage, StorageError, Store};
use std::cell::RefCell;

fn claim(model: &Model) -> Store<Folder<Model>> {
    Store::claim(Folder(model.clone())).unwrap().0
}

fn commit<S: Storage>(store: &mut Store<S>, epoch: u64) -> Result<(), StateError> {
    store.commit(cut(epoch), &sections(epoch))
}

fn is_fenced(result: Result<(), StateError>) -> bool {
    matches!(result, Err(error @ StateError::Fenced { .. }) if error.is_definite())
}

#[test]
fn a_writer_that_was_overtaken_is_fenced_and_its_work_is_not_found() {
    for commits_of_the_newer in [0, 1, 5] {
        let model = Model::default();
        let mut older = claim(&model);
        commit(&mut older, 1).unwrap();
        let mut newer = claim(&model);
        assert!(newer.generation() > older.generation());
        for epoch in 2..2 + commits_of_the_newer {
            commit(&mut newer, epoch).unwrap();
            newer.prune().unwrap();
        }
        let before = model.names().len();
        assert!(is_fenced(commit(&mut older, 2)));
        assert_eq!(sound_epoch(&found(&model)), Ok(1 + commits_of_the_newer));
        older.prune().unwrap();
        assert!(model.names().len() <= before + 1, "a fenced writer leaves segments at the most");
        commit(&mut newer, 2 + commits_of_the_newer).unwrap();
        assert_eq!(sound_epoch(&found(&model)), Ok(2 + commits_of_the_newer));
    }
}

/// A folder in which somebody else acts right before a manifest is created.
struct Meanwhile {
    folder: Folder<Model>,
    act: RefCell<Option<Box<dyn FnOnce() + Send>>>,
    /// A mistake: a name that is taken is taken over.
    overwrites: bool,
}

impl Storage for Meanwhile {
    fn list(&self) -> Result<Vec<String>, StorageError> {
        self.folder.list()
    }
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.folder.read(name)
    }
    fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StorageError> {
        let act = if name.starts_with("manifest") { self.act.take() } else { None };
        act.into_iter().for_each(|act| act());
        if self.overwrites {
            self.folder.0.put(name, bytes.to_vec());
            return Ok(Created::New);
        }
        self.folder.create(name, bytes)
    }
    fn remove(&self, names: &[String]) -> Result<(), StorageError> {
        self.folder.remove(names)
    }
}

/// Whether the older writer is fenced when the newer one claims between its look and its commit, and goes on.
fn fenced_in_between(overwrites: bool, commits_of_the_newer: u64) -> bool {
    let model = Model::default();
    let storage = Meanwhile { folder: Folder(model.clone()), act: RefCell::default(), overwrites };
    let (mut older, _) = Store::claim(storage).unwrap();
    commit(&mut older, 1).unwrap();
    let beside = model.clone();
    let act = move || {
        let mut newer = claim(&beside);
        for epoch in 2..2 + commits_of_the_newer {
            commit(&mut newer, epoch).unwrap();
            newer.prune().unwrap();
        }
    };
    older.storage().act.replace(Some(Box::new(act)));
    let fenced = is_fenced(commit(&mut older, 2));
    fenced && sound_epoch(&found(&model)) == Ok(1 + commits_of_the_newer)
}

#[test]
fn a_claim_between_a_look_and_a_commit_fences_too() {
    for commits_of_the_newer in [0, 1, 6] {
        assert!(fenced_in_between(false, commits_of_the_newer), "{commits_of_the_newer} commits");
    }
}

#[test]
fn a_create_that_takes_names_over_is_caught() {
    assert!(!fenced_in_between(true, 0));
}
