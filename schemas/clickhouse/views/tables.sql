-- Meters and terms, with their columns taken out of the rows' JSON. Numbers never pass through a float: they are texts
-- or number tokens in the JSON, and become decimals from their digits.

CREATE OR REPLACE VIEW highwater.meters
(
    meter String COMMENT 'The meter''s name, as other views name it.',
    feature String COMMENT 'The feature of the events that it counts.',
    aggregation LowCardinality(String) COMMENT 'count, sum, max, min, latest, unique or average. Only count and sum add up over windows.',
    value String COMMENT 'Where the counted value stands in an event: quantity, cost or metadata.KEY.',
    unit String COMMENT 'The word behind the number: calls, queries, users.',
    dimensions Array(String) COMMENT 'Metadata keys, or endpoint, by which windows are broken down.',
    conditions String COMMENT 'What an event''s metadata must say to be counted, as JSON; empty where nothing.',
    valid_from Nullable(DateTime64(6, 'UTC')) COMMENT 'Earlier events are not counted; NULL where all are.'
)
COMMENT 'What is counted. A meter never changes its meaning: a changed meaning is a new meter.'
AS SELECT JSONExtractString(row, 'name') AS meter, JSONExtractString(row, 'feature') AS feature, JSONExtractString(row, 'aggregation') AS aggregation,
    JSONExtractString(row, 'value') AS value, JSONExtractString(row, 'unit') AS unit, JSONExtract(row, 'dimensions', 'Array(String)') AS dimensions,
    JSONExtractRaw(row, 'conditions') AS conditions, valid_from
FROM highwater_store.table_rows FINAL
WHERE table = 'meters';

CREATE OR REPLACE VIEW highwater.plans
(
    plan String COMMENT 'The plan''s key, as subscriptions name it.',
    name String COMMENT 'The plan''s name for people.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of its prices.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on this version holds, inclusive, in UTC.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the next version, exclusive, in UTC; NULL for the last one.',
    charges String COMMENT 'What each meter costs, as JSON: meter, included, allowance, model and prices.'
)
COMMENT 'Plans, one row a version.'
AS SELECT JSONExtractString(row, 'plan') AS plan, JSONExtractString(row, 'name') AS name, JSONExtractString(row, 'currency') AS currency,
    assumeNotNull(valid_from) AS valid_from,
    leadInFrame(valid_from) OVER (PARTITION BY plan ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
    JSONExtractRaw(row, 'charges') AS charges
FROM highwater_store.table_rows FINAL
WHERE table = 'plans';

CREATE OR REPLACE VIEW highwater.add_ons
(
    add_on String COMMENT 'The add-on''s key, as subscriptions name it.',
    name String COMMENT 'The add-on''s name for people.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of its price.',
    price Decimal(38, 12) COMMENT 'Per billing period and unit, in units of the currency. Exact.',
    unit String COMMENT 'What one of it is: connector, environment.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on this version holds, inclusive, in UTC.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the next version, exclusive, in UTC; NULL for the last one.'
)
COMMENT 'Add-ons, one row a version.'
AS SELECT JSONExtractString(row, 'add_on') AS add_on, JSONExtractString(row, 'name') AS name, JSONExtractString(row, 'currency') AS currency,
    toDecimal128OrZero(replaceAll(JSONExtractRaw(row, 'price'), '"', ''), 12) AS price, JSONExtractString(row, 'unit') AS unit,
    assumeNotNull(valid_from) AS valid_from,
    leadInFrame(valid_from) OVER (PARTITION BY add_on ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to
FROM highwater_store.table_rows FINAL
WHERE table = 'add_ons';

CREATE OR REPLACE VIEW highwater.subscriptions
(
    id String COMMENT 'The subscription''s id.',
    organization_id String COMMENT 'The customer who pays.',
    plan String COMMENT 'The plan that holds: see highwater.plans.',
    quantity Decimal(38, 9) COMMENT 'How many of the plan: seats, for example. Exact.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on it holds, inclusive, in UTC. Of several that cover an instant the one that began last holds.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when it holds, exclusive, in UTC; NULL where no end is known.',
    time_zone LowCardinality(String) COMMENT 'IANA name of the zone in which its billing periods are civil.',
    anchor String COMMENT 'Civil date and time from which every period boundary is computed.',
    interval LowCardinality(String) COMMENT 'day, week, month, quarter or year.',
    interval_count UInt32 COMMENT 'How many intervals make a period.',
    add_ons String COMMENT 'Add-ons and their quantities, as JSON; empty where there are none.'
)
COMMENT 'Which organization is on which plan, and when its billing periods begin.'
AS SELECT JSONExtractString(row, 'id') AS id, organization_id, JSONExtractString(row, 'plan') AS plan,
    toDecimal128OrZero(replaceAll(JSONExtractRaw(row, 'quantity'), '"', ''), 9) AS quantity, assumeNotNull(valid_from) AS valid_from, valid_to,
    JSONExtractString(row, 'time_zone') AS time_zone, JSONExtractString(row, 'anchor') AS anchor, JSONExtractString(row, 'interval') AS interval,
    JSONExtract(row, 'interval_count', 'UInt32') AS interval_count, JSONExtractRaw(row, 'add_ons') AS add_ons
FROM highwater_store.table_rows FINAL
WHERE table = 'subscriptions';

CREATE OR REPLACE VIEW highwater.overrides
(
    id String COMMENT 'The override''s id.',
    organization_id String COMMENT 'The customer that it is for.',
    meter String COMMENT 'The meter whose terms it replaces.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on it holds, inclusive, in UTC. Later ones win over earlier ones.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when it holds, exclusive, in UTC; NULL where no end is known.',
    included Nullable(Decimal(38, 9)) COMMENT 'The allowance that replaces the plan''s. Exact. NULL where it leaves that alone.',
    allowance LowCardinality(String) COMMENT 'whole or prorated, where it replaces that; else empty.',
    charge String COMMENT 'The prices that replace the plan''s, as JSON; empty where it leaves them alone.'
)
COMMENT 'Terms of one organization and meter that replace the plan''s, field by field, for a while.'
AS SELECT JSONExtractString(row, 'id') AS id, organization_id, JSONExtractString(row, 'meter') AS meter, assumeNotNull(valid_from) AS valid_from, valid_to,
    toDecimal128OrNull(replaceAll(JSONExtractRaw(row, 'included'), '"', ''), 9) AS included, JSONExtractString(row, 'allowance') AS allowance,
    JSONExtractRaw(row, 'charge') AS charge
FROM highwater_store.table_rows FINAL
WHERE table = 'overrides';

CREATE OR REPLACE VIEW highwater.grants
(
    id String COMMENT 'The grant''s id.',
    organization_id String COMMENT 'The customer who got it.',
    meter String COMMENT 'The meter whose units it gives; empty where it gives money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code where it gives money; else empty.',
    amount Decimal(38, 9) COMMENT 'How many units of the meter, or of the currency. Exact.',
    kind LowCardinality(String) COMMENT 'free, promotional, paid, refund or adjustment.',
    changes_grant String COMMENT 'The grant that a refund takes from or an adjustment changes; else empty.',
    recharge_request String COMMENT 'The recharge request that it answers; else empty.',
    priority Int32 COMMENT 'Smaller ones are used up first.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on it can be used, inclusive, in UTC.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'When it expires, in UTC; NULL where it does not.',
    recurrence String COMMENT 'The cadence by which it is given anew, as JSON; empty where it is given once.',
    rollover Decimal(38, 9) COMMENT 'The most that is carried over when it is given anew. Exact.'
)
COMMENT 'Credits given to organizations.'
AS SELECT JSONExtractString(row, 'id') AS id, organization_id, JSONExtractString(row, 'meter') AS meter, JSONExtractString(row, 'currency') AS currency,
    toDecimal128OrZero(replaceAll(JSONExtractRaw(row, 'amount'), '"', ''), 9) AS amount, JSONExtractString(row, 'kind') AS kind,
    JSONExtractString(row, 'of') AS changes_grant, JSONExtractString(row, 'recharge_request') AS recharge_request,
    JSONExtract(row, 'priority', 'Int32') AS priority, assumeNotNull(valid_from) AS valid_from, valid_to,
    JSONExtractRaw(row, 'recurrence') AS recurrence, toDecimal128OrZero(replaceAll(JSONExtractRaw(row, 'rollover'), '"', ''), 9) AS rollover
FROM highwater_store.table_rows FINAL
WHERE table = 'grants';

CREATE OR REPLACE VIEW highwater.credit_policies
(
    id String COMMENT 'The policy''s id.',
    organization_id String COMMENT 'The customer whose credits it is about.',
    meter String COMMENT 'The meter whose units it is about; empty where it is about money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code where it is about money; else empty.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on it holds, inclusive, in UTC.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when it holds, exclusive, in UTC; NULL where it does not end.',
    burn_order Array(String) COMMENT 'What decides which grant burns first, in order; empty for the usual order.',
    recharge String COMMENT 'When how many credits are asked for, as JSON; empty where none are.'
)
COMMENT 'How credits are burnt, and when more of them are asked for.'
AS SELECT JSONExtractString(row, 'id') AS id, organization_id, JSONExtractString(row, 'meter') AS meter, JSONExtractString(row, 'currency') AS currency,
    assumeNotNull(valid_from) AS valid_from, valid_to, JSONExtract(row, 'burn_order', 'Array(String)') AS burn_order,
    JSONExtractRaw(row, 'recharge') AS recharge
FROM highwater_store.table_rows FINAL
WHERE table = 'credit_policies';

CREATE OR REPLACE VIEW highwater.adjustments
(
    id String COMMENT 'The adjustment''s id.',
    organization_id String COMMENT 'The customer that it is for; empty where it is for everybody.',
    meter String COMMENT 'The meter whose terms it changes.',
    kind LowCardinality(String) COMMENT 'temporary_users, automatic_limit_scaling or event_based.',
    percent Nullable(Decimal(38, 12)) COMMENT 'Percent off, or on top, as the kind says. Exact. NULL where the kind has none.',
    charge String COMMENT 'The prices of an event-based adjustment, as JSON; else empty.',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when on it holds, inclusive, in UTC.',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when it holds, exclusive, in UTC.'
)
COMMENT 'Seasonal changes of terms.'
AS SELECT JSONExtractString(row, 'id') AS id, organization_id, JSONExtractString(row, 'meter') AS meter, JSONExtractString(row, 'kind') AS kind,
    toDecimal128OrNull(replaceAll(JSONExtractRaw(row, 'percent'), '"', ''), 12) AS percent, JSONExtractRaw(row, 'charge') AS charge,
    assumeNotNull(valid_from) AS valid_from, valid_to
FROM highwater_store.table_rows FINAL
WHERE table = 'adjustments';
