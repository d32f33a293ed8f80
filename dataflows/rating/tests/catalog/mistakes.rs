//! Every mistake has its code, its place and what would be right.

use highwater_rating::catalog::{CatalogText, Mistake, parse};
use highwater_rating::tables::MistakeCode;
use std::collections::BTreeSet;

/// What the cases refer to.
const BASE: &str = r#"
meters = [{ name = "api_calls", feature = "api_call", aggregation = "count" }]
plans = [{ plan = "starter", currency = "USD", effective_from = "2026-01-01T00:00:00Z" }]
add_ons = [{ add_on = "analytics", currency = "USD", effective_from = "2026-01-01T00:00:00Z", price = "30" }]
"#;

fn mistakes(files: &[(&str, &str)]) -> Vec<Mistake> {
    let texts: Vec<CatalogText<'_>> = files.iter().map(|(name, text)| CatalogText { name, text }).collect();
    parse(&texts).err().unwrap_or_default()
}

const METER: &str = r#"name = "m", feature = "f", aggregation = "sum""#;
const PLAN: &str = r#"plan = "p", currency = "USD", effective_from = "2026-01-01T00:00:00Z""#;
const SUBSCRIPTION: &str = r#"id = "s", organization_id = "o", plan = "starter", anchor = "2026-01-31""#;
const OVERRIDE: &str =
    r#"id = "x", organization_id = "o", meter = "api_calls", effective_from = "2026-02-01T00:00:00Z""#;
const GRANT: &str = r#"id = "g", organization_id = "o", kind = "paid", effective_from = "2026-02-01T00:00:00Z""#;
const ADJUSTMENT: &str = r#"id = "a", meter = "api_calls", effective_from = "2026-02-01T00:00:00Z""#;
const FROM: &str = r#"effective_from = "2026-02-01T00:00:00Z""#;
const VIENNA: &str = r#"time_zone = "Europe/Vienna""#;

/// What is written, with `»` where the mistake is; the code; a part of what is said.
#[rustfmt::skip]
fn cases() -> Vec<(String, &'static str, &'static str)> {
    let meter = |rest: &str| format!("meters = [{{ {METER}, {rest} }}]");
    let plan = |rest: &str| format!("plans = [{{ {PLAN}, {rest} }}]");
    let charge = |rest: &str| plan(&format!("charges = [{{ meter = \"api_calls\", {rest} }}]"));
    let tiers = |rest: &str| charge(&format!("model = \"graduated\", tiers = [{rest}]"));
    let subscription = |rest: &str| format!("subscriptions = [{{ {SUBSCRIPTION}, {rest} }}]");
    let an_override = |rest: &str| format!("overrides = [{{ {OVERRIDE}, {rest} }}]");
    let grant = |rest: &str| format!("grants = [{{ {GRANT}, {rest} }}]");
    let adjustment = |rest: &str| format!("adjustments = [{{ {ADJUSTMENT}, {rest} }}]");
    let tier = |end: &str| format!(r#"{{ up_to = {end}, price = "1" }}"#);
    let last = r#"{ price = "1" }"#;
    vec![
        // The file.
        ("meters = [»".into(), "invalid_toml", ""),
        ("»meter = []".into(), "unknown_table", "did you mean `[[meters]]`?"),
        ("»[meters]".into(), "wrong_type", "write [[meters]]"),
        // Fields.
        (meter(r#"»colour = "red""#), "unknown_field", "the fields are name"),
        (meter(r#"»dimension = ["a"]"#), "unknown_field", "did you mean `dimensions`?"),
        (meter(r#"unit = »5"#), "wrong_type", "text in quotes is expected here, not a number"),
        (meter(r#"negative_allowed = »"yes""#), "wrong_type", "true or false"),
        (r#"meters = [»{ name = "m", aggregation = "sum" }]"#.into(), "missing_field", "`feature` is required"),
        (r#"meters = [{ name = "m", feature = "f", aggregation = »"cuont" }]"#.into(), "unknown_value", "`count`"),
        (meter(r#"dimensions = ["a", »"a"]"#), "duplicate_dimension", "`a` is declared twice"),
        (meter(r#"dimension_limit = »0"#), "out_of_range", "from 1 to"),
        (meter(r#"value = »"size""#), "unknown_value", "metadata.KEY"),
        (meter(r#"conditions = [{ key = "k", one_of = »[] }]"#), "empty_list", "no event"),
        (meter(r#"conditions = [{ key = "k", one_of = [»0.5] }]"#), "float_quantity", "0.5"),
        (meter(&format!("conditions = »[{}]", "{}, ".repeat(33))), "too_many_items", "33 items are more than the 32"),
        // Names.
        (r#"meters = [{ name = »"", feature = "f", aggregation = "sum" }]"#.into(), "invalid_name", "not empty"),
        (r#"meters = [{ name = »"a\u0000", feature = "f", aggregation = "sum" }]"#.into(), "invalid_name", "U+0000"),
        (r#"meters = [{ name = »"a\u200Bb", feature = "f", aggregation = "sum" }]"#.into(), "invalid_name", "U+200B"),
        (format!(r#"meters = [{{ name = »"{}", feature = "f", aggregation = "sum" }}]"#, "n".repeat(257)), "invalid_name", "257"),
        (PLAN.replace("\"p\"", "»\"p@1\"").pipe(|row| format!("plans = [{{ {row} }}]")), "invalid_name", "`@`"),
        // Prices.
        (charge(r#"model = "per_unit", price = »0.10"#), "float_price", r#"put it in quotes: "0.10""#),
        (charge(r#"model = "per_unit", price = »"0,10""#), "invalid_price", r#"write it like "0.10""#),
        (charge(r#"model = "per_unit", price = »"1e3""#), "invalid_price", "plain decimal"),
        (charge(r#"model = "per_unit", price = »"-1""#), "negative_price", "below zero"),
        (charge(r#"model = "per_unit", price = »"0.0000000000001""#), "price_too_fine", "13 fractional digits"),
        (charge(r#"model = "per_unit", price = »1000000001"#), "price_too_large", "1000000000"),
        (charge(r#"model = "per_unit", price = »true"#), "wrong_type", "not true or false"),
        (charge(r#"model = "per_unit", price = 5, per = »0"#), "zero_quantity", "above zero"),
        (plan(r#"base_price = »"10.005""#), "price_finer_than_currency", "USD with its 2 fractional digits"),
        (plan("base_price = »\"10.5\"").replace("USD", "JPY"), "price_finer_than_currency", "JPY"),
        (plan("base_price = »\"0.0005\"").replace("USD", "KWD"), "price_finer_than_currency", "KWD with its 3"),
        (plan("grace_hours = »8785"), "out_of_range", "from 0 to 8784"),
        (plan("grace_hours = »\"72\""), "wrong_type", "a whole number"),
        (plan("charges = []").replace("\"USD\"", "»\"usd\""), "unknown_currency", "did you mean `USD`?"),
        (plan("charges = []").replace("\"USD\"", "»\"ABC\""), "unknown_currency", "ISO 4217"),
        // Quantities.
        (charge(r#"included = »0.5, model = "per_unit", price = 5"#), "float_quantity", r#"put it in quotes: "0.5""#),
        (charge(r#"included = »-1, model = "per_unit", price = 5"#), "negative_quantity", "below zero"),
        (charge(r#"included = »"1.0000000001", model = "per_unit", price = 5"#), "invalid_quantity", "9 fractional"),
        (charge(r#"included = »"ten", model = "per_unit", price = 5"#), "invalid_quantity", "1000000"),
        // Charges.
        (charge(r#"model = »"per_million", price = 5"#), "unknown_value", "per_unit, graduated"),
        (charge("price = 5").replace("{ meter", "»{ meter"), "missing_field", "`model` is required"),
        (charge(r#"model = "per_unit", price = 5, tiers = »[]"#), "conflicting_fields", "take it out"),
        (charge(r#"model = "graduated", price = »5, tiers = [{ price = 1 }]"#), "conflicting_fields", "take it out"),
        (plan(r#"charges = [{ meter = »"api_cals", model = "per_unit", price = 5 }]"#), "unknown_meter", "did you mean `api_calls`?"),
        (charge(r#"model = "per_unit", price = 5 }, { meter = »"api_calls", model = "per_unit", price = 6"#), "meter_charged_twice", "in charge 0"),
        (charge(r#"model = "flat", price = 5, per = »10"#), "conflicting_fields", "one price for the period"),
        (charge(r#"model = "volume", »prise = 5, tiers = [{ price = 1 }]"#), "unknown_field", "did you mean `price`?"),
        (charge(r#"model = "package", price = 5, percent = »"1""#), "conflicting_fields", "take it out"),
        (charge(r#"model = "percentage", percent = »"-1""#), "out_of_range", "from 0 to 1000"),
        (charge(r#"model = "percentage", percent = »2.9"#), "float_price", "in quotes"),
        (charge(r#"model = "percentage", price = »5, percent = 1"#), "conflicting_fields", "take it out"),
        (charge(r#"model = "stairstep", tiers = [{ flat = 5, price = »1 }]"#), "conflicting_fields", "a step has one amount"),
        (charge(r#"model = "stairstep", tiers = [»{ up_to = 5 }, { flat = 1 }]"#), "missing_field", "`flat` is required"),
        (charge(r#"model = "graduated_percentage", tiers = [{ percent = 5, price = »1 }]"#), "conflicting_fields", "percentages"),
        (charge(r#"model = "volume", tiers = [{ price = 5, percent = »1 }]"#), "conflicting_fields", "prices"),
        (charge(r#"model = "dynamic", percent = »1"#), "conflicting_fields", "comes with the events"),
        (plan(r#"charges = [{ meter = "api_calls", model = "dynamic" }]"#).replace("{ plan", "»{ plan"), "not_a_sum", "aggregation"),
        (an_override(r#"charge = { model = "dynamic" }"#).replace("{ id", "»{ id"), "not_a_sum", "aggregation"),
        // Rules.
        (charge(r#"model = "flat", price = 1, minimum = »5, maximum = 4"#), "minimum_above_maximum", "of 5 is above the maximum of 4"),
        (charge(r#"model = "flat", price = 1, free_units = »-1"#), "negative_quantity", "below zero"),
        (charge(r#"model = "flat", price = 1, discounts = [{ percent = »101 }]"#), "out_of_range", "up to 100"),
        (charge(r#"model = "flat", price = 1, discounts = [{ percent = 10, amount = »5 }]"#), "conflicting_fields", "two discounts"),
        (charge(r#"model = "flat", price = 1, discounts = [»{}]"#), "missing_field", "`percent` is required"),
        (charge(&format!(r#"model = "flat", price = 1, discounts = »[{}]"#, "{ percent = 1 }, ".repeat(21))), "too_many_items", "21 items"),
        (charge(r#"model = "flat", price = 1, conversion = { per = »0 }"#), "zero_quantity", "above zero"),
        (charge(r#"model = "flat", price = 1, conversion = { rounding = »"ceil" }"#), "unknown_value", "half_away_from_zero, up, down"),
        (charge(r#"model = "flat", price = 1, conversion = { digits = »10 }"#), "out_of_range", "from 0 to 9"),
        // Tiers.
        (charge(r#"model = "graduated""#).replace("{ meter", "»{ meter"), "tier_missing", "at least one tier"),
        (tiers("").replace("[]", "»[]"), "tier_missing", "there is no tier"),
        (tiers(&format!("{}, {}, {last}", tier("10"), tier("»5"))), "tier_not_increasing", "tier 1 ends at 5, before it begins at 10"),
        (tiers(&format!("{}, {}, {last}", tier("10"), tier("»10"))), "tier_zero_width", "tier 1 ends at 10"),
        (tiers(&format!("{}, {last}", tier("»0"))), "tier_zero_width", "tier 0 ends at 0"),
        (tiers(&tier("»10")), "tier_last_bounded", "tier 0 is the last one"),
        (tiers(&format!("»{last}, {last}")), "tier_unbounded_before_last", "tier 1 is never reached"),
        (tiers(&(1..=100).map(|end| tier(&end.to_string()) + ", ").collect::<String>().pipe(|all| all + last)).replace("tiers = [", "tiers = »["), "tier_too_many", "101 tiers"),
        // Time.
        (meter(r#"effective_from = »"2026-01-01""#), "invalid_instant", "2026-01-01T00:00:00Z"),
        (meter(r#"effective_from = »"2026-02-30T00:00:00Z""#), "invalid_instant", "no such date"),
        (subscription(&format!("{FROM}, {VIENNA}, effective_to = »2026-02-01T00:00:30Z")), "instant_not_whole_minute", "2026-02-01T00:00:00Z"),
        (meter("effective_from = »2026-01-01T00:00:00"), "invalid_instant", "offset"),
        (subscription(&format!("{FROM}, {VIENNA}, effective_to = »2026-02-01T00:00:00Z")), "empty_validity", "not after"),
        (subscription(&format!("{FROM}, time_zone = »\"Europe/Viena\"")), "unknown_time_zone", "did you mean `Europe/Vienna`?"),
        (subscription(&format!("{FROM}, time_zone = »\"europe/vienna\"")), "unknown_time_zone", "did you mean `Europe/Vienna`?"),
        (subscription(&format!("{FROM}, time_zone = »\"+01:00\"")), "unknown_time_zone", "IANA"),
        (subscription(&format!("{FROM}, {VIENNA}")).replace("\"2026-01-31", "»\"2026-02-31"), "invalid_anchor", "2026-01-31T00:00:00"),
        (subscription(&format!("{FROM}, {VIENNA}")).replace("\"2026-01-31", "»\"2026-01-31T00:00:01"), "invalid_anchor", "whole minutes"),
        (subscription(&format!("{FROM}, {VIENNA}, interval = »\"fortnight\"")), "unknown_value", "day, week"),
        (subscription(&format!("{FROM}, {VIENNA}, interval_count = »1001")), "out_of_range", "from 1 to 1000"),
        // Rows of organizations.
        (subscription(&format!("{FROM}, {VIENNA}")).replace("\"starter\"", "»\"startr\""), "unknown_plan", "did you mean `starter`?"),
        (subscription(&format!("{FROM}, {VIENNA}, add_ons = [{{ add_on = »\"analitics\" }}]")), "unknown_add_on", "did you mean `analytics`?"),
        (subscription(&format!("{FROM}, {VIENNA}, add_ons = [{{ add_on = \"analytics\" }}, {{ add_on = »\"analytics\" }}]" )), "add_on_twice", "quantity"),
        (subscription(&format!("effective_from = \"2025-02-01T00:00:00Z\", {VIENNA}")).replace("{ id", "»{ id"), "not_yet_in_force", "first version of `starter`"),
        (an_override(r#"effective_to = "2027-01-01T00:00:00Z""#).replace("{ id", "»{ id"), "empty_override", "replaces nothing"),
        (grant(r#"meter = "api_calls", amount = »0"#), "zero_quantity", "above zero"),
        (grant(r#"meter = "api_calls", amount = »-5"#), "negative_quantity", "below zero"),
        (grant(r#"meter = "api_calls", amount = 5, expires_at = »"2026-01-01T00:00:00Z""#), "grant_expired", "not after"),
        (grant(r#"meter = "api_calls", currency = »"USD", amount = 5"#), "conflicting_fields", "not both"),
        (r#"grants = [{ id = "g", organization_id = "o", meter = "api_calls", amount = 5, kind = "refund", of = »"welcom", effective_from = "2026-02-01T00:00:00Z" }]"#.to_owned(), "unknown_grant", "`welcom`"),
        (grant("amount = 5").replace("{ id", "»{ id"), "missing_field", "what is granted"),
        (adjustment(r#"kind = "temporary_users", percent = 50"#).replace("{ id", "»{ id"), "missing_field", "`effective_to` is required"),
        (adjustment(r#"kind = "temporary_users", percent = »101, effective_to = "2026-03-01T00:00:00Z""#), "out_of_range", "up to 100"),
        (adjustment(r#"kind = "event_based", percent = »5, charge = { model = "per_unit", price = 1 }, effective_to = "2026-03-01T00:00:00Z""#, ), "conflicting_fields", "prices of their own"),
        // Rows beside each other.
        (format!("meters = [{{ {METER} }}, »{{ {METER} }}]"), "duplicate_key", "meters has a row `m` already"),
        ("plans = [»{ plan = \"starter\", currency = \"EUR\", effective_from = \"2026-05-01T00:00:00Z\" }]".into(), "currency_mismatch", "USD and in EUR"),
        (format!("subscriptions = [{{ {SUBSCRIPTION}, {FROM}, {VIENNA} }}]\ngrants = [»{{ {GRANT}, currency = \"EUR\", amount = 5 }}]"), "currency_mismatch", "o is billed in USD"),
        (format!("subscriptions = [{{ {SUBSCRIPTION}, {FROM}, {VIENNA} }}, »{{ {}, {FROM}, {VIENNA} }}]", SUBSCRIPTION.replace("\"s\"", "\"t\"") ), "overlapping_subscriptions", "`t` overlaps `s`"),
    ]
}

trait Pipe: Sized {
    fn pipe<T>(self, then: impl FnOnce(Self) -> T) -> T {
        then(self)
    }
}
impl Pipe for String {}

#[test]
fn every_mistake_is_named_with_its_place_and_what_would_be_right() {
    let mut wrong = Vec::new();
    for (marked, code, part) in cases() {
        let before = marked.split('»').next().unwrap_or_default();
        // A line above, so that the line is a result and not a default.
        let line = before.matches('\n').count() as u32 + 2;
        let column = before.chars().rev().take_while(|character| *character != '\n').count() as u32 + 1;
        let text = marked.replace('»', "");
        let found = mistakes(&[("base.toml", BASE), ("case.toml", &format!("# a comment\n{text}"))]);
        let right = matches!(&found[..], [one] if one.file == "case.toml" && one.line == line && one.column == column
            && one.code.as_str() == code && one.to_string().contains(part));
        if !right {
            let shown: Vec<String> = found.iter().map(Mistake::to_string).collect();
            wrong.push(format!("{marked}\n  expected {code} at {line}:{column} saying {part}\n  found {shown:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Codes that no TOML file brings about, and the files of tests that show them.
const SHOWN_ELSEWHERE: &[&str] = &[
    // rows.rs
    "invalid_json",
    "too_deep",
    "duplicate_field",
    // change_data_capture.rs
    "missing_key",
    "invalid_key",
    "unsupported_operation",
    // here, below
    "unknown_file_kind",
];

#[test]
fn every_code_is_shown_by_a_case() {
    let cases = cases();
    let shown: BTreeSet<&str> = cases.iter().map(|(_, code, _)| *code).chain(SHOWN_ELSEWHERE.iter().copied()).collect();
    let all: BTreeSet<&str> = MistakeCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(shown, all);
}

#[test]
fn a_file_of_another_kind_is_refused_and_says_which_kinds_there_are() {
    let shown: Vec<String> = mistakes(&[("notes.yaml", "meters: []")]).iter().map(Mistake::to_string).collect();
    assert_eq!(
        shown,
        [
            "notes.yaml:1:1: unknown_file_kind: unknown kind of file; catalog files end in .toml, or in .ndjson for one row a line"
        ]
    );
}
