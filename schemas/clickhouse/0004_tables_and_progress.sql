-- The rows that terms are made of, and how far everything else is definite.

CREATE TABLE IF NOT EXISTS highwater_store.table_rows
(
    table LowCardinality(String) COMMENT 'meters, plans, add_ons, subscriptions, overrides, grants or adjustments.',
    key String COMMENT 'What a newer row replaces: the name, id, or name@effective_from.',
    organization_id String COMMENT 'The customer that the row is about; empty where it is about nobody in particular.',
    valid_from Nullable(DateTime64(6, 'UTC')) COMMENT 'From when on the row holds, inclusive, in UTC; NULL where it always did.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when the row holds, exclusive, in UTC; NULL where the row names no end.',
    row String COMMENT 'The whole row as JSON, as schemas/tables describes it.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (table, key)
COMMENT 'Meters, plans, add-ons, subscriptions, overrides, grants and adjustments as they were last received.';

CREATE TABLE IF NOT EXISTS highwater_store.progress
(
    table LowCardinality(String) COMMENT 'The table that the row speaks of.',
    generation UInt64 COMMENT 'Counts the starts of Highwater. A greater generation''s rows replace a smaller one''s.',
    epoch UInt64 COMMENT 'The last epoch of this generation whose rows are all in the table.',
    event_time_max Nullable(DateTime64(6, 'UTC')) COMMENT 'The greatest event time that was accepted up to this epoch, in UTC; NULL before the first event.',
    lag_ms Nullable(UInt64) COMMENT 'How long ago the epoch was sealed when its rows were in the table, in milliseconds.',
    `positions.source` Array(LowCardinality(String)) COMMENT 'The partitions that the epoch has read: kafka, log or file. The positions columns belong together.',
    `positions.topic` Array(String) COMMENT 'The topic, the log''s stream or the file of each partition.',
    `positions.partition` Array(UInt32) COMMENT 'The number of each partition.',
    `positions.next_offset` Array(UInt64) COMMENT 'Everything below this offset of the partition is in the table.',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written, in UTC.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY table
COMMENT 'How far each table is definite. Written after the rows it speaks of: state rows are absolute, so a reader sees each key at this epoch or a later one, never half-counted.';
