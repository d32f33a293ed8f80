//! `bill_forecasts`.

use super::amount::Amount;
use clickhouse::Row;
use highwater_dataflows::trends::changes::{AmountEstimate, BillAmounts, BillForecast, BillKey};
use highwater_rating::rate::RateError;
use serde::Serialize;

#[derive(Default, Row, Serialize)]
pub struct BillForecastRow<'a> {
    organization_id: &'a str,
    currency: &'a str,
    present_day: i64,
    period_start: i64,
    period_end: i64,
    usage_expected: i128,
    usage_low_80: i128,
    usage_high_80: i128,
    usage_low_95: i128,
    usage_high_95: i128,
    recurring: i128,
    true_up_expected: i128,
    true_up_low_80: i128,
    true_up_high_80: i128,
    true_up_low_95: i128,
    true_up_high_95: i128,
    credits_expected: i128,
    credits_low_80: i128,
    credits_high_80: i128,
    credits_low_95: i128,
    credits_high_95: i128,
    total_expected: i128,
    total_low_80: i128,
    total_high_80: i128,
    total_low_95: i128,
    total_high_95: i128,
    credits_left_expected: Option<i128>,
    credits_left_low_80: Option<i128>,
    credits_left_high_80: Option<i128>,
    credits_left_low_95: Option<i128>,
    credits_left_high_95: Option<i128>,
    meters_forecast: u32,
    error: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> BillForecastRow<'a> {
    pub fn new(
        key: &'a BillKey,
        bill: Option<&BillForecast>,
        organization_id: &'a str,
        version: u64,
    ) -> BillForecastRow<'a> {
        let currency = &*key.currency;
        let gone = BillForecastRow { organization_id, currency, version, is_deleted: 1, ..BillForecastRow::default() };
        let Some(bill) = bill else { return gone };
        let row = BillForecastRow {
            present_day: bill.present_day.0,
            period_start: bill.period.start.0,
            period_end: bill.period.end.0,
            meters_forecast: bill.meters_forecast,
            is_deleted: 0,
            ..gone
        };
        let amounts = bill.amounts.as_ref().map_err(|error| *error);
        match amounts.and_then(|amounts| Columns::of(amounts, currency)) {
            Ok(columns) => columns.fill(row),
            Err(error) => BillForecastRow { error: error.to_string(), ..row },
        }
    }
}

/// Every amount within what its column holds.
struct Columns {
    usage: [i128; 5],
    recurring: i128,
    true_up: [i128; 5],
    credits: [i128; 5],
    total: [i128; 5],
    credits_left: Option<[i128; 5]>,
}

impl Columns {
    fn of(amounts: &BillAmounts, currency: &str) -> Result<Columns, RateError> {
        let amount = |minor_units| Amount::of(minor_units, currency).map(|amount| amount.scaled);
        let five = |of: &AmountEstimate| -> Result<[i128; 5], RateError> {
            let mut five = [of.expected, of.low_80, of.high_80, of.low_95, of.high_95];
            for part in &mut five {
                *part = amount(*part)?;
            }
            Ok(five)
        };
        Ok(Columns {
            usage: five(&amounts.usage)?,
            recurring: amount(amounts.recurring)?,
            true_up: five(&amounts.true_up)?,
            credits: five(&amounts.credits)?,
            total: five(&amounts.total)?,
            credits_left: amounts.credits_left.as_ref().map(five).transpose()?,
        })
    }

    fn fill<'a>(self, row: BillForecastRow<'a>) -> BillForecastRow<'a> {
        let [usage_expected, usage_low_80, usage_high_80, usage_low_95, usage_high_95] = self.usage;
        let [true_up_expected, true_up_low_80, true_up_high_80, true_up_low_95, true_up_high_95] = self.true_up;
        let [credits_expected, credits_low_80, credits_high_80, credits_low_95, credits_high_95] = self.credits;
        let [total_expected, total_low_80, total_high_80, total_low_95, total_high_95] = self.total;
        let left = |place: usize| self.credits_left.map(|left| left[place]);
        BillForecastRow {
            usage_expected,
            usage_low_80,
            usage_high_80,
            usage_low_95,
            usage_high_95,
            recurring: self.recurring,
            true_up_expected,
            true_up_low_80,
            true_up_high_80,
            true_up_low_95,
            true_up_high_95,
            credits_expected,
            credits_low_80,
            credits_high_80,
            credits_low_95,
            credits_high_95,
            total_expected,
            total_low_80,
            total_high_80,
            total_low_95,
            total_high_95,
            credits_left_expected: left(0),
            credits_left_low_80: left(1),
            credits_left_high_80: left(2),
            credits_left_low_95: left(3),
            credits_left_high_95: left(4),
            ..row
        }
    }
}
