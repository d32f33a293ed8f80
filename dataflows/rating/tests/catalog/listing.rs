//! All mistakes at once, as a person sees them.

use highwater_rating::catalog::{CatalogText, Mistake, parse};
use highwater_rating::tables::MistakeCode;
use std::path::Path;

const METERS: &str = r#"# Meters
[[meters]]
name = "api_calls"
feature = "api_call"
aggregation = "cuont"
unit = "calls"

[[meters]]
name = "ai_queries"
feature = "ai_query"
agregation = "sum"
"#;

const PLANS: &str = r#"[[plans]]
plan = "starter"
currency = "usd"
effective_from = 2026-01-01T00:00:30Z

[[plans.charges]]
meter = "api_cals"
model = "per_unit"
price = 0.10

[[plans.charges]]
meter = "ai_queries"
included = "100"
model = "graduated"
tiers = [
    { up_to = 100, price = "0.1" },
    { up_to = 50, price = "0.05" },
]

[[add-ons]]
add_on = "analytics"
"#;

const SUBSCRIPTIONS: &str = r#"{"table": "subscriptions", "row": {"id": "s1", "organization_id": "ö", "plan": "startr", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-31", "time_zone": "Mars/Olympus"}}

{"table": "grant", "row": {}}
{"table": "grants", "remove": "g1"}
"#;

/// Compares with a file of this crate, or writes it where a change is meant.
fn golden(file: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, shown).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!(shown, expected, "run again with UPDATE_GOLDEN=1 where the change is meant");
}

#[test]
fn the_list_of_codes_is_the_documented_one() {
    let codes = MistakeCode::ALL.iter().map(|code| format!("| `{code}` | {} |\n", code.meaning()));
    let list = format!("{LIST_OF_CODES}\n| code | meaning |\n|---|---|\n{}", codes.collect::<String>());
    golden("../../schemas/catalog/mistakes.md", &list);
}

const LIST_OF_CODES: &str = "\
# What can be wrong with a catalog or a row

Every mistake in a catalog file is told as `file:line:column: code: what is wrong; what would be right`, all of them at
once. A row from a topic or from the embedded log that is refused has the same code, with the path of the field in the
record. The codes are a closed list: a code keeps its meaning.
";

#[test]
fn all_mistakes_of_all_files_come_at_once_in_order() {
    let files = [
        CatalogText { name: "subscriptions.ndjson", text: SUBSCRIPTIONS },
        CatalogText { name: "plans.toml", text: PLANS },
        CatalogText { name: "meters.toml", text: METERS },
    ];
    let mistakes = parse(&files).expect_err("nearly everything is wrong");
    let shown: String = mistakes.iter().map(|mistake: &Mistake| format!("{mistake}\n")).collect();
    golden("tests/catalog/listing.txt", &shown);
}

#[test]
fn what_is_missing_is_only_said_when_everything_could_be_read() {
    let plans = "plans = [{ plan = \"p\", currency = \"USD\", effective_from = 2026-01-01T00:00:00Z,
        charges = [{ meter = \"m\", model = \"per_unit\", price = 1 }] }]";
    let broken = CatalogText { name: "meters.toml", text: "[[meters]" };
    let mistakes = parse(&[broken, CatalogText { name: "plans.toml", text: plans }]).expect_err("no TOML");
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code.as_str()).collect();
    assert_eq!(codes, ["invalid_toml"], "the meter may well be in the file that could not be read");
}

#[test]
fn the_order_in_which_files_are_given_changes_nothing() {
    let files = [
        CatalogText { name: "a.toml", text: "meters = [{ name = \"b\", feature = \"f\", aggregation = \"sum\" }]" },
        CatalogText { name: "b.toml", text: "meters = [{ name = \"a\", feature = \"f\", aggregation = \"sum\" }]" },
    ];
    let forwards = parse(&files).expect("two meters");
    let backwards = parse(&[files[1], files[0]]).expect("two meters");
    assert_eq!(forwards, backwards);
    let names: Vec<String> = forwards.rows.iter().map(|row| row.name().to_string()).collect();
    assert_eq!(names, ["a", "b"]);
}
