-- Usage by window, as analysts see it.

CREATE OR REPLACE VIEW highwater.usage_minute
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the minute in UTC; the window is half-open, [start, start + 1 minute).',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values, such as dimensions[''region'']; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits. Adds up over windows and dimensions for count and sum only. 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.'
)
COMMENT 'Usage by minute in UTC, meter and dimensions. See highwater.progress for how far it is definite.'
AS SELECT organization_id, meter, window_start, dimensions, events, quantity, error
FROM highwater_store.usage_minute FINAL;

CREATE OR REPLACE VIEW highwater.usage_hour
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the hour in UTC; the window is half-open, [start, start + 1 hour).',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values, such as dimensions[''region'']; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits. Adds up over windows and dimensions for count and sum only. 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.'
)
COMMENT 'Usage by hour in UTC, meter and dimensions. See highwater.progress for how far it is definite.'
AS SELECT organization_id, meter, window_start, dimensions, events, quantity, error
FROM highwater_store.usage_hour FINAL;

CREATE OR REPLACE VIEW highwater.usage_day
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters.',
    window_start DateTime64(6, 'UTC') COMMENT 'Start of the day in UTC; the window is half-open, [start, start + 1 day).',
    dimensions Map(LowCardinality(String), String) COMMENT 'The meter''s declared dimensions and their values, such as dimensions[''region'']; empty where it declares none.',
    events UInt64 COMMENT 'How many accepted events the window holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the window''s events, exact to nine fractional digits. Adds up over windows and dimensions for count and sum only. 0 where error is set.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no quantity: quantity_overflow.'
)
COMMENT 'Usage by day in UTC, meter and dimensions. See highwater.progress for how far it is definite.'
AS SELECT organization_id, meter, window_start, dimensions, events, quantity, error
FROM highwater_store.usage_day FINAL;

