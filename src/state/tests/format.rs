//! the bytes on disk are those of `schemas/state`, to the last one.

use super::model::Model;
use super::scenario::{EPOCHS, found, live, sound_epoch};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/state")
}

/// With `GOLDEN=write` the files are made anew: only for a new format version.
#[test]
fn a_store_has_the_golden_bytes_and_golden_bytes_are_read() {
    let (model, golden) = (Model::default(), Model::default());
    live(&model, &mut 0).unwrap();
    if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
        model
            .names()
            .iter()
            .for_each(|name| std::fs::write(schemas().join("example").join(name), model.bytes(name)).unwrap());
    }
    for entry in std::fs::read_dir(schemas().join("example")).unwrap() {
        let entry = entry.unwrap();
        golden.put(&entry.file_name().to_string_lossy(), std::fs::read(entry.path()).unwrap());
    }
    assert_eq!(model.names(), golden.names());
    model.names().iter().for_each(|name| assert_eq!(model.bytes(name), golden.bytes(name), "{name}"));
    let found = found(&golden);
    assert_eq!((sound_epoch(&found), found.damaged.len()), (Ok(EPOCHS), 0));
}

fn validator() -> Validator {
    let text = std::fs::read_to_string(schemas().join("manifest.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn the_schema_of_manifests_and_their_reader_judge_alike() {
    let validator = validator();
    let model = Model::default();
    live(&model, &mut 0).unwrap();
    let manifest = found(&model).checkpoint.unwrap().manifest;
    let valid = serde_json::to_value(&manifest).unwrap();
    assert!(
        validator.is_valid(&valid),
        "{:?}",
        validator.iter_errors(&valid).map(|error| error.to_string()).collect::<Vec<_>>()
    );
    let with = |pointer: &str, value: Value| {
        let mut document = valid.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    let without_cut = with("/cut", Value::Null);
    assert!(validator.is_valid(&without_cut) && read(&without_cut));
    for invalid in [
        with("/number", json!(-1)),
        with("/generation", json!("3")),
        with("/cut", json!({ "epoch": 1 })),
        with("/cut/positions/0/name/partition", json!("zero")),
        with("/segments", json!([{ "name": "segment-0000000000000001-000000" }])),
        with("/segments/0", json!({ "name": "segment-0000000000000001-000000", "bytes": 24, "table": "0", "more": 1 })),
    ] {
        assert!(!validator.is_valid(&invalid) && !read(&invalid), "{invalid}");
    }
}

fn read(document: &Value) -> bool {
    serde_json::from_value::<crate::state::Manifest>(document.clone()).is_ok()
}
