-- Events and what became of every record.

CREATE OR REPLACE VIEW highwater.usage_events
(
    organization_id String COMMENT 'The customer who pays, as the event names it.',
    source String COMMENT 'The event''s source; empty where it names none. With organization_id and id it is the event''s identity.',
    id String COMMENT 'The event''s id within its source.',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened, by the event''s own account, in UTC, exact to the microsecond.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    feature LowCardinality(String) COMMENT 'What was used.',
    endpoint String COMMENT 'The route that was called; empty where the event names none.',
    quantity Decimal(38, 9) COMMENT 'How much, exact to nine fractional digits; 1 where the event does not say.',
    cost Decimal(38, 9) COMMENT 'Our own cost of serving it, in the currency of our books; 0 where the event does not say.',
    metadata Map(LowCardinality(String), String) COMMENT 'The event''s flat metadata, such as metadata[''complexity'']. Numbers, true and false as they were written, texts without quotes.',
    meters Array(LowCardinality(String)) COMMENT 'The meters that count the event; empty where none does, and then it is charged to nothing.',
    retracted Bool COMMENT 'Whether the event was taken out again. No number contains a retracted event: filter with NOT retracted.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition; for files that of the line''s first byte.',
    retract_topic LowCardinality(String) COMMENT 'Of a retracted event: the topic, stream or file of the record that took it out.',
    retract_partition Nullable(UInt32) COMMENT 'Of a retracted event: the partition of the record that took it out.',
    retract_offset Nullable(UInt64) COMMENT 'Of a retracted event: the offset of the record that took it out.'
)
COMMENT 'The archive of accepted events, where it is switched on. Kept 13 months. The sum of a line''s events that are not retracted is the line''s quantity.'
AS SELECT organization_id, source, id, event_time, received_at, feature, endpoint, quantity, cost, metadata, meters, retracted,
    place_source, place_topic, place_partition, place_offset, retract_topic, retract_partition, retract_offset
FROM highwater_store.usage_events FINAL;

CREATE OR REPLACE VIEW highwater.event_outcomes
(
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    source String COMMENT 'The event''s source; empty where it names none or could not be read.',
    id String COMMENT 'The event''s id; empty where it could not be read.',
    outcome Enum8('accepted' = 1, 'duplicate' = 2, 'conflicting' = 3, 'late' = 4, 'rejected' = 5) COMMENT 'How the record ended. Accepted ones are listed where the archive is on.',
    retracted Bool COMMENT 'Whether an accepted event was taken out again.',
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list; empty unless the record was rejected.',
    path String COMMENT 'Where in the record the mistake is, as a JSON pointer; empty for the whole record.',
    hint String COMMENT 'What to do about it.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition.',
    first_place_topic LowCardinality(String) COMMENT 'Of a duplicate or conflicting record: the topic, stream or file of the first one.',
    first_place_partition Nullable(UInt32) COMMENT 'Of a duplicate or conflicting record: the partition of the first one.',
    first_place_offset Nullable(UInt64) COMMENT 'Of a duplicate or conflicting record: the offset of the first one.'
)
COMMENT 'What became of each record, by identity: filter on organization_id, source and id. An identity has at most one accepted record.'
AS SELECT organization_id, source, id, outcome, false AS retracted, code, path, hint, received_at,
    place_source, place_topic, place_partition, place_offset, first_place_topic, first_place_partition, first_place_offset
FROM highwater_store.event_outcomes FINAL
UNION ALL
SELECT organization_id, source, id, 'accepted', retracted, '', '', '', received_at,
    place_source, place_topic, place_partition, place_offset, '', NULL, NULL
FROM highwater_store.usage_events FINAL;

CREATE OR REPLACE VIEW highwater.rejected_events
(
    outcome Enum8('accepted' = 1, 'duplicate' = 2, 'conflicting' = 3, 'late' = 4, 'rejected' = 5) COMMENT 'conflicting: its identity was used for another event. late: beyond the horizon. rejected: no event.',
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list; empty unless the record was rejected.',
    path String COMMENT 'Where in the record the mistake is, as a JSON pointer; empty for the whole record.',
    hint String COMMENT 'What to do about it.',
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    source String COMMENT 'The event''s source; empty where it names none or could not be read.',
    id String COMMENT 'The event''s id; empty where it could not be read.',
    raw String COMMENT 'The record''s bytes as they came. May be no valid text.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition.',
    first_place_topic LowCardinality(String) COMMENT 'Of a conflicting record: the topic, stream or file of the first one.',
    first_place_partition Nullable(UInt32) COMMENT 'Of a conflicting record: the partition of the first one.',
    first_place_offset Nullable(UInt64) COMMENT 'Of a conflicting record: the offset of the first one.'
)
COMMENT 'Every record that was received and counts nowhere: conflicting, late or rejected, with its bytes. Kept 13 months.'
AS SELECT outcome, code, path, hint, organization_id, source, id, raw, received_at,
    place_source, place_topic, place_partition, place_offset, first_place_topic, first_place_partition, first_place_offset
FROM highwater_store.event_outcomes FINAL
WHERE outcome NOT IN ('accepted', 'duplicate');

CREATE OR REPLACE VIEW highwater.dead_letters
(
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list.',
    path String COMMENT 'Where in the record the mistake is, as a JSON pointer; empty for the whole record.',
    hint String COMMENT 'What to do about it.',
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    source String COMMENT 'The event''s source; empty where it names none or could not be read.',
    id String COMMENT 'The event''s id; empty where it could not be read.',
    raw String COMMENT 'The record''s bytes as they came. May be no valid text.',
    received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the source got it; NULL where the source does not say.',
    place_source LowCardinality(String) COMMENT 'Where the record stands: kafka, log or file.',
    place_topic LowCardinality(String) COMMENT 'Where the record stands: the topic, the log''s stream or the file.',
    place_partition UInt32 COMMENT 'Where the record stands: the partition, 0 for files.',
    place_offset UInt64 COMMENT 'Where the record stands: the offset in the partition.'
)
COMMENT 'Records that are no events, with their bytes: mend the cause, then put them back with highwater dead-letters replay.'
AS SELECT code, path, hint, organization_id, source, id, raw, received_at, place_source, place_topic, place_partition, place_offset
FROM highwater_store.event_outcomes FINAL
WHERE outcome = 'rejected';

CREATE OR REPLACE VIEW highwater.event_outcomes_daily
(
    day Date32 COMMENT 'The day of receipt in UTC; of the event where the source gives no time of receipt; 1970-01-01 where neither is known.',
    organization_id String COMMENT 'The customer who pays; empty where it could not be read.',
    outcome Enum8('accepted' = 1, 'duplicate' = 2, 'conflicting' = 3, 'late' = 4, 'rejected' = 5) COMMENT 'How the records ended.',
    code LowCardinality(String) COMMENT 'Why, as a word from a closed list; empty unless the record was rejected.',
    records UInt64 COMMENT 'How many records ended so. Received is the sum over all outcomes.'
)
COMMENT 'How many records ended how, by day, organization and code: received = accepted + duplicate + conflicting + late + rejected, at all times.'
AS SELECT day, organization_id, outcome, code, records
FROM highwater_store.event_outcomes_daily FINAL;
