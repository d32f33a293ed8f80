//! The schemas and the readers agree: what is valid passes both, what is not is refused by both.

#[path = "schemas/borders.rs"]
mod borders;

use highwater_rating::catalog::{Catalog, CatalogText, parse};
use highwater_rating::number::Quantity;
use highwater_rating::quote::{self, Question};
use highwater_rating::tables::{ChargeModel, Row, Table, read_row};
use jsonschema::{Registry, Resource, Validator};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// The files of a folder under `schemas`, by name.
fn files(folder: &str) -> Vec<(String, String)> {
    let read = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let entries = std::fs::read_dir(schemas().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), read(entry.path())))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no files");
    files
}

fn json(name: &str, text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Schemas refer to each other by relative paths, as editors resolve them; here they get addresses of the same shape.
fn registry() -> Registry<'static> {
    let mut builder = Registry::new();
    for folder in ["catalog", "tables", "quote"] {
        for (name, text) in files(folder).into_iter().filter(|(name, _)| name.ends_with(".schema.json")) {
            let resource = Resource::from_contents(json(&name, &text));
            builder = builder.add(format!("file:///{folder}/{name}"), resource).expect("an address");
        }
    }
    builder.prepare().expect("schemas that refer to schemas")
}

fn validator(registry: &Registry<'static>, folder: &str, name: &str) -> Validator {
    let (_, text) = files(folder).into_iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("no {name}"));
    jsonschema::options()
        .with_registry(registry)
        .with_base_uri(format!("file:///{folder}/{name}"))
        .build(&json(name, &text))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `plans.negative_price.json` is an example of `plans`, and of `negative_price` where it is invalid.
fn table_of(file: &str) -> (Table, &str) {
    let mut parts = file.split('.');
    let table = parts.next().and_then(Table::from_name).unwrap_or_else(|| panic!("{file} names no table"));
    (table, parts.next().expect("a second part"))
}

#[test]
fn every_row_that_is_valid_passes_its_schema_and_its_reader() {
    let registry = registry();
    for (file, text) in files("tables/examples/valid") {
        let (table, _) = table_of(&file);
        let schema = validator(&registry, "tables", &format!("{table}.schema.json"));
        let refused: Vec<String> = schema.iter_errors(&json(&file, &text)).map(|error| error.to_string()).collect();
        assert!(refused.is_empty(), "{file} by the schema: {refused:?}");
        let row = read_row(table, text.as_bytes()).unwrap_or_else(|mistake| panic!("{file}: {mistake}"));
        let written = row.to_json().expect("JSON");
        assert!(schema.is_valid(&json(&file, &written)), "{file} as it is written: {written}");
    }
}

#[test]
fn every_row_that_is_invalid_is_refused_by_its_schema_and_its_reader() {
    let registry = registry();
    for (file, text) in files("tables/examples/invalid") {
        let (table, code) = table_of(&file);
        let schema = validator(&registry, "tables", &format!("{table}.schema.json"));
        assert!(!schema.is_valid(&json(&file, &text)), "{file} passes the schema");
        let mistake = read_row(table, text.as_bytes()).expect_err(&file);
        assert_eq!(mistake.code.as_str(), code, "{file}: {mistake}");
    }
}

fn catalog(files: &[(String, String)]) -> Catalog {
    let texts: Vec<CatalogText<'_>> = files.iter().map(|(name, text)| CatalogText { name, text }).collect();
    parse(&texts).unwrap_or_else(|mistakes| {
        panic!("{}", mistakes.iter().map(|mistake| format!("{mistake}\n")).collect::<String>())
    })
}

/// TOML as a JSON validator sees it: dates and times are text.
fn toml(name: &str, text: &str) -> Value {
    fn plain(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(instant) => Value::String(instant.to_string()),
            toml::Value::Array(items) => items.into_iter().map(plain).collect(),
            toml::Value::Table(fields) => fields.into_iter().map(|(name, value)| (name, plain(value))).collect(),
            other => serde_json::to_value(other).expect("a scalar"),
        }
    }
    plain(toml::Value::Table(text.parse().unwrap_or_else(|error| panic!("{name}: {error}"))))
}

#[test]
fn every_catalog_that_is_valid_passes_the_schema_and_the_parser() {
    let schema_registry = registry();
    let schema = validator(&schema_registry, "catalog", "catalog.schema.json");
    for (file, text) in files("catalog/examples/valid") {
        let refused: Vec<String> = schema.iter_errors(&toml(&file, &text)).map(|error| error.to_string()).collect();
        assert!(refused.is_empty(), "{file} by the schema: {refused:?}");
        assert!(!catalog(&[(file, text)]).rows.is_empty());
    }
    for (file, text) in files("catalog/example").iter().filter(|(file, _)| file.ends_with(".toml")) {
        let refused: Vec<String> = schema.iter_errors(&toml(file, text)).map(|error| error.to_string()).collect();
        assert!(refused.is_empty(), "{file} by the schema: {refused:?}");
    }
}

#[test]
fn every_catalog_that_is_invalid_is_refused_by_the_schema_and_the_parser() {
    let registry = registry();
    let schema = validator(&registry, "catalog", "catalog.schema.json");
    for (file, text) in files("catalog/examples/invalid") {
        assert!(!schema.is_valid(&toml(&file, &text)), "{file} passes the schema");
        let mistakes = parse(&[CatalogText { name: &file, text: &text }]).expect_err(&file);
        let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code.as_str()).collect();
        assert_eq!(codes, [file.trim_end_matches(".toml")], "{mistakes:?}");
    }
}

#[test]
fn every_table_has_a_schema_and_every_field_says_what_it_is() {
    for table in Table::ALL {
        let name = format!("{table}.schema.json");
        let (_, text) =
            files("tables").into_iter().find(|(file, _)| *file == name).unwrap_or_else(|| panic!("no {name}"));
        let schema = json(&name, &text);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        for (field, says) in schema["properties"].as_object().expect("properties") {
            assert!(says["description"].is_string(), "{name}: {field} has no description");
        }
    }
}

/// `price.wrong_type.json` is a case of `quote price`, and of `wrong_type` where it is invalid.
fn question_of(file: &str) -> (&str, Question, &str) {
    let mut parts = file.split('.');
    let name = parts.next().expect("a first part");
    let question: Question = match name {
        "price" => quote::price,
        "periods" => quote::periods,
        "prorate" => quote::prorate,
        "credits" => quote::credits,
        _ => panic!("{file} names no question"),
    };
    (name, question, parts.next().expect("a second part"))
}

#[test]
fn every_case_that_is_valid_passes_its_schema_and_has_an_answer_that_passes_its_own() {
    let registry = registry();
    for (file, text) in files("quote/examples/valid") {
        let (name, question, _) = question_of(&file);
        let refused = |schema: &str, value: &Value| -> Vec<String> {
            let schema = validator(&registry, "quote", &format!("{name}.{schema}.schema.json"));
            schema.iter_errors(value).map(|error| error.to_string()).collect()
        };
        assert_eq!(refused("case", &json(&file, &text)), [""; 0], "{file}");
        let answer = question(text.as_bytes()).unwrap_or_else(|refused| panic!("{file}: {refused:?}"));
        assert_eq!(refused("answer", &json(&file, &answer)), [""; 0], "{file}: {answer}");
    }
}

#[test]
fn every_case_that_is_invalid_is_refused_by_its_schema_and_has_an_error_that_passes_its_own() {
    let registry = registry();
    let errors = validator(&registry, "quote", "error.schema.json");
    for (file, text) in files("quote/examples/invalid") {
        let (name, question, code) = question_of(&file);
        let cases = validator(&registry, "quote", &format!("{name}.case.schema.json"));
        assert!(!cases.is_valid(&json(&file, &text)), "{file} passes the schema");
        let refused = question(text.as_bytes()).expect_err(&file);
        assert_eq!(refused.error.code, code, "{file}: {refused:?}");
        let mut line = serde_json::to_value(&refused).expect("JSON");
        line["line"] = 1.into();
        assert!(errors.is_valid(&line), "{file}: {line}");
    }
}

/// The figures of the product document: meter, what a plan includes, price, per how many.
#[test]
fn the_example_catalog_is_the_whole_price_list() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, i64, &str, i64)] = &[
        ("professional", "ai_queries",           100,        "0.1", 1),
        ("professional", "ai_workflows",         0,          "5",   1),
        ("professional", "ai_dashboards",        0,          "20",  1),
        ("professional", "api_calls",            1_000_000,  "5",   1_000_000),
        ("professional", "realtime_api_calls",   100_000,    "10",  1_000_000),
        ("enterprise",   "priority_api_calls",   1_000_000,  "15",  1_000_000),
        ("professional", "connectors",           0,          "50",  1),
        ("professional", "staging_environments", 1,          "25",  1),
        ("starter",      "users",                3,          "15",  1),
        ("professional", "users",                10,         "15",  1),
        ("enterprise",   "users",                50,         "12",  1),
    ];
    let catalog = catalog(&files("catalog/example"));
    for (plan, meter, included, price, per) in cases {
        let charge = catalog.rows.iter().find_map(|row| match row {
            Row::Plans(row) if &*row.plan == *plan => row.charges.iter().find(|charge| &*charge.meter == *meter),
            _ => None,
        });
        let charge = charge.unwrap_or_else(|| panic!("{plan} does not charge {meter}"));
        let ChargeModel::PerUnit { price: charged } = &charge.model else { panic!("{charge:?}") };
        let says = (charge.included, charged.price.to_string(), charged.per);
        assert_eq!(says, (Quantity::units(*included), price.to_string(), Quantity::units(*per)), "{plan} {meter}");
    }
    let add_ons: Vec<(&str, String)> = catalog
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::AddOns(row) => Some((&*row.add_on, row.price.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(add_ons, [("advanced_analytics", "30".to_string()), ("white_label", "100".to_string())]);
    // Something of everything, so that the example shows every table.
    assert_eq!(catalog.tables.len(), Table::ALL.len());
}

/// Every table that `replay` writes in `tests/cli`, by its name.
fn replayed() -> Vec<(String, String)> {
    let mut tables = Vec::new();
    for folder in ["replay", "trends", "credits"] {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{folder}.out/results"));
        for entry in std::fs::read_dir(&results).expect("results") {
            let path = entry.expect("an entry").path();
            let table = path.file_stem().expect("a name").to_string_lossy().into_owned();
            tables.push((table, std::fs::read_to_string(&path).expect("rows")));
        }
    }
    tables
}

#[test]
fn every_row_that_replay_writes_passes_its_schema_and_none_that_lacks_something_or_has_too_much() {
    let registry = registry();
    let mut seen = 0;
    for (table, rows) in replayed() {
        let schema = validator(&registry, "replay", &format!("{table}.schema.json"));
        for row in rows.lines().map(|line| json(&table, line)) {
            let refused: Vec<String> = schema.iter_errors(&row).map(|error| error.to_string()).collect();
            assert!(refused.is_empty(), "{table}: {refused:?}");
            seen += 1;
            let fields = row.as_object().expect("an object");
            let required = json(&table, &text_of_schema(&table))["required"].as_array().cloned().unwrap_or_default();
            for name in required.iter().filter_map(Value::as_str) {
                let without: Value = fields.iter().filter(|(key, _)| *key != name).map(own).collect();
                assert!(!schema.is_valid(&without), "{table} without {name}");
            }
            let more: Value = fields.iter().map(own).chain([("more".to_owned(), Value::Null)]).collect();
            assert!(!schema.is_valid(&more), "{table} with another field");
        }
    }
    assert!(seen >= 7, "{seen} rows");
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

fn text_of_schema(table: &str) -> String {
    std::fs::read_to_string(schemas().join(format!("replay/{table}.schema.json"))).expect("a schema")
}
