//! Rows are read exactly from JSON and TOML, wherever a number stands in them.

mod rows;

use highwater_rating::number::Quantity;
use highwater_rating::tables::{Allowance, Charge, Interval, Plan, Row, Tier};
use highwater_rating::time::EventTime;
use rows::{cadence, charge, graduated, included, instant, per_unit, plan, price, quantity, subscription};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize, Debug, PartialEq)]
struct Holder {
    used: Quantity,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Flattened {
    #[serde(flatten)]
    holder: Holder,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Holder(Holder),
}

#[test]
fn a_quantity_is_read_exactly_from_a_json_token_or_string_or_refused_by_name() {
    let cases: &[(&str, Result<&str, &str>)] = &[
        ("0", Ok("0")),
        ("-0", Ok("0")),
        ("-0.0", Ok("0")),
        ("1", Ok("1")),
        ("-12.5", Ok("-12.5")),
        (r#""-12.50""#, Ok("-12.5")),
        ("0.1", Ok("0.1")),
        ("0.123456789", Ok("0.123456789")),
        // Neither would survive a 64-bit float.
        ("9007199254740993", Ok("9007199254740993")),
        ("123456789012345678.123456789", Ok("123456789012345678.123456789")),
        (r#""123456789012345678.123456789""#, Ok("123456789012345678.123456789")),
        ("1000000000000000000", Ok("1000000000000000000")),
        ("1000000000000000000.000000001", Err("out of range")),
        ("100000000000000000000000000000000000000000000", Err("out of range")),
        ("0.1234567891", Err("more than 9 fractional digits")),
        ("1e3", Err("not a decimal number")),
        (r#""1e3""#, Err("not a decimal number")),
        (r#""1,5""#, Err("not a decimal number")),
        (r#""+1""#, Err("not a decimal number")),
        (r#"" 1""#, Err("not a decimal number")),
        (r#""01""#, Err("not a decimal number")),
        (r#""1.""#, Err("not a decimal number")),
        (r#"".5""#, Err("not a decimal number")),
        (r#""-""#, Err("not a decimal number")),
        (r#""""#, Err("not a decimal number")),
        (r#""NaN""#, Err("not a decimal number")),
        ("true", Err("expected a decimal number")),
        ("null", Err("expected a decimal number")),
        ("[1]", Err("expected a decimal number")),
        (r#"{"a":1}"#, Err("expected a decimal number")),
    ];
    for (token, expected) in cases {
        let plain = serde_json::from_str(&format!(r#"{{"used":{token}}}"#)).map(|holder: Holder| holder.used);
        let flattened = serde_json::from_str(&format!(r#"{{"other":1,"used":{token}}}"#))
            .map(|flattened: Flattened| flattened.holder.used);
        let tagged = serde_json::from_str(&format!(r#"{{"used":{token},"kind":"holder"}}"#))
            .map(|Tagged::Holder(holder)| holder.used);
        for (way, read) in [("plain", plain), ("flattened", flattened), ("tagged", tagged)] {
            match (&read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read.to_string(), *expected, "{way} {token}"),
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{way} {token}: {error}")
                }
                _ => panic!("{way} {token}: {read:?}"),
            }
        }
    }
}

#[test]
fn a_float_is_refused_with_the_way_out() {
    let toml_error = toml::from_str::<Holder>("used = 0.1").unwrap_err().to_string();
    assert!(toml_error.contains("0.1 is a float here, which is not exact: write it in quotes"), "{toml_error}");
    // A `serde_json::Value` gives a fraction up as a float, where raw text does not.
    let value: serde_json::Value = serde_json::from_str(r#"{"used":0.1}"#).unwrap();
    assert!(serde_json::from_value::<Holder>(value).unwrap_err().to_string().contains("write it in quotes"));
    let raw: Box<RawValue> = serde_json::from_str(r#"{"used":0.1}"#).unwrap();
    assert_eq!(serde_json::from_str(raw.get()).ok(), Some(Holder { used: quantity("0.1") }));
}

#[test]
fn toml_gives_integers_and_strings() {
    for (text, expected) in [("used = 5", "5"), ("used = -0", "0"), ("used = \"0.1\"", "0.1")] {
        assert_eq!(toml::from_str::<Holder>(text).ok(), Some(Holder { used: quantity(expected) }), "{text}");
    }
    let charge = toml::from_str::<Charge>("meter = \"m\"\nmodel = \"per_unit\"\nprice = \"0.10\"\nincluded = 100\n");
    assert_eq!(charge.unwrap().included, Quantity::units(100));
}

#[test]
fn a_price_is_never_rounded_on_its_way_in() {
    let read = |price: &str| {
        serde_json::from_str::<Tier>(&format!(r#"{{"price":{price},"per":1000000.5}}"#))
            .map(|tier| tier.price.price.to_string())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("0.10"), Ok("0.10".into()));
    assert_eq!(read("5"), Ok("5".into()));
    assert_eq!(read(r#""-0.000000000001""#), Ok("-0.000000000001".into()));
    let digits = "0.00000000000000000000000000001";
    assert!(read(digits).unwrap_err().contains("more digits than can be held exactly"));
    assert!(read("1e-3").unwrap_err().contains("not a decimal number"));
}

#[test]
fn an_instant_is_a_date_time_or_whole_milliseconds() {
    let read = |token: &str| serde_json::from_str::<EventTime>(token).map_err(|error| error.to_string());
    assert_eq!(read("1767225600000"), Ok(instant("2026-01-01")));
    assert_eq!(read(r#""2026-01-01T01:00:00+01:00""#), Ok(instant("2026-01-01")));
    assert!(read("-1").unwrap_err().contains("before 1970"));
    assert!(read("18446744073709551615").unwrap_err().contains("after 9999"));
    assert!(read("1.5").unwrap_err().contains("whole milliseconds"));
    assert!(read(r#""2026-01-01""#).unwrap_err().contains("not an RFC 3339 date-time"));
}

#[test]
fn every_row_comes_back_as_it_was_written() {
    let mut tiered = charge("0", Allowance::Whole, graduated("10.5:0.10+5 *:0.05/100"));
    tiered.meter = "n".into();
    let mut pro = plan(
        "pro",
        "2026-01-01",
        vec![charge("100.5", Allowance::Prorated, per_unit("0.000000000001", "1000000")), tiered],
    );
    pro.base_price = Some("99.90".parse().unwrap());
    let mut narrow = included("o", "2026-01-01", None, "7.25");
    narrow.charge = Some(per_unit("0.10", "1").into());
    let quarters = cadence("2026-01-31T00:00:00", Interval::Quarter, 2, "Europe/Vienna");
    let rows = [
        Row::Plans(pro),
        Row::Subscriptions(subscription("s", "pro", "2026-01-01", Some("2026-02-01"), quarters)),
        Row::Overrides(narrow),
    ];
    for row in rows {
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Row>(&text).map_err(|error| error.to_string()), Ok(row), "{text}");
    }
    let written = r#"{"row":{"plan":"pro","currency":"USD","effective_from":1767225600000,
        "charges":[{"meter":"m","model":"per_unit","price":0.10,"per":1000000.5,"included":0.5}]},"table":"plans"}"#;
    let Ok(Row::Plans(Plan { charges, .. })) = serde_json::from_str(written) else { panic!("not a plan") };
    assert_eq!(charges[0].included, quantity("0.5"));
    assert_eq!(charges[0].model, highwater_rating::tables::ChargeModel::PerUnit { price: price("0.10", "1000000.5") });
}
