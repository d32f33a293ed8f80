-- Forecasts and anomalies.

CREATE OR REPLACE VIEW highwater.trends
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'The meter; only those that add up (count, sum) have a row.',
    present_day DateTime64(6, 'UTC') COMMENT 'Start of the day that is not over, in UTC: the forecast is made from the days before it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the running billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    used Decimal(38, 9) COMMENT 'What the period has used before the present day. Exact.',
    usage_expected Decimal(38, 9) COMMENT 'Usage of the whole period that is most likely, an estimate in the meter''s own digits.',
    usage_low_80 Decimal(38, 9) COMMENT 'Usage of the period: lower end of the interval that holds it in 80 % of cases.',
    usage_high_80 Decimal(38, 9) COMMENT 'Usage of the period: upper end of that interval.',
    usage_low_95 Decimal(38, 9) COMMENT 'Usage of the period: lower end of the interval that holds it in 95 % of cases.',
    usage_high_95 Decimal(38, 9) COMMENT 'Usage of the period: upper end of that interval.',
    departs Bool COMMENT 'Whether the present day has used more already than its 95 % interval gave it; the forecast then follows it.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the bill; empty without a bill.',
    bill_expected Decimal(38, 12) COMMENT 'What the pricing function says that usage costs: this meter''s lines of the period, in units of the currency.',
    bill_low_80 Decimal(38, 12) COMMENT 'The bill: lower end of the interval that holds it in 80 % of cases.',
    bill_high_80 Decimal(38, 12) COMMENT 'The bill: upper end of that interval.',
    bill_low_95 Decimal(38, 12) COMMENT 'The bill: lower end of the interval that holds it in 95 % of cases.',
    bill_high_95 Decimal(38, 12) COMMENT 'The bill: upper end of that interval.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no bill: the error that rating gives.',
    limit_quantity Nullable(Decimal(38, 9)) COMMENT 'Where the allowance of the charge in force on the present day ends, in usage of the period; NULL without a charge.',
    limit_reached_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the end of the allowance is reached most likely, to the minute; NULL: not in this period.',
    limit_earliest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 80 % interval.',
    limit_latest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 80 % interval.',
    limit_earliest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 95 % interval.',
    limit_latest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 95 % interval.',
    credits_end_quantity Nullable(Decimal(38, 9)) COMMENT 'Where unit credits are used up, in usage of the period; NULL without any.',
    credits_end_reached_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the end of unit credits is reached most likely, to the minute; NULL: not in this period.',
    credits_end_earliest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 80 % interval.',
    credits_end_latest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 80 % interval.',
    credits_end_earliest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 95 % interval.',
    credits_end_latest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 95 % interval.',
    next_tier_quantity Nullable(Decimal(38, 9)) COMMENT 'Where the next tier of that charge begins; NULL where there is none above.',
    next_tier_reached_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the next tier is reached most likely, to the minute; NULL: not in this period.',
    next_tier_earliest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 80 % interval.',
    next_tier_latest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 80 % interval.',
    next_tier_earliest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 95 % interval.',
    next_tier_latest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 95 % interval.',
    level Decimal(38, 9) COMMENT 'What an average day is expected to bring.',
    trend Decimal(38, 9) COMMENT 'By how much more, or below zero less, each day.',
    week Array(Decimal(38, 9)) COMMENT 'Shares of an average day: seven, Monday first, in UTC.',
    history_days UInt32 COMMENT 'How many closed days the forecast was made from.',
    hour_averages Array(Decimal(38, 9)) COMMENT 'What each hour of the week brings on average over the last eight weeks: 168, Monday 00:00 UTC first; empty before a week is over.',
    peak_hour Nullable(UInt8) COMMENT 'The hour of the week with the most usage, from 0; NULL before a week is over.',
    idle_start Nullable(UInt8) COMMENT 'Where the longest run of hours below a tenth of the average hour begins.',
    idle_hours Nullable(UInt8) COMMENT 'How long that run is, 0 for none.'
)
COMMENT 'What each running billing period will most likely come to: usage, bill, and when its limit and next tier are reached. Made anew when a day closes, when a closed day or the terms change, and when the present day departs.'
AS SELECT organization_id, meter, present_day, period_start, period_end, used, usage_expected, usage_low_80, usage_high_80, usage_low_95, usage_high_95, departs
    = 1 AS departs, currency, bill_expected, bill_low_80, bill_high_80, bill_low_95, bill_high_95, error, limit_quantity, limit_reached_at,
    limit_earliest_80, limit_latest_80, limit_earliest_95, limit_latest_95,
    credits_end_quantity, credits_end_reached_at, credits_end_earliest_80, credits_end_latest_80, credits_end_earliest_95, credits_end_latest_95, next_tier_quantity, next_tier_reached_at, next_tier_earliest_80,
    next_tier_latest_80, next_tier_earliest_95, next_tier_latest_95, level, trend, week, history_days, hour_averages, peak_hour, idle_start, idle_hours
FROM highwater_store.trends FINAL;

CREATE OR REPLACE VIEW highwater.anomalies
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'The meter.',
    window_size LowCardinality(String) COMMENT 'hour or day.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the closed hour or day, in UTC.',
    quantity Decimal(38, 9) COMMENT 'What it used. Exact.',
    expected Decimal(38, 9) COMMENT 'What was expected of it the day before, an estimate.',
    score Decimal(38, 9) COMMENT 'How many usual deviations it lies above that, or below zero under it: at least 4 for a day, 8 for an hour.'
)
COMMENT 'Closed hours and days whose usage was not as expected, with a score. A score never changes when later days close; a late event or a retract moves it.'
AS SELECT organization_id, meter, window_size, window_start, quantity, expected, score
FROM highwater_store.anomalies FINAL;

CREATE OR REPLACE VIEW highwater.bill_forecasts
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    present_day DateTime64(6, 'UTC') COMMENT 'Start of the day that is not over, in UTC: the forecasts are made from the days before it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the running billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    usage_expected Decimal(38, 12) COMMENT 'What the lines of all meters will cost most likely, in units of the currency, before money credits.',
    usage_low_80 Decimal(38, 12) COMMENT 'Lines of all meters: lower end of the interval that holds it in 80 % of cases.',
    usage_high_80 Decimal(38, 12) COMMENT 'Lines of all meters: upper end of that interval.',
    usage_low_95 Decimal(38, 12) COMMENT 'Lines of all meters: lower end of the interval that holds it in 95 % of cases.',
    usage_high_95 Decimal(38, 12) COMMENT 'Lines of all meters: upper end of that interval.',
    recurring Decimal(38, 12) COMMENT 'Base prices and add-ons of the period. Exact.',
    true_up_expected Decimal(38, 12) COMMENT 'What will be missing to the commitment most likely.',
    true_up_low_80 Decimal(38, 12) COMMENT 'The true-up: lower end of the interval that holds it in 80 % of cases.',
    true_up_high_80 Decimal(38, 12) COMMENT 'The true-up: upper end of that interval.',
    true_up_low_95 Decimal(38, 12) COMMENT 'The true-up: lower end of the interval that holds it in 95 % of cases.',
    true_up_high_95 Decimal(38, 12) COMMENT 'The true-up: upper end of that interval.',
    credits_expected Decimal(38, 12) COMMENT 'What money credits will pay most likely, below zero.',
    credits_low_80 Decimal(38, 12) COMMENT 'Money credits: lower end of the interval that holds it in 80 % of cases.',
    credits_high_80 Decimal(38, 12) COMMENT 'Money credits: upper end of that interval.',
    credits_low_95 Decimal(38, 12) COMMENT 'Money credits: lower end of the interval that holds it in 95 % of cases.',
    credits_high_95 Decimal(38, 12) COMMENT 'Money credits: upper end of that interval.',
    total_expected Decimal(38, 12) COMMENT 'What the period will cost the customer most likely: usage, recurring, true_up and credits. Its interval takes all meters to lie at the same end of theirs together.',
    total_low_80 Decimal(38, 12) COMMENT 'The total: lower end of the interval that holds it in 80 % of cases.',
    total_high_80 Decimal(38, 12) COMMENT 'The total: upper end of that interval.',
    total_low_95 Decimal(38, 12) COMMENT 'The total: lower end of the interval that holds it in 95 % of cases.',
    total_high_95 Decimal(38, 12) COMMENT 'The total: upper end of that interval.',
    credits_left_expected Nullable(Decimal(38, 12)) COMMENT 'What will be left of money credits most likely, just before the period ends; NULL without a grant.',
    credits_left_low_80 Nullable(Decimal(38, 12)) COMMENT 'What is left of money credits: lower end of the interval that holds it in 80 % of cases.',
    credits_left_high_80 Nullable(Decimal(38, 12)) COMMENT 'What is left of money credits: upper end of that interval.',
    credits_left_low_95 Nullable(Decimal(38, 12)) COMMENT 'What is left of money credits: lower end of the interval that holds it in 95 % of cases.',
    credits_left_high_95 Nullable(Decimal(38, 12)) COMMENT 'What is left of money credits: upper end of that interval.',
    meters_forecast UInt32 COMMENT 'How many meters were forecast. Every other one, such as a level, counts with what is known of it now.',
    error LowCardinality(String) COMMENT 'Empty, or why there are no amounts: the error of a meter, a recurring line or a ledger.'
)
COMMENT 'What the running billing period of each organization will most likely cost: all meters, base prices and add-ons, what is missing to a commitment, less money credits. highwater.period_invoices has what it costs by now.'
AS SELECT organization_id, currency, present_day, period_start, period_end, usage_expected, usage_low_80, usage_high_80, usage_low_95, usage_high_95, recurring,
    true_up_expected, true_up_low_80, true_up_high_80, true_up_low_95, true_up_high_95, credits_expected, credits_low_80, credits_high_80, credits_low_95,
    credits_high_95, total_expected, total_low_80, total_high_80, total_low_95, total_high_95, credits_left_expected, credits_left_low_80,
    credits_left_high_80, credits_left_low_95, credits_left_high_95, meters_forecast, error
FROM highwater_store.bill_forecasts FINAL;
