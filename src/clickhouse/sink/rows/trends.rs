//! `trends` and `anomalies`.

use super::amount::Amount;
use super::decimal;
use clickhouse::Row;
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::trends::changes::{AnomalyKey, AnomalyValue, Bill, Threshold, Trend};
use highwater_rating::number::Quantity;
use highwater_rating::rate::RateError;
use highwater_rating::time::EventTime;
use serde::Serialize;

#[derive(Default, Row, Serialize)]
pub struct TrendRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    present_day: i64,
    period_start: i64,
    period_end: i64,
    used: i128,
    usage_expected: i128,
    usage_low_80: i128,
    usage_high_80: i128,
    usage_low_95: i128,
    usage_high_95: i128,
    departs: u8,
    currency: &'a str,
    bill_expected: i128,
    bill_low_80: i128,
    bill_high_80: i128,
    bill_low_95: i128,
    bill_high_95: i128,
    error: String,
    limit_quantity: Option<i128>,
    limit_reached_at: Option<i64>,
    limit_earliest_80: Option<i64>,
    limit_latest_80: Option<i64>,
    limit_earliest_95: Option<i64>,
    limit_latest_95: Option<i64>,
    credits_end_quantity: Option<i128>,
    credits_end_reached_at: Option<i64>,
    credits_end_earliest_80: Option<i64>,
    credits_end_latest_80: Option<i64>,
    credits_end_earliest_95: Option<i64>,
    credits_end_latest_95: Option<i64>,
    next_tier_quantity: Option<i128>,
    next_tier_reached_at: Option<i64>,
    next_tier_earliest_80: Option<i64>,
    next_tier_latest_80: Option<i64>,
    next_tier_earliest_95: Option<i64>,
    next_tier_latest_95: Option<i64>,
    level: i128,
    trend: i128,
    week: Vec<i128>,
    history_days: u32,
    hour_averages: Vec<i128>,
    peak_hour: Option<u8>,
    idle_start: Option<u8>,
    idle_hours: Option<u8>,
    version: u64,
    is_deleted: u8,
}

impl<'a> TrendRow<'a> {
    pub fn new(trend: Option<&'a Trend>, organization_id: &'a str, meter: &'a str, version: u64) -> TrendRow<'a> {
        let gone = TrendRow { organization_id, meter, version, is_deleted: 1, ..TrendRow::default() };
        let Some(trend) = trend else { return gone };
        let mut row = TrendRow {
            present_day: trend.present_day.0,
            period_start: trend.period.start.0,
            period_end: trend.period.end.0,
            departs: trend.departs.into(),
            history_days: trend.history_days,
            is_deleted: 0,
            ..gone
        };
        if let Err(error) = row.fill(trend) {
            row.error = error.to_string();
        }
        row
    }

    /// What fits its columns, up to the first number that does not.
    fn fill(&mut self, trend: &'a Trend) -> Result<(), RateError> {
        let quantity = |quantity: Quantity| decimal(quantity.0).ok_or(RateError::QuantityOverflow);
        self.used = quantity(trend.used)?;
        self.usage_expected = quantity(trend.usage.expected)?;
        self.usage_low_80 = quantity(trend.usage.low_80)?;
        self.usage_high_80 = quantity(trend.usage.high_80)?;
        self.usage_low_95 = quantity(trend.usage.low_95)?;
        self.usage_high_95 = quantity(trend.usage.high_95)?;
        self.level = quantity(trend.level)?;
        self.trend = quantity(trend.trend)?;
        self.week = trend.week.iter().map(|share| quantity(*share)).collect::<Result<_, _>>()?;
        if let Some(pattern) = &trend.pattern {
            self.hour_averages = pattern.averages.iter().map(|hour| quantity(*hour)).collect::<Result<_, _>>()?;
            self.peak_hour = Some(pattern.peak);
            self.idle_start = Some(pattern.idle_start);
            self.idle_hours = Some(pattern.idle_hours);
        }
        self.fill_thresholds(trend)?;
        self.fill_bill(trend.bill.as_ref().map_err(|error| *error)?)
    }

    fn fill_thresholds(&mut self, trend: &Trend) -> Result<(), RateError> {
        let columns = |threshold: &Option<Threshold>| -> Result<_, RateError> {
            let Some(Threshold { quantity, reaching }) = threshold else { return Ok((None, [None; 5])) };
            let scaled = decimal(quantity.0).ok_or(RateError::QuantityOverflow)?;
            let instants =
                [reaching.expected, reaching.earliest_80, reaching.latest_80, reaching.earliest_95, reaching.latest_95];
            Ok((Some(scaled), instants.map(|instant| instant.map(|EventTime(instant)| instant))))
        };
        let (quantity, [expected, earliest_80, latest_80, earliest_95, latest_95]) = columns(&trend.limit)?;
        self.limit_quantity = quantity;
        self.limit_reached_at = expected;
        (self.limit_earliest_80, self.limit_latest_80) = (earliest_80, latest_80);
        (self.limit_earliest_95, self.limit_latest_95) = (earliest_95, latest_95);
        let (quantity, [expected, earliest_80, latest_80, earliest_95, latest_95]) = columns(&trend.credits_end)?;
        self.credits_end_quantity = quantity;
        self.credits_end_reached_at = expected;
        (self.credits_end_earliest_80, self.credits_end_latest_80) = (earliest_80, latest_80);
        (self.credits_end_earliest_95, self.credits_end_latest_95) = (earliest_95, latest_95);
        let (quantity, [expected, earliest_80, latest_80, earliest_95, latest_95]) = columns(&trend.next_tier)?;
        self.next_tier_quantity = quantity;
        self.next_tier_reached_at = expected;
        (self.next_tier_earliest_80, self.next_tier_latest_80) = (earliest_80, latest_80);
        (self.next_tier_earliest_95, self.next_tier_latest_95) = (earliest_95, latest_95);
        Ok(())
    }

    fn fill_bill(&mut self, bill: &'a Bill) -> Result<(), RateError> {
        let amount = |minor_units| Amount::of(minor_units, &bill.currency).map(|amount| amount.scaled);
        let of = &bill.minor_units;
        let amounts = [of.expected, of.low_80, of.high_80, of.low_95, of.high_95];
        let [expected, low_80, high_80, low_95, high_95] = amounts.map(amount);
        (self.bill_expected, self.bill_low_80, self.bill_high_80) = (expected?, low_80?, high_80?);
        (self.bill_low_95, self.bill_high_95) = (low_95?, high_95?);
        self.currency = &bill.currency;
        Ok(())
    }
}

#[derive(Row, Serialize)]
pub struct AnomalyRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    window_size: &'a str,
    window_start: i64,
    quantity: i128,
    expected: i128,
    score: i128,
    version: u64,
    is_deleted: u8,
}

impl<'a> AnomalyRow<'a> {
    pub fn new(
        key: &AnomalyKey,
        value: Option<&AnomalyValue>,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> AnomalyRow<'a> {
        let window_size = if key.size == WindowSize::Day { "day" } else { "hour" };
        // A total that a column cannot hold was an overflow before it was an anomaly.
        let column = |of: fn(&AnomalyValue) -> Quantity| value.and_then(|it| decimal(of(it).0)).unwrap_or_default();
        AnomalyRow {
            organization_id,
            meter,
            window_size,
            window_start: key.start.0,
            quantity: column(|it| it.quantity),
            expected: column(|it| it.expected),
            score: column(|it| it.score),
            version,
            is_deleted: value.is_none().into(),
        }
    }
}
