//! What can be wrong with a row or a catalog file: the closed list of codes, and where it was found.

use serde::{Serialize, Serializer};
use std::ops::Range;

macro_rules! mistake_codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal,)+) => {
        /// The closed list of codes. A code's word never changes its meaning; messages and hints may.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MistakeCode {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl MistakeCode {
            pub const ALL: &'static [MistakeCode] = &[$(MistakeCode::$name,)+];

            /// The code as it is printed, stored and matched: `unknown_meter`.
            pub fn as_str(self) -> &'static str {
                match self { $(MistakeCode::$name => $word,)+ }
            }

            /// One sentence for a list of codes.
            pub fn meaning(self) -> &'static str {
                match self { $(MistakeCode::$name => concat!($($meaning),+).trim_ascii(),)+ }
            }
        }
    };
}

mistake_codes! {
    /// The file is not TOML.
    InvalidToml = "invalid_toml",
    /// The text is not one JSON value in UTF-8.
    InvalidJson = "invalid_json",
    /// The document is nested deeper than any row.
    TooDeep = "too_deep",
    /// A file whose name ends neither in .toml nor in .ndjson.
    UnknownFileKind = "unknown_file_kind",
    /// No table has this name.
    UnknownTable = "unknown_table",
    /// The row has no field of this name.
    UnknownField = "unknown_field",
    /// A field is given twice.
    DuplicateField = "duplicate_field",
    /// A required field is absent or null.
    MissingField = "missing_field",
    /// The value is of another type than the field.
    WrongType = "wrong_type",
    /// The word is none of those that the field knows.
    UnknownValue = "unknown_value",
    /// Fields that exclude each other are given together.
    ConflictingFields = "conflicting_fields",
    /// A list that must say something is empty.
    EmptyList = "empty_list",
    /// A list is longer than its limit.
    TooManyItems = "too_many_items",
    /// A name or id is empty, too long, or holds characters that cannot be seen.
    InvalidName = "invalid_name",
    /// A price is written as a TOML float, which other readers of the file would round.
    FloatPrice = "float_price",
    /// A quantity is written as a TOML float, which other readers of the file would round.
    FloatQuantity = "float_quantity",
    /// A price is not a plain decimal.
    InvalidPrice = "invalid_price",
    /// A price is below zero.
    NegativePrice = "negative_price",
    /// A price has more than 12 fractional digits.
    PriceTooFine = "price_too_fine",
    /// A price is above 1,000,000,000.
    PriceTooLarge = "price_too_large",
    /// A price that is charged as it stands is finer than the currency's minor unit.
    PriceFinerThanCurrency = "price_finer_than_currency",
    /// A quantity is not a plain decimal of at most 9 fractional digits and 10^18 units.
    InvalidQuantity = "invalid_quantity",
    /// A quantity is below zero.
    NegativeQuantity = "negative_quantity",
    /// A quantity that must be above zero is zero.
    ZeroQuantity = "zero_quantity",
    /// A whole number lies outside the field's range.
    OutOfRange = "out_of_range",
    /// Not an upper-case ISO 4217 code.
    UnknownCurrency = "unknown_currency",
    /// Currencies that must be the same differ.
    CurrencyMismatch = "currency_mismatch",
    /// Not an RFC 3339 instant with an offset.
    InvalidInstant = "invalid_instant",
    /// Terms change at whole minutes only.
    InstantNotWholeMinute = "instant_not_whole_minute",
    /// The row ends before it begins, or as it begins.
    EmptyValidity = "empty_validity",
    /// Not an IANA time zone.
    UnknownTimeZone = "unknown_time_zone",
    /// Not a civil date or date-time of whole minutes.
    InvalidAnchor = "invalid_anchor",
    /// A charge by tiers without tiers.
    TierMissing = "tier_missing",
    /// A tier ends below the one before it.
    TierNotIncreasing = "tier_not_increasing",
    /// A tier ends where it begins.
    TierZeroWidth = "tier_zero_width",
    /// The last tier ends, so larger quantities would have no price.
    TierLastBounded = "tier_last_bounded",
    /// A tier before the last one has no end, so the tiers after it are never reached.
    TierUnboundedBeforeLast = "tier_unbounded_before_last",
    /// More than 100 tiers.
    TierTooMany = "tier_too_many",
    /// A charge's minimum is above its maximum.
    MinimumAboveMaximum = "minimum_above_maximum",
    /// A dynamic price for a meter that does not sum amounts up.
    NotASum = "not_a_sum",
    /// A plan charges the same meter twice.
    MeterChargedTwice = "meter_charged_twice",
    /// A subscription holds the same add-on twice.
    AddOnTwice = "add_on_twice",
    /// A meter declares a dimension twice.
    DuplicateDimension = "duplicate_dimension",
    /// An override that replaces nothing.
    EmptyOverride = "empty_override",
    /// A grant that is expired when it begins.
    GrantExpired = "grant_expired",
    /// Two rows have the same key.
    DuplicateKey = "duplicate_key",
    /// Two subscriptions of one organization overlap without one following or lying inside the other.
    OverlappingSubscriptions = "overlapping_subscriptions",
    /// No meter has this name.
    UnknownMeter = "unknown_meter",
    /// No plan has this name.
    UnknownPlan = "unknown_plan",
    /// No add-on has this name.
    UnknownAddOn = "unknown_add_on",
    /// No grant has this id.
    UnknownGrant = "unknown_grant",
    /// A subscription begins before the first version of what it names.
    NotYetInForce = "not_yet_in_force",
    /// A record without a value has no key that says what to remove.
    MissingKey = "missing_key",
    /// The key of a record is none that a row of its table can have.
    InvalidKey = "invalid_key",
    /// A Debezium operation that is no change of a row.
    UnsupportedOperation = "unsupported_operation",
}

impl std::fmt::Display for MistakeCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for MistakeCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a record is no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code} at `{path}`: {hint}")]
pub struct RowMistake {
    pub code: MistakeCode,
    /// Where in the record, as a JSON pointer; empty for the whole.
    pub path: String,
    /// What is wrong and what to do about it, for a person.
    pub hint: String,
}

/// A mistake with its place in the text, before anybody knows in which file or record that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub code: MistakeCode,
    pub path: String,
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl Found {
    pub fn new(
        code: MistakeCode,
        path: &str,
        place: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Found {
        Found { code, path: path.to_string(), place, message: message.into(), hint: hint.into() }
    }
}

impl From<Found> for RowMistake {
    fn from(found: Found) -> RowMistake {
        let hint = match (found.message.is_empty(), found.hint.is_empty()) {
            (_, true) => found.message,
            (true, false) => found.hint,
            (false, false) => format!("{}; {}", found.message, found.hint),
        };
        RowMistake { code: found.code, path: found.path, hint }
    }
}
