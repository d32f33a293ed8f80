-- What a billing period costs, and the lines that its cost is made of.

CREATE TABLE IF NOT EXISTS highwater_store.period_usage
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: a name from the table of meters.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive. Periods are civil in the customer''s time zone; this is the instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive; equal to period_start where error is set.',
    plan LowCardinality(String) COMMENT 'The plan in force in the last stretch of the period that has usage.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost.',
    events UInt64 COMMENT 'How many accepted events the period holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the period, exact to nine fractional digits.',
    limit Nullable(Decimal(38, 9)) COMMENT 'The allowance: units that cost nothing. NULL where the plan does not charge the meter.',
    overage Decimal(38, 9) COMMENT 'Units that are charged for: what lies above the allowance.',
    cost Decimal(38, 12) COMMENT 'What the period costs, in units of the currency: the sum of its lines'' rounded amounts.',
    cost_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no cost: quantity_overflow, amount_overflow, mixed_currencies, unknown_currency, invalid_charge.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, meter, period_start)
COMMENT 'Usage and cost by billing period: one state row an organization, meter and period, absolute, replaced by greater versions.';

CREATE TABLE IF NOT EXISTS highwater_store.rated_lines
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: a name from the table of meters.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch of the period in which the line''s terms hold, inclusive.',
    line_id String COMMENT 'The line''s own name: the same for the same organization, meter, period and span, over restarts and corrections.',
    line_kind Enum8('usage' = 1, 'flat' = 2, 'minimum' = 3, 'credit' = 4, 'correction' = 5) COMMENT 'What the line charges for.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of the stretch in which the line''s terms hold, exclusive.',
    subscription String COMMENT 'Id of the subscription in force.',
    plan LowCardinality(String) COMMENT 'The plan in force.',
    plan_version DateTime64(6, 'UTC') COMMENT 'effective_from of the version of the plan that brought these terms.',
    overrides Array(String) COMMENT 'Ids of the overrides that apply, in the order of their application.',
    terms String COMMENT 'The charge in force with the overrides applied, as JSON.',
    events UInt64 COMMENT 'How many accepted events the span holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the span, exact to nine fractional digits.',
    included_quantity Decimal(38, 9) COMMENT 'The allowance that the line was rated with.',
    overage_quantity Decimal(38, 9) COMMENT 'Units that the line charges for. Below zero where usage is taken back that an earlier span was charged for.',
    `tiers.tier` Array(UInt32) COMMENT 'Which tiers the overage fell into, counted from 0; the three tiers columns belong together.',
    `tiers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units fell into each tier.',
    `tiers.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What each tier''s units cost, in units of the currency, before rounding.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount Decimal(38, 12) COMMENT 'The amount in units of the currency, rounded once to the minor unit, half away from zero.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, meter, period_start, span_start)
COMMENT 'Rated lines: what each stretch of a period with one set of terms costs. State rows, absolute, replaced by greater versions.';
