//! The JSON Schemas of events say what the decoder does, as far as JSON Schema can say it.
//!
//! That the decoder itself agrees with every example is shown beside it (`event::tests::examples`).

use jsonschema::{Draft, Registry, Validator};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PLAIN_ID: &str = "https://highwater.example/schemas/event/event.schema.json";

/// Beyond JSON Schema: what the bytes are before they are a value, and what depends on meters and clocks.
const NOT_EXPRESSIBLE: &[&str] = &["duplicate_key", "future", "invalid_value"];

/// As above, but of single examples: number tokens are numbers to a schema, however they are written, and only meters
/// forbid negative quantities.
const NOT_EXPRESSIBLE_EXAMPLES: &[&str] = &["invalid_quantity.exponent.json", "invalid_quantity.negative.json"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/event")
}

fn read_schema(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(name)).expect(name)).expect(name)
}

fn files(of: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder().join("examples").join(of)).expect(of);
    let mut files: Vec<_> = files
        .map(|file| {
            let file = file.expect(of);
            (file.file_name().into_string().expect("UTF-8"), std::fs::read(file.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

struct Schemas {
    plain: Validator,
    cloud_event: Validator,
}

impl Schemas {
    fn read() -> Schemas {
        let registry = Registry::new()
            .add(PLAIN_ID, read_schema("event.schema.json"))
            .and_then(|registry| registry.prepare())
            .expect("the schema of plain events");
        let validator = |name: &str| {
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            options.with_registry(&registry).build(&read_schema(name)).expect(name)
        };
        Schemas { plain: validator("event.schema.json"), cloud_event: validator("cloudevent.schema.json") }
    }

    /// Held to the schema of what it claims to be.
    fn accept(&self, event: &Value) -> bool {
        let schema = if event.get("specversion").is_some() { &self.cloud_event } else { &self.plain };
        schema.is_valid(event)
    }
}

#[test]
fn valid_examples_satisfy_the_schema() {
    let schemas = Schemas::read();
    for (name, bytes) in files("valid") {
        let event: Value = serde_json::from_slice(&bytes).expect(&name);
        assert!(schemas.accept(&event), "{name}");
    }
}

#[test]
fn invalid_examples_violate_the_schema_where_it_can_say_so() {
    let schemas = Schemas::read();
    let mut held = 0;
    for (name, bytes) in files("invalid") {
        let code = name.split('.').next().unwrap_or_default();
        let expressible = !NOT_EXPRESSIBLE.contains(&code) && !NOT_EXPRESSIBLE_EXAMPLES.contains(&&*name);
        if let (true, Ok(event)) = (expressible, serde_json::from_slice::<Value>(&bytes)) {
            assert!(!schemas.accept(&event), "{name}");
            held += 1;
        }
    }
    assert!(held > 30, "only {held} examples were held to a schema");
}

#[test]
fn what_the_schema_cannot_say_is_true_to_its_name() {
    let schemas = Schemas::read();
    for (name, bytes) in files("invalid") {
        if NOT_EXPRESSIBLE_EXAMPLES.contains(&&*name) {
            let event: Value = serde_json::from_slice(&bytes).expect(&name);
            assert!(schemas.accept(&event), "{name} need not be listed");
        }
    }
}
