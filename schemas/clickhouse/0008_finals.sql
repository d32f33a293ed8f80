-- Final periods: what was frozen, what is to be corrected, and what has become known of lines that were billed.

ALTER TABLE highwater_store.progress
    ADD COLUMN IF NOT EXISTS watermark Nullable(DateTime64(6, 'UTC')) COMMENT 'How far event time has come, in UTC: periods are final by it. NULL before it is known.' AFTER event_time_max;

ALTER TABLE highwater_store.usage_events
    ADD COLUMN IF NOT EXISTS retract_topic LowCardinality(String) COMMENT 'Of a retracted event: the topic, stream or file of the record that took it out.' AFTER place_offset,
    ADD COLUMN IF NOT EXISTS retract_partition Nullable(UInt32) COMMENT 'Of a retracted event: the partition of the record that took it out.' AFTER retract_topic,
    ADD COLUMN IF NOT EXISTS retract_offset Nullable(UInt64) COMMENT 'Of a retracted event: the offset of the record that took it out.' AFTER retract_partition;

CREATE TABLE IF NOT EXISTS highwater_store.close_records
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    revision UInt32 COMMENT '1 when the period was closed; later ones have only corrections, of an organization without a next period.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of every line of the record.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    lines UInt64 COMMENT 'How many lines in final_lines belong to the record.',
    total_minor_units Int128 COMMENT 'The sum of their rounded amounts, in the currency''s minor unit.',
    checksum String COMMENT 'The 128-bit xxh3 over the lines in order of line_id, in hex.',
    final_at DateTime64(6, 'UTC') COMMENT 'The watermark that made the period final.',
    `positions.topic` Array(String) COMMENT 'How far each partition was read when the record was made: its topic, stream or file.',
    `positions.partition` Array(UInt32) COMMENT 'The number of each partition.',
    `positions.next_offset` Array(UInt64) COMMENT 'What stands below this offset of the partition is in the record.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, revision, currency)
COMMENT 'Final periods: one record an organization, period, revision and currency. Written once; writing one again writes the same.';

CREATE TABLE IF NOT EXISTS highwater_store.final_lines
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period that bills the line, inclusive, as an instant in UTC.',
    revision UInt32 COMMENT 'The revision of the period that bills the line.',
    line_id String COMMENT 'The line''s own name. A correction or reversal has one of its own.',
    kind LowCardinality(String) COMMENT 'What the line charges for: usage, base_price, add_on, true_up, credit, correction or reversal.',
    name LowCardinality(String) COMMENT 'The meter, plan or add-on.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period that bills the line, exclusive.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive; of a correction or reversal that of the corrected line.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    events UInt64 COMMENT 'How many accepted events the span held when the line was frozen.',
    quantity Decimal(38, 9) COMMENT 'The quantity that was billed; below zero in a reversal.',
    included_quantity Decimal(38, 9) COMMENT 'The allowance that the line was rated with.',
    overage Decimal(38, 9) COMMENT 'Units that were charged for; below zero in a reversal.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount_minor_units Int128 COMMENT 'The amount in the currency''s minor unit, rounded once.',
    `tiers.tier` Array(UInt32) COMMENT 'Which tiers the overage fell into, counted from 0; the three tiers columns belong together.',
    `tiers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units fell into each tier.',
    `tiers.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What each tier''s units cost, in units of the currency, before rounding.',
    terms String COMMENT 'What the line was rated by, with the version of every part, as JSON.',
    corrects_line_id String COMMENT 'Of a correction or reversal: the line of the final period that it corrects; else empty.',
    corrects_period_start Nullable(DateTime64(6, 'UTC')) COMMENT 'Of a correction or reversal: the final period that it corrects.',
    corrects_kind LowCardinality(String) COMMENT 'Of a correction or reversal: the kind of the corrected line; else empty.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, revision, line_id)
COMMENT 'The lines of final periods, as they were frozen. Written once; writing one again writes the same.';

CREATE TABLE IF NOT EXISTS highwater_store.pending_corrections
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the final period that is to be corrected.',
    line_id String COMMENT 'The line of that period.',
    kind LowCardinality(String) COMMENT 'What that line charges for.',
    name LowCardinality(String) COMMENT 'The meter, plan or add-on.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    cause LowCardinality(String) COMMENT 'Why the line has changed: events, terms, events_and_terms or carry.',
    billed_period_start DateTime64(6, 'UTC') COMMENT 'Start of the period that will bill the correction.',
    billed_period_end DateTime64(6, 'UTC') COMMENT 'End of that period, exclusive.',
    billed_revision UInt32 COMMENT 'The revision that will bill it; above 1 where the organization has no next period.',
    reversal_line_id String COMMENT 'The name that the reversal will have; empty where nothing was billed.',
    correction_line_id String COMMENT 'The name that the correction will have; empty where the line is gone.',
    quantity_before Decimal(38, 9) COMMENT 'The quantity that was billed last; 0 where nothing was.',
    quantity_after Decimal(38, 9) COMMENT 'The quantity as it is known now; 0 where the line is gone.',
    events_before UInt64 COMMENT 'How many events the line had when it was billed last.',
    events_after UInt64 COMMENT 'How many events it has now.',
    currency_before LowCardinality(String) COMMENT 'ISO 4217 code of the amount that was billed last; empty where nothing was.',
    currency_after LowCardinality(String) COMMENT 'ISO 4217 code of the amount as it is known now; empty where the line is gone.',
    amount_unrounded_before Decimal(38, 18) COMMENT 'The exact amount that was billed last, in units of its currency.',
    amount_unrounded_after Decimal(38, 18) COMMENT 'The exact amount as it is known now, in units of its currency.',
    amount_minor_units_before Int128 COMMENT 'The amount that was billed last, in its currency''s minor unit.',
    amount_minor_units_after Int128 COMMENT 'The amount as it is known now, in its currency''s minor unit.',
    terms_before String COMMENT 'What it was rated by when it was billed last, as JSON.',
    terms_after String COMMENT 'What it is rated by now, as JSON.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, line_id)
COMMENT 'Lines of final periods that are no longer what was billed for them. State rows, absolute, until a period bills them.';

CREATE TABLE IF NOT EXISTS highwater_store.held_periods
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    reason LowCardinality(String) COMMENT 'Why the period has no amount, as a word: see error in period_usage.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (organization_id, period_start)
COMMENT 'Periods that should be final and have no amount. They are closed when they have one.';

CREATE TABLE IF NOT EXISTS highwater_store.rated_line_history
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the final period, inclusive, as an instant in UTC.',
    line_id String COMMENT 'The line''s own name.',
    version UInt64 COMMENT 'generation * 2^40 + epoch from which the line was known so.',
    at_close UInt8 COMMENT '1 for what was frozen when the period was closed; 0 for what became known later.',
    is_gone UInt8 COMMENT '1 where the line was no longer there.',
    kind LowCardinality(String) COMMENT 'What the line charges for.',
    name LowCardinality(String) COMMENT 'The meter, plan or add-on.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    events UInt64 COMMENT 'How many accepted events the span held.',
    quantity Decimal(38, 9) COMMENT 'The quantity.',
    included_quantity Decimal(38, 9) COMMENT 'The allowance that the line was rated with.',
    overage Decimal(38, 9) COMMENT 'Units that were charged for.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount_minor_units Int128 COMMENT 'The amount in the currency''s minor unit, rounded once.',
    terms String COMMENT 'What the line was rated by, with the version of every part, as JSON.',
    written_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, line_id, version, at_close)
COMMENT 'What was known of the lines of final periods, and from when on. A row for what was frozen and one for each change since.';
