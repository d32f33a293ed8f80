//! What an event adds to each meter that counts it.

use super::code::Code;
use super::fields::Fields;
use super::mistake::{Mistake, pointer};
use super::scalar::JsonScalar;
use super::types::{Contribution, MeterIndex};
use crate::meters::MeterBook;
use crate::names::NameCache;
use highwater_rating::number::Quantity;
use highwater_rating::tables::{Aggregation, Condition, Meter, Scalar, ValueField};
use highwater_rating::time::EventTime;
use smallvec::SmallVec;
use xxhash_rust::xxh3::Xxh3;

/// What of an event the meters read.
pub(crate) struct Measured<'a, 'b> {
    pub fields: &'b Fields<'a>,
    pub feature: &'b str,
    pub endpoint: &'b str,
    pub event_time: EventTime,
    pub quantity: Quantity,
    pub cost: Quantity,
}

/// One contribution a matching meter, in order of index. No matching meter makes none: the event is unattributed.
#[inline]
pub(crate) fn contributions(
    measured: &Measured<'_, '_>,
    meters: &MeterBook,
    names: &mut NameCache,
) -> Result<SmallVec<[Contribution; 1]>, Mistake> {
    let mut contributions = SmallVec::new();
    for (index, meter) in meters.of_feature(measured.feature) {
        if !counts(meter, measured) {
            continue;
        }
        if measured.quantity < Quantity::ZERO && !meter.negative_allowed {
            let hint = format!("meter `{}` takes no negative quantity; to undo an event, retract it", meter.name);
            return Err(Mistake::new(Code::InvalidQuantity, measured.fields.paths.quantity, hint));
        }
        contributions.push(contribution(index, meter, measured, names)?);
    }
    Ok(contributions)
}

#[inline]
fn counts(meter: &Meter, measured: &Measured<'_, '_>) -> bool {
    meter.effective_from.is_none_or(|from| from <= measured.event_time)
        && meter.conditions.iter().all(|condition| holds(condition, measured.fields))
}

/// A missing key holds no condition. Numbers on both sides are in canonical form.
fn holds(condition: &Condition, fields: &Fields<'_>) -> bool {
    let Some(value) = metadata(fields, &condition.key) else { return false };
    condition.one_of.iter().any(|scalar| match (scalar, value) {
        (Scalar::Flag(wanted), JsonScalar::Flag(flag)) => wanted == flag,
        (Scalar::Number(wanted), JsonScalar::Number(_)) => *wanted.0 == *value.canonical_text(),
        (Scalar::Text(wanted), JsonScalar::Text(text)) => **wanted == **text,
        _ => false,
    })
}

/// Null is as good as absent.
fn metadata<'a, 'b>(fields: &'b Fields<'a>, key: &str) -> Option<&'b JsonScalar<'a>> {
    let entry = fields.metadata.iter().find(|(name, _)| name == key);
    entry.map(|(_, value)| value).filter(|value| **value != JsonScalar::Null)
}

#[inline]
fn contribution(
    meter_index: MeterIndex,
    meter: &Meter,
    measured: &Measured<'_, '_>,
    names: &mut NameCache,
) -> Result<Contribution, Mistake> {
    let value = match meter.aggregation {
        Aggregation::Count => Quantity::ONE.0,
        Aggregation::Unique => unique_value(meter, measured)?,
        _ => decimal_value(meter, measured)?.0,
    };
    let values = meter.dimensions.iter().map(|dimension| dimension_value(dimension, measured));
    let dimensions = names.dimensions(values).map_err(|error| {
        Mistake::of_name(error, measured.fields.paths.metadata, &format!("dimensions of meter `{}`", meter.name))
    })?;
    Ok(Contribution { meter: meter_index, dimensions, value })
}

/// A missing dimension is the empty text.
fn dimension_value<'b>(dimension: &str, measured: &Measured<'_, 'b>) -> &'b str {
    if dimension == "endpoint" {
        return measured.endpoint;
    }
    metadata(measured.fields, dimension).map_or("", JsonScalar::canonical_text)
}

fn decimal_value(meter: &Meter, measured: &Measured<'_, '_>) -> Result<Quantity, Mistake> {
    let (value, path) = match &meter.value {
        ValueField::Quantity => return Ok(measured.quantity),
        ValueField::Cost => (Ok(measured.cost), measured.fields.paths.cost.to_owned()),
        ValueField::Metadata(key) => {
            let value = match metadata(measured.fields, key) {
                Some(JsonScalar::Number(token)) => Quantity::parse(token.as_bytes()).map_err(|error| error.to_string()),
                Some(_) => Err("not a number".to_owned()),
                None => Err("missing".to_owned()),
            };
            (value, pointer(measured.fields.paths.metadata, key))
        }
    };
    match value {
        Ok(value) if value < Quantity::ZERO && !meter.negative_allowed => {
            Err(Mistake::new(Code::InvalidValue, path, format!("meter `{}` takes no negative values", meter.name)))
        }
        Ok(value) => Ok(value),
        Err(reason) => {
            let hint = format!("meter `{}` reads its value here, a plain decimal number: {reason}", meter.name);
            Err(Mistake::new(Code::InvalidValue, path, hint))
        }
    }
}

/// A hash of the counted value; the number 1 and the text "1" are two values, the numbers 1 and 1.0 are one.
fn unique_value(meter: &Meter, measured: &Measured<'_, '_>) -> Result<i128, Mistake> {
    let mut hash = Xxh3::new();
    match &meter.value {
        ValueField::Quantity => hash.update(&measured.quantity.0.to_le_bytes()),
        ValueField::Cost => hash.update(&measured.cost.0.to_le_bytes()),
        ValueField::Metadata(key) => {
            let Some(value) = metadata(measured.fields, key) else {
                let hint = format!("meter `{}` counts the different values that stand here: missing", meter.name);
                return Err(Mistake::new(Code::InvalidValue, pointer(measured.fields.paths.metadata, key), hint));
            };
            hash.update(&[value.kind()]);
            hash.update(value.canonical_text().as_bytes());
        }
    }
    Ok(hash.digest128() as i128)
}
