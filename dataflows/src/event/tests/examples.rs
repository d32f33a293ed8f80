//! The examples of `schemas/event` are what they say: events, or rejections with the code in the file's name.

use super::super::Code;
use super::*;
use std::collections::BTreeSet;

/// (name up to the first point, whole name, bytes) of each file, in order of the names.
fn examples(folder: &str) -> Vec<(String, String, Vec<u8>)> {
    let path = format!("{}/../schemas/event/examples/{folder}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut examples: Vec<_> = files
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let code = name.split('.').next().unwrap().to_owned();
            (code, name, std::fs::read(file.path()).unwrap())
        })
        .collect();
    examples.sort();
    examples
}

#[test]
fn valid_examples_are_events() {
    let valid = examples("valid");
    assert!(valid.len() >= 10);
    for (_, name, bytes) in valid {
        decode(&bytes).unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
    }
}

#[test]
fn invalid_examples_have_the_code_in_their_name() {
    for (code, name, bytes) in examples("invalid") {
        let rejection = decode(&bytes).expect_err(&name);
        assert_eq!(rejection.code, code, "{name}: {} {}", rejection.path, rejection.hint);
    }
}

#[test]
fn every_code_that_a_record_can_earn_has_an_example() {
    // The first two need no bytes or too many, the third two texts with one hash; the rest are the engine's.
    let elsewhere = [
        Code::NullValue,
        Code::TooLarge,
        Code::KeyCollision,
        Code::CardinalityExceeded,
        Code::UnknownIdentity,
        Code::OriginalGone,
        Code::OriginalUnavailable,
    ];
    let shown: BTreeSet<String> = examples("invalid").into_iter().map(|(code, _, _)| code).collect();
    let expected = Code::ALL.iter().filter(|code| !elsewhere.contains(code)).map(|code| code.to_string());
    assert_eq!(shown, expected.collect());
}
