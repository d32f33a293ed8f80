-- Usage by window. Rows are absolute, so that writing one again changes nothing; the partition is a function of the
-- sorting key, without which two versions of a row could lie in different partitions and never meet.

CREATE TABLE IF NOT EXISTS highwater_store.usage_minute
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: a name from the table of meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the minute in UTC; the window is half-open, [start, start + 1 minute).',
    dimensions_key UInt64 COMMENT 'Stands for the combination of dimension values in the sorting key; 0 where the meter declares none.',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits; 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(window_start)
ORDER BY (organization_id, meter, window_start, dimensions_key)
COMMENT 'Usage by minute: one state row a window and combination of dimensions, absolute, replaced by greater versions.';

CREATE TABLE IF NOT EXISTS highwater_store.usage_hour
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: a name from the table of meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the hour in UTC; the window is half-open, [start, start + 1 hour).',
    dimensions_key UInt64 COMMENT 'Stands for the combination of dimension values in the sorting key; 0 where the meter declares none.',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits; 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(window_start)
ORDER BY (organization_id, meter, window_start, dimensions_key)
COMMENT 'Usage by hour: one state row a window and combination of dimensions, absolute, replaced by greater versions.';

CREATE TABLE IF NOT EXISTS highwater_store.usage_day
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: a name from the table of meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the day in UTC; the window is half-open, [start, start + 1 day).',
    dimensions_key UInt64 COMMENT 'Stands for the combination of dimension values in the sorting key; 0 where the meter declares none.',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits; 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(window_start)
ORDER BY (organization_id, meter, window_start, dimensions_key)
COMMENT 'Usage by day: one state row a window and combination of dimensions, absolute, replaced by greater versions.';

