-- What whole organizations will pay for their running periods, and where unit credits end.

ALTER TABLE highwater_store.trends
    ADD COLUMN IF NOT EXISTS credits_end_quantity Nullable(Decimal(38, 9)) COMMENT 'Where unit credits are used up, in usage of the period; NULL without any.' AFTER limit_latest_95,
    ADD COLUMN IF NOT EXISTS credits_end_reached_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the end of unit credits is reached most likely, to the minute; NULL: not in this period.' AFTER credits_end_quantity,
    ADD COLUMN IF NOT EXISTS credits_end_earliest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 80 % interval.' AFTER credits_end_reached_at,
    ADD COLUMN IF NOT EXISTS credits_end_latest_80 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 80 % interval.' AFTER credits_end_earliest_80,
    ADD COLUMN IF NOT EXISTS credits_end_earliest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the upper end of the 95 % interval.' AFTER credits_end_latest_80,
    ADD COLUMN IF NOT EXISTS credits_end_latest_95 Nullable(DateTime64(6, 'UTC')) COMMENT 'The same with usage at the lower end of the 95 % interval.' AFTER credits_end_earliest_95;

CREATE TABLE IF NOT EXISTS highwater_store.bill_forecasts
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
    error LowCardinality(String) COMMENT 'Empty, or why there are no amounts: the error of a meter, a recurring line or a ledger.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (organization_id, currency)
COMMENT 'What the running billing period of each organization will most likely cost, by currency. State rows, absolute, replaced by greater versions.';
