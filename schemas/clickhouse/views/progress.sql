-- How far the numbers go, and what the words mean.

CREATE OR REPLACE VIEW highwater.progress
(
    table LowCardinality(String) COMMENT 'The view that the row speaks of.',
    generation UInt64 COMMENT 'Counts the starts of Highwater.',
    epoch UInt64 COMMENT 'The last epoch of this generation whose rows are all there.',
    event_time_max Nullable(DateTime64(6, 'UTC')) COMMENT 'The greatest event time that was accepted up to this epoch, in UTC; NULL before the first event.',
    watermark Nullable(DateTime64(6, 'UTC')) COMMENT 'How far event time has come, in UTC: periods are final by it. NULL before it is known.',
    lag_ms Nullable(UInt64) COMMENT 'How long ago the epoch was sealed when its rows were there, in milliseconds.',
    `positions.source` Array(LowCardinality(String)) COMMENT 'The partitions that the epoch has read: kafka, log or file. ARRAY JOIN positions gives a row a partition.',
    `positions.topic` Array(String) COMMENT 'The topic, the log''s stream or the file of each partition.',
    `positions.partition` Array(UInt32) COMMENT 'The number of each partition.',
    `positions.next_offset` Array(UInt64) COMMENT 'Everything below this offset of the partition is in the numbers.',
    written_at DateTime64(3, 'UTC') COMMENT 'When the row was written, in UTC: a view whose row is old is behind.'
)
COMMENT 'How far each view is definite. Rows are absolute: each key is at this epoch or a later one, never half-counted.'
AS SELECT table, generation, epoch, event_time_max, watermark, lag_ms, `positions.source`, `positions.topic`, `positions.partition`, `positions.next_offset`, written_at
FROM highwater_store.progress FINAL;

CREATE OR REPLACE VIEW highwater.glossary
(
    word String COMMENT 'A word that columns and comments use.',
    definition String COMMENT 'What it means here, always.'
)
COMMENT 'The words of this database.'
AS SELECT word, definition FROM values('word String, definition String',
    ('accepted', 'A record that is an event, was not there before and is counted.'),
    ('allowance', 'Units of a meter that cost nothing in a period. Whole ones last for the period; prorated ones are shared out by time where terms change.'),
    ('close record', 'What is said of a final period: how many lines it has, their total and their checksum.'),
    ('conflicting', 'A record whose identity was used before for an event that says something else. Changes nothing.'),
    ('correction', 'A line that bills a line of a final period as it is known now, beside the reversal of what was billed for it.'),
    ('dead letter', 'A record that is no event, kept with its bytes.'),
    ('definite', 'Will not change by records that were read already: only by late events, retracts and changed terms.'),
    ('dimension', 'A metadata key, or the endpoint, by which a meter''s windows are broken down.'),
    ('duplicate', 'A record that says again what an accepted one said. Counted once, and listed as duplicate.'),
    ('epoch', 'About a second of input, whose changes are shown together.'),
    ('event', 'One use of a feature by an organization at an instant.'),
    ('final', 'Of a period: frozen and billed as it was known then. What comes later is billed on the next one.'),
    ('generation', 'One run of Highwater. The rows of a later run replace those of an earlier one.'),
    ('grace', 'How long a period waits after its end for what is late: grace_hours of the plan, or 72 hours.'),
    ('identity', 'organization_id, source and id of an event.'),
    ('late', 'A record whose event time is further behind its receipt than the horizon. Kept, not counted.'),
    ('meter', 'What is counted: which events, which value, and how values become one quantity.'),
    ('organization', 'The customer who pays.'),
    ('overage', 'Usage above the allowance: what is charged for.'),
    ('override', 'Terms of one organization and meter that replace the plan''s for a while.'),
    ('period', 'A billing period: half-open, civil in the customer''s time zone, computed from the subscription''s anchor.'),
    ('plan', 'A priced set of charges. Has versions, each from an instant on.'),
    ('rated line', 'The price of one span''s usage, with everything that explains it.'),
    ('rejected', 'A record that is no event. See dead letter.'),
    ('retract', 'An event that takes an accepted one out again; every number follows.'),
    ('reversal', 'A line that takes back what was billed for a line of a final period.'),
    ('span', 'The longest stretch of one period in which the same terms hold.'),
    ('subscription', 'An organization on a plan from an instant on.'),
    ('watermark', 'How far event time has come: what is earlier is late. Periods are final by it.'),
    ('window', 'A minute, hour or day in UTC, half-open.'));
