-- Final periods, their lines, and what has become known since.

CREATE OR REPLACE VIEW highwater.close_records
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of every line of the record.',
    revision UInt32 COMMENT '1 when the period was closed; later ones have only corrections, of an organization without a next period.',
    lines UInt64 COMMENT 'How many rows of highwater.final_lines belong to the record.',
    total_minor_units Int128 COMMENT 'The sum of their rounded amounts, in the currency''s minor unit.',
    checksum String COMMENT 'The 128-bit xxh3 over the lines in order of line_id, in hex.',
    final_at DateTime64(6, 'UTC') COMMENT 'The watermark that made the period final, in UTC.',
    `positions.topic` Array(String) COMMENT 'How far each partition was read when the record was made: its topic, stream or file.',
    `positions.partition` Array(UInt32) COMMENT 'The number of each partition.',
    `positions.next_offset` Array(UInt64) COMMENT 'Events below this offset of the partition are in the record.'
)
COMMENT 'Final periods: what is to be billed, one row an organization, period, revision and currency. A final period never changes.'
AS SELECT organization_id, period_start, period_end, currency, revision, lines, total_minor_units, checksum, final_at,
    `positions.topic`, `positions.partition`, `positions.next_offset`
FROM highwater_store.close_records FINAL;

CREATE OR REPLACE VIEW highwater.final_lines
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period that bills the line, inclusive, as an instant in UTC.',
    revision UInt32 COMMENT 'The revision of the period that bills the line.',
    line_id String COMMENT 'The line''s own name. A correction or reversal has one of its own.',
    kind LowCardinality(String) COMMENT 'What the line charges for: usage, base_price, add_on, true_up, credit, correction or reversal.',
    name LowCardinality(String) COMMENT 'The meter, plan or add-on.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive; of a correction or reversal that of the corrected line.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    events UInt64 COMMENT 'How many accepted events the span held when the line was frozen.',
    quantity Decimal(38, 9) COMMENT 'The quantity that was billed; below zero in a reversal.',
    included_quantity Decimal(38, 9) COMMENT 'The allowance that the line was rated with.',
    overage Decimal(38, 9) COMMENT 'Units that were charged for; below zero in a reversal.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount_minor_units Int128 COMMENT 'The amount in the currency''s minor unit, rounded once. The total of a period is the sum of these.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    `tiers.tier` Array(UInt32) COMMENT 'Which tiers the overage fell into, counted from 0. ARRAY JOIN tiers gives a row a tier.',
    `tiers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units fell into each tier.',
    `tiers.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What each tier''s units cost, in units of the currency, before rounding.',
    `steps.step` Array(String) COMMENT 'What changed the tiers'' amount, in order: free_units, discount, minimum or maximum. Tiers and steps add up to amount_unrounded.',
    `steps.discount` Array(UInt32) COMMENT 'Which of the charge''s discounts, counted from 0; 0 for every other step.',
    `steps.quantity` Array(Decimal(38, 9)) COMMENT 'How many units were free, below zero in a reversal; 0 for every other step.',
    `steps.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What the step added or, below zero, took off, in units of the currency, before rounding; the other way round in a reversal.',
    terms String COMMENT 'What the line was rated by, with the version of every part, as JSON.',
    corrects_line_id String COMMENT 'Of a correction or reversal: the line of the final period that it corrects; else empty.',
    corrects_period_start Nullable(DateTime64(6, 'UTC')) COMMENT 'Of a correction or reversal: the final period that it corrects; else NULL.',
    corrects_kind LowCardinality(String) COMMENT 'Of a correction or reversal: the kind of the corrected line; else empty.'
)
COMMENT 'The lines of final periods, as they were frozen: what is billed. highwater.rated_lines has lines as they are known now.'
AS SELECT organization_id, period_start, revision, line_id, kind, name, span_start, span_end, events, quantity, included_quantity, overage,
    amount_unrounded, amount_minor_units, currency, `tiers.tier`, `tiers.quantity`, `tiers.amount_unrounded`,
    `steps.step`, `steps.discount`, `steps.quantity`, `steps.amount_unrounded`, terms, corrects_line_id, corrects_period_start, corrects_kind
FROM highwater_store.final_lines FINAL;

CREATE OR REPLACE VIEW highwater.pending_corrections
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the final period that is to be corrected, in UTC.',
    line_id String COMMENT 'The line of that period.',
    kind LowCardinality(String) COMMENT 'What that line charges for.',
    name LowCardinality(String) COMMENT 'The meter, plan or add-on.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    cause LowCardinality(String) COMMENT 'Why the line has changed: events, terms, events_and_terms or carry (what an earlier line left over has changed).',
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
    terms_after String COMMENT 'What it is rated by now, as JSON.'
)
COMMENT 'Lines of final periods that are no longer what was billed for them, with both amounts: what the next period will bill.'
AS SELECT organization_id, period_start, line_id, kind, name, span_start, span_end, cause, billed_period_start, billed_period_end, billed_revision,
    reversal_line_id, correction_line_id, quantity_before, quantity_after, events_before, events_after, currency_before, currency_after,
    amount_unrounded_before, amount_unrounded_after, amount_minor_units_before, amount_minor_units_after, terms_before, terms_after
FROM highwater_store.pending_corrections FINAL;

CREATE OR REPLACE VIEW highwater.held_periods
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    reason LowCardinality(String) COMMENT 'Why the period has no amount, as a word: see error in highwater.period_usage.'
)
COMMENT 'Periods that should be final and have no amount. They are closed when they have one: mend the cause.'
AS SELECT organization_id, period_start, reason
FROM highwater_store.held_periods FINAL;

CREATE OR REPLACE VIEW highwater.rated_line_history
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the final period, inclusive, as an instant in UTC.',
    line_id String COMMENT 'The line''s own name.',
    at_close Bool COMMENT 'Whether this is what was frozen when the period was closed: as known at close.',
    known_from DateTime64(6, 'UTC') COMMENT 'When this became known, in UTC.',
    known_to Nullable(DateTime64(6, 'UTC')) COMMENT 'When something else became known; NULL for what is known now.',
    epoch UInt64 COMMENT 'The epoch from which it was known.',
    generation UInt64 COMMENT 'The start of Highwater that the epoch belongs to.',
    is_gone Bool COMMENT 'Whether the line was no longer there.',
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
    terms String COMMENT 'What the line was rated by, with the version of every part, as JSON.'
)
COMMENT 'What was known of each line of a final period, and from when to when. As known at close: WHERE at_close. As known now: WHERE known_to IS NULL.'
AS SELECT organization_id, period_start, line_id, CAST(at_close, 'Bool') AS at_close, written_at AS known_from,
    leadInFrame(toNullable(written_at), 1, NULL) OVER (PARTITION BY organization_id, period_start, line_id ORDER BY version, later ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS known_to,
    bitAnd(version, 1099511627775) AS epoch, bitShiftRight(version, 40) AS generation, CAST(is_gone, 'Bool') AS is_gone, kind, name, span_start, span_end,
    events, quantity, included_quantity, overage, currency, amount_unrounded, amount_minor_units, terms
FROM
(
    SELECT *, 1 - at_close AS later, (is_gone, span_end, events, quantity, included_quantity, overage, currency, amount_unrounded, amount_minor_units, terms) AS known,
        row_number() OVER (PARTITION BY organization_id, period_start, line_id ORDER BY version, 1 - at_close) AS number,
        lagInFrame(cityHash64(known)) OVER (PARTITION BY organization_id, period_start, line_id ORDER BY version, 1 - at_close ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before
    FROM highwater_store.rated_line_history FINAL
)
WHERE number = 1 OR before != cityHash64(known);
