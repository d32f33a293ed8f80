-- Seasons, trials and pauses on usage lines, and the lines that no meter makes: base prices, add-ons, true-ups.

ALTER TABLE highwater_store.rated_lines
    ADD COLUMN IF NOT EXISTS kind LowCardinality(String) DEFAULT 'usage' COMMENT 'What the line charges for: usage.' AFTER line_id,
    ADD COLUMN IF NOT EXISTS adjustments Array(String) COMMENT 'Ids of the seasonal adjustments that apply, in the order of their application.' AFTER overrides,
    ADD COLUMN IF NOT EXISTS price_percent Decimal(38, 12) DEFAULT 100 COMMENT 'What the prices in terms are multiplied with, in percent: 50 for temporary users at half price, 125 above a limit that scales. Exact.' AFTER adjustments,
    ADD COLUMN IF NOT EXISTS apart LowCardinality(String) COMMENT 'trial or pause where the usage is set apart from its period''s allowance and tiers, else empty.' AFTER price_percent,
    DROP COLUMN IF EXISTS line_kind;

CREATE TABLE IF NOT EXISTS highwater_store.recurring_lines
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    kind LowCardinality(String) COMMENT 'What the line charges for: base_price, add_on or true_up.',
    name LowCardinality(String) COMMENT 'The plan of a base price or true-up, the add-on of an add-on.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive.',
    line_id String COMMENT 'The line''s own name: the same for the same organization, period, kind, name and span, over restarts and corrections.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of the stretch, exclusive.',
    billing LowCardinality(String) COMMENT 'in_advance: due when the period begins; in_arrears: due when it has ended.',
    subscription String COMMENT 'Id of the subscription in force.',
    plan LowCardinality(String) COMMENT 'The plan in force.',
    price_version DateTime64(6, 'UTC') COMMENT 'effective_from of the version of the plan or add-on that brought the price.',
    overrides Array(String) COMMENT 'Ids of the overrides that apply, in the order of their application.',
    price Decimal(38, 12) COMMENT 'Price of a whole period and one unit; of a true-up the commitment of the period. In units of the currency, exact.',
    quantity Decimal(38, 9) COMMENT 'Units: the seats of a base price, the quantity of an add-on, 1 for a true-up.',
    charged_seconds UInt64 COMMENT 'How long the stretch is. Its share of whole_seconds is charged.',
    whole_seconds UInt64 COMMENT 'How long the whole civil period is, also where a subscription begins or ends inside it.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount Decimal(38, 12) COMMENT 'The amount in units of the currency, rounded once to the minor unit, half away from zero.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no amount: amount_overflow, mixed_currencies, too_many_periods, and for a true-up any error of its period.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, kind, name, span_start)
COMMENT 'Recurring lines: base prices, add-ons and true-ups to commitments. State rows, absolute, replaced by greater versions.';
