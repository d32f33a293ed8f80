-- What became of every record, and the accepted events themselves.

CREATE TABLE IF NOT EXISTS highwater_store.usage_events
(
    organization_id String COMMENT 'The customer who pays, as the event names it.',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened, by the event''s own account, in UTC, exact to the microsecond.',
    source String COMMENT 'The event''s source; empty where it names none. With organization_id and id it is the event''s identity.',
    id String COMMENT 'The event''s id within its source.',
    feature LowCardinality(String) COMMENT 'What was used.',
    endpoint String COMMENT 'The route that was called; empty where the event names none.',
    quantity Decimal(38, 9) COMMENT 'How much, exact to nine fractional digits; 1 where the event does not say.',
    cost Decimal(38, 9) COMMENT 'Our own cost of serving it, in the currency of our books; 0 where the event does not say.',
    metadata Map(LowCardinality(String), String) COMMENT 'The event''s flat metadata. Numbers, true and false as they were written, texts without quotes.',
    meters Array(LowCardinality(String)) COMMENT 'The meters that count the event; empty where none does, and then it is charged to nothing.',
    retracted UInt8 COMMENT '1 where the event was taken out again; no number contains it.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition; for files that of the line''s first byte.',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written; it is kept 13 months from then on.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toDate(event_time)
ORDER BY (organization_id, event_time, source, id)
TTL toDateTime(written_at) + INTERVAL 13 MONTH
COMMENT 'The archive of accepted events, by day of the event. A replay writes each event over itself. Kept 13 months from writing.';

CREATE TABLE IF NOT EXISTS highwater_store.event_outcomes
(
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    source String COMMENT 'The event''s source; empty where it names none or could not be read.',
    id String COMMENT 'The event''s id; empty where it could not be read.',
    day Date32 COMMENT 'The day of receipt in UTC; 1970-01-01 where the source gives no time of receipt.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition; for files that of the line''s first byte.',
    outcome Enum8('accepted' = 1, 'duplicate' = 2, 'conflicting' = 3, 'late' = 4, 'rejected' = 5) COMMENT 'How the record ended. Accepted records are in usage_events, not here.',
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list; empty for duplicates.',
    path String COMMENT 'Where in the record the mistake is, as a JSON pointer; empty for the whole record.',
    hint String COMMENT 'What to do about it.',
    raw String COMMENT 'The record''s bytes as they came; empty for duplicates. May be no valid text.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    first_place_topic LowCardinality(String) COMMENT 'Of a duplicate or conflicting record: the topic, stream or file of the first one.',
    first_place_partition Nullable(UInt32) COMMENT 'Of a duplicate or conflicting record: the partition of the first one.',
    first_place_offset Nullable(UInt64) COMMENT 'Of a duplicate or conflicting record: the offset of the first one.',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written; it is kept 13 months from then on.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (organization_id, source, id, day, place_source, place_topic, place_partition, place_offset)
TTL toDateTime(written_at) + INTERVAL 13 MONTH
COMMENT 'Every record that did not end as accepted, one row a record, with its bytes. Kept 13 months from writing.';

CREATE TABLE IF NOT EXISTS highwater_store.event_outcomes_daily
(
    day Date32 COMMENT 'The day of receipt in UTC; of the event where the source gives no time of receipt; 1970-01-01 where neither is known.',
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    outcome Enum8('accepted' = 1, 'duplicate' = 2, 'conflicting' = 3, 'late' = 4, 'rejected' = 5) COMMENT 'How the records ended.',
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list; empty for accepted and duplicate.',
    records UInt64 COMMENT 'How many records ended so. Received is the sum over all outcomes.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, organization_id, outcome, code)
COMMENT 'How many records ended how, by day, organization and code. State rows, absolute, replaced by greater versions.';
