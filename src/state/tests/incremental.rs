//! A checkpoint writes what changed, and keeps what it needs of the ones before.

use super::model::Model;
use super::scenario::{cut, found, sections, sound_epoch};
use crate::state::{Disk, Folder, Store, find};
use highwater_dataflows::snapshot::{Form, Kind, Section};

#[test]
fn a_section_that_nobody_wrote_again_still_stands_and_a_segment_without_one_is_gone() {
    let model = Model::default();
    let (mut store, _) = Store::claim(Folder(model.clone())).unwrap();
    let large = |shard| Section { kind: Kind::Accounts, shard, form: Form::Whole, payload: vec![shard; 1000] };
    store.commit(cut(1), &[large(1), large(2)]).unwrap();
    let delta = Section { kind: Kind::Accounts, shard: 1, form: Form::Delta, payload: vec![7] };
    store.commit(cut(2), std::slice::from_ref(&delta)).unwrap();
    let manifest = found(&model).checkpoint.unwrap().manifest;
    let bytes: Vec<u64> = manifest.segments.iter().map(|segment| segment.bytes).collect();
    assert_eq!(bytes, [24 + 2 * 32 + 2000, 24 + 32 + 1]);
    assert_eq!(found(&model).checkpoint.unwrap().sections, [large(1), large(2), delta]);

    store.commit(cut(3), &[large(1)]).unwrap();
    let checkpoint = found(&model).checkpoint.unwrap();
    assert_eq!(checkpoint.sections, [large(2), large(1)]);
    assert_eq!(checkpoint.manifest.segments.len(), 2, "the delta's segment is listed no more");
    store.commit(cut(4), &[large(2)]).unwrap();
    assert_eq!(found(&model).checkpoint.unwrap().manifest.segments.len(), 2);
}

#[test]
fn the_newest_three_are_kept_with_their_segments_and_nothing_else() {
    let model = Model::default();
    let (mut store, _) = Store::claim(Folder(model.clone())).unwrap();
    model.put("segment-0000000000000001-000009.new", b"left by a crash".to_vec());
    model.put("notes.txt", b"somebody's".to_vec());
    for epoch in 1..=6 {
        store.commit(cut(epoch), &sections(epoch)).unwrap();
        store.prune().unwrap();
    }
    let manifests: Vec<String> = (5..=7).map(|number| format!("manifest-{number:016}")).collect();
    let names = model.names();
    let kept: Vec<&String> = names.iter().filter(|name| name.starts_with("manifest")).collect();
    assert_eq!(kept, manifests.iter().collect::<Vec<_>>());
    assert!(names.contains(&"notes.txt".to_owned()) && !names.iter().any(|name| name.ends_with(".new")));
    // Each of the three can be read when those after it are gone.
    for (manifest, epoch) in manifests.iter().rev().zip([6, 5, 4]) {
        assert_eq!(sound_epoch(&found(&model)), Ok(epoch));
        model.put(manifest, Vec::new());
    }
}

#[test]
fn a_real_folder_keeps_them_over_processes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    for epoch in 1..=5 {
        let (mut store, found) = Store::claim(Folder(Disk::open(&path).unwrap())).unwrap();
        assert_eq!(sound_epoch(&found), Ok(epoch - 1));
        store.commit(cut(epoch), &sections(epoch)).unwrap();
        store.prune().unwrap();
    }
    let storage = Folder(Disk::open(&path).unwrap());
    assert_eq!(sound_epoch(&find(&storage).unwrap()), Ok(5));
}
