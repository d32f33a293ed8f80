//! Decimals in rows and events: a number token or a string, never through a float.
//!
//! JSON: `serde_json` hands a number token with a fraction over as its text (`arbitrary_precision`), as a map with one
//! private key; so it does inside `#[serde(flatten)]` and tagged enums, which buffer that map. TOML: integers and
//! strings. A float is refused, whoever hands it over: TOML's parser, and `serde_json::from_value`, which gives one up
//! as a float where it can. Rows are therefore read from text (`from_str`, `from_slice`, `RawValue`).

use rust_decimal::Decimal;
use serde::{Deserializer, Serializer, de};
use std::fmt::Display;

/// The key under which `serde_json` hands over the text of a number.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

/// Hands the written form of a decimal to `parse`.
pub fn deserialize_text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextVisitor(parse))
}

struct TextVisitor<P>(P);

impl<P, T, E: Display> TextVisitor<P>
where
    P: Fn(&str) -> Result<T, E>,
{
    fn parse<F: de::Error>(&self, text: &str) -> Result<T, F> {
        self.0(text).map_err(|error| F::custom(format_args!("`{text}`: {error}")))
    }
}

impl<'de, P, T, E: Display> de::Visitor<'de> for TextVisitor<P>
where
    P: Fn(&str) -> Result<T, E>,
{
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a decimal number, or one in quotes")
    }

    fn visit_str<F: de::Error>(self, text: &str) -> Result<T, F> {
        self.parse(text)
    }

    fn visit_i64<F: de::Error>(self, value: i64) -> Result<T, F> {
        self.parse(&value.to_string())
    }

    fn visit_u64<F: de::Error>(self, value: u64) -> Result<T, F> {
        self.parse(&value.to_string())
    }

    fn visit_i128<F: de::Error>(self, value: i128) -> Result<T, F> {
        self.parse(&value.to_string())
    }

    fn visit_u128<F: de::Error>(self, value: u128) -> Result<T, F> {
        self.parse(&value.to_string())
    }

    fn visit_f64<F: de::Error>(self, value: f64) -> Result<T, F> {
        Err(F::custom(format_args!("{value} is a float here, which is not exact: write it in quotes")))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let not_a_number = || de::Error::invalid_type(de::Unexpected::Map, &self);
        match map.next_key::<String>()? {
            Some(key) if key == NUMBER_TOKEN => self.parse(&map.next_value::<String>()?),
            _ => Err(not_a_number()),
        }
    }
}

/// For `#[serde(with)]` on a price: serialised as a string, read without rounding.
pub fn serialize<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(decimal)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    deserialize_text(deserializer, parse_decimal)
}

/// The grammar of a quantity (no exponent, no `+`, no spaces) with as many digits as a [`Decimal`] holds exactly.
fn parse_decimal(text: &str) -> Result<Decimal, &'static str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return Err("not a decimal number");
    }
    Decimal::from_str_exact(text).map_err(|_| "more digits than can be held exactly")
}

/// The same for a price that may be absent.
pub mod option {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(decimal: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match decimal {
            Some(decimal) => super::serialize(decimal, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        struct Exactly(Decimal);
        impl<'de> Deserialize<'de> for Exactly {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exactly, D::Error> {
                super::deserialize(deserializer).map(Exactly)
            }
        }
        Ok(Option::<Exactly>::deserialize(deserializer)?.map(|exactly| exactly.0))
    }
}
