//! Where a number stops: each way of writing one at a border is taken by schema and reader, or by neither.

use super::{json, registry, validator};
use highwater_rating::quote;
use highwater_rating::tables::{Table, read_row};
use serde_json::{Value, json};

/// A row with `value` in the field that the case is about.
type RowOf = fn(Value) -> Value;

fn plan(charge: Value) -> Value {
    json!({"plan": "p", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [charge]})
}

fn adjustment(kind: &str, percent: Value) -> Value {
    json!({"id": "a", "meter": "m", "kind": kind, "percent": percent,
        "effective_from": "2026-01-01T00:00:00Z", "effective_to": "2026-02-01T00:00:00Z"})
}

const CASES: &[(&str, Table, RowOf)] = &[
    ("discount", Table::Plans, |percent| {
        plan(json!({"meter": "m", "model": "per_unit", "price": 1, "discounts": [{"percent": percent}]}))
    }),
    ("percentage", Table::Plans, |percent| plan(json!({"meter": "m", "model": "percentage", "percent": percent}))),
    ("price", Table::Plans, |price| plan(json!({"meter": "m", "model": "per_unit", "price": price}))),
    ("included", Table::Plans, |units| plan(json!({"meter": "m", "model": "flat", "price": 1, "included": units}))),
    ("per", Table::Plans, |units| plan(json!({"meter": "m", "model": "per_unit", "price": 1, "per": units}))),
    ("temporary users", Table::Adjustments, |percent| adjustment("temporary_users", percent)),
    ("limit scaling", Table::Adjustments, |percent| adjustment("automatic_limit_scaling", percent)),
    ("adjusted grant", Table::Grants, |amount| {
        json!({"id": "g", "organization_id": "o", "meter": "m", "kind": "adjustment", "of": "f", "amount": amount,
            "effective_from": "2026-01-01T00:00:00Z"})
    }),
];

/// Every whole part around a border, with and without a sign, with every kind of fraction.
fn written() -> Vec<String> {
    let borders = [0i128, 1, 10, 100, 1_000, 1_000_000_000, 1_000_000_000_000_000_000];
    let whole = borders.into_iter().flat_map(|border| [border - 1, border, border + 1, 10 * border]);
    let whole: Vec<i128> = whole.filter(|whole| *whole >= 0).collect();
    let zeros = |digits: usize| format!(".{}", "0".repeat(digits));
    let last = |digits: usize| format!(".{}1", "0".repeat(digits - 1));
    let mut fractions = vec![String::new(), ".".into(), ".5".into()];
    fractions.extend([9, 10, 12, 13].into_iter().flat_map(|digits| [zeros(digits), last(digits)]));
    let signs = ["", "-", "+", "0"];
    let all = signs.into_iter().flat_map(|sign| whole.iter().map(move |whole| format!("{sign}{whole}")));
    all.flat_map(|whole| fractions.iter().map(move |fraction| format!("{whole}{fraction}"))).collect()
}

#[test]
fn a_number_at_a_border_is_taken_by_schema_and_reader_or_by_neither() {
    let registry = registry();
    for (name, table, row_of) in CASES {
        let schema = validator(&registry, "tables", &format!("{table}.schema.json"));
        let mut taken = 0;
        let texts = written().into_iter().map(Value::String);
        // Tokens with a fraction are no other rule, but a validator may read them as floats.
        let whole = written().into_iter().filter(|text| !text.contains('.')).filter_map(|text| text.parse().ok());
        let numbers = whole.map(Value::Number);
        for value in texts.chain(numbers) {
            let row = row_of(value.clone());
            let read = read_row(*table, row.to_string().as_bytes());
            assert_eq!(schema.is_valid(&row), read.is_ok(), "{name} of {value}: {read:?}");
            taken += usize::from(read.is_ok());
        }
        assert!(taken > 20, "{name}: {taken} are taken");
    }
}

#[test]
fn a_quantity_at_a_border_is_asked_for_by_schema_and_reader_or_by_neither() {
    let registry = registry();
    let schema = validator(&registry, "quote", "price.case.schema.json");
    for quantity in written() {
        let case = format!(r#"{{"currency": "JPY", "charge": {{"model": "dynamic"}}, "quantity": "{quantity}"}}"#);
        let code = quote::price(case.as_bytes()).err().map(|refused| refused.error.code);
        assert_eq!(schema.is_valid(&json(&quantity, &case)), code.is_none(), "{quantity}: {code:?}");
    }
}
