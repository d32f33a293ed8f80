//! The order of the rows in the files: by names, so that it says nothing about hashes, workers or epochs.

use highwater_dataflows::event::{DimensionsKey, MeterIndex, OrganizationKey};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use std::collections::HashMap;

/// The JSON texts of the names in the rows, and their ranks: comparing a rank is comparing the name.
pub struct Ranks {
    organizations: HashMap<OrganizationKey, u32, foldhash::fast::RandomState>,
    /// In the order of rank; quoted and escaped.
    organization_texts: Vec<String>,
    meters: HashMap<MeterIndex, u32>,
    meter_texts: Vec<String>,
    dimensions: HashMap<DimensionsKey, (u32, MeterlessValues)>,
}

/// The values of a combination of dimensions, in the meter's declared order.
type MeterlessValues = Vec<std::sync::Arc<str>>;

/// Where a row of one organization, meter and combination of dimensions stands.
pub type SeriesRank = (u32, u32, u32);

impl Ranks {
    pub fn of(
        series: impl Iterator<Item = (OrganizationKey, MeterIndex, DimensionsKey)>,
        names: &Names,
        meters: &MeterBook,
    ) -> Ranks {
        let mut organizations: HashMap<OrganizationKey, u32, foldhash::fast::RandomState> = HashMap::default();
        let mut meter_ranks: HashMap<MeterIndex, u32> = HashMap::new();
        let mut dimension_ranks: HashMap<DimensionsKey, (u32, MeterlessValues)> = HashMap::new();
        for (organization, meter, dimensions) in series {
            organizations.entry(organization).or_default();
            meter_ranks.entry(meter).or_default();
            dimension_ranks.entry(dimensions).or_default();
        }
        let mut by_name: Vec<_> =
            organizations.keys().map(|key| (names.organization(*key).unwrap_or_default(), *key)).collect();
        by_name.sort();
        let organization_texts = by_name.iter().map(|(name, _)| quoted(name)).collect();
        for (rank, (_, key)) in by_name.iter().enumerate() {
            organizations.insert(*key, rank as u32);
        }
        let mut by_meter: Vec<_> =
            meter_ranks.keys().map(|index| (meters.meter(*index).name.clone(), *index)).collect();
        by_meter.sort();
        let meter_texts = by_meter.iter().map(|(name, _)| quoted(name)).collect();
        for (rank, (_, index)) in by_meter.iter().enumerate() {
            meter_ranks.insert(*index, rank as u32);
        }
        let mut by_values: Vec<_> =
            dimension_ranks.keys().map(|key| (names.dimensions(*key).unwrap_or_default(), *key)).collect();
        by_values.sort();
        for (rank, (values, key)) in by_values.into_iter().enumerate() {
            dimension_ranks.insert(key, (rank as u32, values));
        }
        Ranks { organizations, organization_texts, meters: meter_ranks, meter_texts, dimensions: dimension_ranks }
    }

    pub fn organizations(&self) -> usize {
        self.organization_texts.len()
    }

    pub fn rank(&self, organization: OrganizationKey, meter: MeterIndex, dimensions: DimensionsKey) -> SeriesRank {
        let dimensions = self.dimensions.get(&dimensions).map_or(0, |(rank, _)| *rank);
        (self.organizations[&organization], self.meters[&meter], dimensions)
    }

    pub fn organization(&self, rank: SeriesRank) -> &str {
        &self.organization_texts[rank.0 as usize]
    }

    pub fn meter(&self, rank: SeriesRank) -> &str {
        &self.meter_texts[rank.1 as usize]
    }

    /// `{"region":"eu"}`, keys as the meter declares them.
    pub fn dimensions(&self, meters: &MeterBook, meter: MeterIndex, dimensions: DimensionsKey) -> String {
        let values = self.dimensions.get(&dimensions).map_or(&[][..], |(_, values)| values);
        let pairs: Vec<String> = meters
            .meter(meter)
            .dimensions
            .iter()
            .zip(values)
            .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)))
            .collect();
        format!("{{{}}}", pairs.join(","))
    }
}

/// As JSON text.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
