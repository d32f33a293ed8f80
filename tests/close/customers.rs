//! The customers file and its schema agree.

use highwater::close::customers::parse;
use serde_json::Value;
use std::path::Path;

#[test]
fn what_is_a_line_of_the_customers_file_passes_reader_and_schema_and_what_is_none_fails_both() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/close");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
    let schema: Value = serde_json::from_str(&read(&folder.join("customers.schema.json"))).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (kind, is_valid) in [("valid", true), ("invalid", false)] {
        let mut count = 0;
        for entry in std::fs::read_dir(folder.join("examples").join(kind)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = read(&path);
            let value: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(validator.is_valid(&value), is_valid, "{path:?} by the schema");
            assert_eq!(parse(&text).is_ok(), is_valid, "{path:?} by the reader: {:?}", parse(&text));
            count += 1;
        }
        assert!(count >= 2, "{kind}");
    }
}

#[test]
fn a_mistake_has_its_line() {
    let acme = r#"{"organizationId": "acme", "customer": "cus_1"}"#;
    for (text, expected) in [
        (format!("{acme}\n\n{acme}\n"), Some(3)),
        (format!("{acme}\n{{\n"), Some(2)),
        (format!("{acme}\n"), None),
        (String::new(), None),
    ] {
        assert_eq!(parse(&text).err().map(|(line, _)| line), expected, "{text}");
    }
}
