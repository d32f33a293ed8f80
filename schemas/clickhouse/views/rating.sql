-- Periods, lines, and the two summaries that a dashboard begins with.

CREATE OR REPLACE VIEW highwater.period_usage
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive. Periods are civil in the customer''s time zone; this is the instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive; equal to period_start where error is set.',
    plan LowCardinality(String) COMMENT 'The plan in force in the last stretch of the period that has usage.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost.',
    events UInt64 COMMENT 'How many accepted events the period holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the period, exact to nine fractional digits.',
    limit Nullable(Decimal(38, 9)) COMMENT 'The allowance: units that cost nothing. NULL where the plan does not charge the meter.',
    overage Decimal(38, 9) COMMENT 'Units that are charged for: what lies above the allowance.',
    cost Decimal(38, 12) COMMENT 'What the period costs so far, in units of the currency: the sum of its lines'' rounded amounts. Exact.',
    cost_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no cost: quantity_overflow, amount_overflow, mixed_currencies, unknown_currency, invalid_charge.'
)
COMMENT 'Usage, allowance, overage and cost by organization, meter and billing period.'
AS SELECT organization_id, meter, period_start, period_end, plan, currency, events, quantity, limit, overage, cost, cost_minor_units, error
FROM highwater_store.period_usage FINAL;

CREATE OR REPLACE VIEW highwater.current_usage
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period that holds the present moment, inclusive, in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of that period, exclusive, in UTC.',
    plan LowCardinality(String) COMMENT 'The plan in force in the last stretch of the period that has usage.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost.',
    current Decimal(38, 9) COMMENT 'Usage so far in the period, exact to nine fractional digits.',
    limit Nullable(Decimal(38, 9)) COMMENT 'The allowance: units that cost nothing. NULL where the plan does not charge the meter.',
    overage Decimal(38, 9) COMMENT 'Units above the allowance so far.',
    cost Decimal(38, 12) COMMENT 'What the overage costs so far, in units of the currency. Exact.',
    used_percent Nullable(Float64) COMMENT 'current as a share of limit in percent, for charts: a float. NULL where there is no limit or it is 0.'
)
COMMENT 'Where every organization stands in its present billing period, one row a meter. The first query to try.'
AS SELECT organization_id, meter, period_start, period_end, plan, currency, quantity AS current, limit, overage, cost,
    if(limit > 0, 100 * toFloat64(quantity) / toFloat64(limit), NULL) AS used_percent
FROM highwater_store.period_usage FINAL
WHERE period_start <= now64(6) AND period_end > now64(6) AND error = '';

CREATE OR REPLACE VIEW highwater.organization_summary
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meters UInt64 COMMENT 'How many meters have usage in the present billing period.',
    meters_over_limit UInt64 COMMENT 'How many of them are above their allowance.',
    cost_by_currency Map(LowCardinality(String), Decimal(38, 12)) COMMENT 'What the present periods cost so far, usage and recurring lines together, by ISO 4217 code, in units of the currency. Exact.',
    recurring_by_currency Map(LowCardinality(String), Decimal(38, 12)) COMMENT 'The part of it that no meter makes: base prices and add-ons that are due. Exact.',
    current_period String COMMENT 'JSON: {"api_calls": {"current": 1200000, "limit": 1000000, "overage": 200000, "cost": 1}, …}, one entry a meter; limit is null where there is none.'
)
COMMENT 'One row an organization: its present billing period in one JSON object, and how much it costs, also without usage. See highwater.current_usage for a row a meter and highwater.period_invoices for every period.'
AS SELECT organization_id, countIf(meter != '') AS meters, countIf(overage > 0) AS meters_over_limit, sumMap(map(currency, cost)) AS cost_by_currency,
    sumMap(if(meter = '', map(currency, cost), CAST(map(), 'Map(LowCardinality(String), Decimal(38, 12))'))) AS recurring_by_currency,
    concat('{', arrayStringConcat(arraySort(groupArrayIf(concat(toJSONString(toString(meter)),
        ':{"current":', toString(current), ',"limit":', ifNull(toString(limit), 'null'),
        ',"overage":', toString(overage), ',"cost":', toString(cost), '}'), meter != '')), ','), '}') AS current_period
FROM
(
    SELECT organization_id, meter, currency, current, limit, overage, cost FROM highwater.current_usage
    UNION ALL
    SELECT organization_id, '' AS meter, currency, toDecimal128(0, 9) AS current, CAST(NULL, 'Nullable(Decimal(38, 9))') AS limit,
        toDecimal128(0, 9) AS overage, amount AS cost
    FROM highwater_store.recurring_lines FINAL
    WHERE period_start <= now64(6) AND period_end > now64(6) AND error = ''
)
GROUP BY organization_id;

CREATE OR REPLACE VIEW highwater.rated_lines
(
    line_id String COMMENT 'The line''s own name: the same for the same organization, kind, name, period and span, over restarts and corrections.',
    kind LowCardinality(String) COMMENT 'What the line charges for: usage, base_price, add_on or true_up; or credit, which pays for usage.',
    name String COMMENT 'The meter of usage, the plan of a base price or true-up, the add-on of an add-on, the grant of a credit.',
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'What is counted: see highwater.meters. Of a credit the meter of the line that it pays. Empty for lines that no meter makes.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch of the period in which the line''s terms hold, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of that stretch, exclusive.',
    is_current Bool COMMENT 'Whether the billing period holds the present moment.',
    subscription String COMMENT 'Id of the subscription in force.',
    plan LowCardinality(String) COMMENT 'The plan in force.',
    plan_version DateTime64(6, 'UTC') COMMENT 'effective_from of the version of the plan that brought these terms.',
    overrides Array(String) COMMENT 'Ids of the overrides that apply, in the order of their application.',
    adjustments Array(String) COMMENT 'Ids of the seasonal adjustments that apply, in the order of their application.',
    price_percent Decimal(38, 12) COMMENT 'What the prices in terms are multiplied with, in percent: 50 for half the price, 125 for a quarter more. Exact.',
    apart LowCardinality(String) COMMENT 'trial or pause where the usage is set apart from its period''s allowance and tiers, else empty.',
    terms String COMMENT 'The charge in force with overrides and adjustments applied, as JSON; of a recurring line its price, quantity, billing and share of the period; of a credit the line that it pays.',
    events UInt64 COMMENT 'How many accepted events the span holds.',
    quantity Decimal(38, 9) COMMENT 'The meter''s aggregation over the span, exact to nine fractional digits; the seats or units of a recurring line.',
    included_quantity Decimal(38, 9) COMMENT 'The allowance that the line was rated with.',
    overage_quantity Decimal(38, 9) COMMENT 'Units that the line charges for. Below zero where usage is taken back that an earlier span was charged for.',
    `covers.grant_id` Array(String) COMMENT 'Grants of units that cover a part of the usage above the allowance, in the order of burn. ARRAY JOIN covers gives a row a grant.',
    `covers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units each of them covers. They are not priced, and no part of overage_quantity.',
    `tiers.tier` Array(UInt32) COMMENT 'Which tiers the overage fell into, counted from 0. ARRAY JOIN tiers gives a row a tier.',
    `tiers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units fell into each tier.',
    `tiers.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What each tier''s units cost, in units of the currency, before rounding.',
    `steps.step` Array(String) COMMENT 'What changed the tiers'' amount, in order: free_units, discount, minimum or maximum. Tiers and steps add up to amount_unrounded.',
    `steps.discount` Array(UInt32) COMMENT 'Which of the charge''s discounts, counted from 0; 0 for every other step.',
    `steps.quantity` Array(Decimal(38, 9)) COMMENT 'How many units were free; 0 for every other step.',
    `steps.amount_unrounded` Array(Decimal(38, 18)) COMMENT 'What the step added or, below zero, took off, in units of the currency, before rounding.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount Decimal(38, 12) COMMENT 'The amount in units of the currency, rounded once to the minor unit, half away from zero. Totals are sums of these.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.'
)
COMMENT 'What each stretch of a billing period with one set of terms costs, and how that came about.'
AS SELECT line_id, kind, toString(meter) AS name, organization_id, meter, period_start, period_end, span_start, span_end,
    period_start <= now64(6) AND period_end > now64(6) AS is_current,
    subscription, plan, plan_version, overrides, adjustments, price_percent, apart, terms, events, quantity, included_quantity, overage_quantity,
    `covers.grant_id`, `covers.quantity`, `tiers.tier`, `tiers.quantity`, `tiers.amount_unrounded`, `steps.step`, `steps.discount`, `steps.quantity`, `steps.amount_unrounded`,
    currency, amount_unrounded, amount, amount_minor_units
FROM highwater_store.rated_lines FINAL
UNION ALL
SELECT line_id, kind, toString(name) AS name, organization_id, '' AS meter, period_start, period_end, span_start, span_end,
    period_start <= now64(6) AND period_end > now64(6) AS is_current,
    subscription, plan, price_version AS plan_version, overrides, CAST([], 'Array(String)') AS adjustments, toDecimal128(100, 12) AS price_percent, '' AS apart,
    concat('{"price":"', toString(price), '","quantity":"', toString(quantity), '","billing":"', billing, '","charged_seconds":', toString(charged_seconds), ',"whole_seconds":', toString(whole_seconds), '}') AS terms,
    0 AS events, quantity, toDecimal128(0, 9) AS included_quantity, toDecimal128(0, 9) AS overage_quantity,
    CAST([], 'Array(String)') AS `covers.grant_id`, CAST([], 'Array(Decimal(38, 9))') AS `covers.quantity`,
    CAST([], 'Array(UInt32)') AS `tiers.tier`, CAST([], 'Array(Decimal(38, 9))') AS `tiers.quantity`, CAST([], 'Array(Decimal(38, 18))') AS `tiers.amount_unrounded`,
    CAST([], 'Array(String)') AS `steps.step`, CAST([], 'Array(UInt32)') AS `steps.discount`, CAST([], 'Array(Decimal(38, 9))') AS `steps.quantity`, CAST([], 'Array(Decimal(38, 18))') AS `steps.amount_unrounded`,
    currency, amount_unrounded, amount, amount_minor_units
FROM highwater_store.recurring_lines FINAL
WHERE error = ''
UNION ALL
SELECT line_id, 'credit' AS kind, grant_id AS name, organization_id, meter, period_start, period_end, span_start, span_end,
    period_start <= now64(6) AND period_end > now64(6) AS is_current,
    '' AS subscription, '' AS plan, toDateTime64(0, 6, 'UTC') AS plan_version, CAST([], 'Array(String)') AS overrides, CAST([], 'Array(String)') AS adjustments, toDecimal128(100, 12) AS price_percent, '' AS apart,
    concat('{"line_id":"', paid_line_id, '"}') AS terms,
    0 AS events, toDecimal128(0, 9) AS quantity, toDecimal128(0, 9) AS included_quantity, toDecimal128(0, 9) AS overage_quantity,
    CAST([], 'Array(String)') AS `covers.grant_id`, CAST([], 'Array(Decimal(38, 9))') AS `covers.quantity`,
    CAST([], 'Array(UInt32)') AS `tiers.tier`, CAST([], 'Array(Decimal(38, 9))') AS `tiers.quantity`, CAST([], 'Array(Decimal(38, 18))') AS `tiers.amount_unrounded`,
    CAST([], 'Array(String)') AS `steps.step`, CAST([], 'Array(UInt32)') AS `steps.discount`, CAST([], 'Array(Decimal(38, 9))') AS `steps.quantity`, CAST([], 'Array(Decimal(38, 18))') AS `steps.amount_unrounded`,
    currency, amount_unrounded, amount, amount_minor_units
FROM highwater_store.credit_lines FINAL;

CREATE OR REPLACE VIEW highwater.period_invoices
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    is_current Bool COMMENT 'Whether the billing period holds the present moment: its total still grows.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts; empty where an error leaves none.',
    lines UInt64 COMMENT 'How many rated lines the total is the sum of.',
    usage Decimal(38, 12) COMMENT 'What usage costs, in units of the currency. Exact.',
    recurring Decimal(38, 12) COMMENT 'Base prices and add-ons that are due. Exact.',
    true_up Decimal(38, 12) COMMENT 'What was missing to the commitment when the period ended. Exact.',
    credits Decimal(38, 12) COMMENT 'What money credits pay of the usage, below zero. Exact.',
    total Decimal(38, 12) COMMENT 'What the customer pays for the period: the sum of its rounded lines. Exact.',
    total_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    errors UInt64 COMMENT 'How many meters or recurring lines have an error in place of an amount: the total is not all while there are any.'
)
COMMENT 'What each organization pays for each billing period and currency: the sum of all its rated lines, of whichever kind.'
AS SELECT organization_id, period_start, max(ends) AS period_end, period_start <= now64(6) AND max(ends) > now64(6) AS is_current, currency,
    countIf(error = 0) AS lines, sumIf(amount, kind = 'usage') AS usage, sumIf(amount, kind IN ('base_price', 'add_on')) AS recurring,
    sumIf(amount, kind = 'true_up') AS true_up, sumIf(amount, kind = 'credit') AS credits, sum(amount) AS total, sum(amount_minor_units) AS total_minor_units, sum(error) AS errors
FROM
(
    SELECT organization_id, period_start, period_end AS ends, currency, kind, amount, amount_minor_units, 0 AS error FROM highwater.rated_lines
    UNION ALL
    SELECT organization_id, period_start, period_end AS ends, currency, 'usage' AS kind, toDecimal128(0, 12) AS amount, toInt64(0) AS amount_minor_units, 1 AS error
    FROM highwater_store.period_usage FINAL WHERE period_usage.error != ''
    UNION ALL
    SELECT organization_id, period_start, period_end AS ends, currency, kind, toDecimal128(0, 12) AS amount, toInt64(0) AS amount_minor_units, 1 AS error
    FROM highwater_store.recurring_lines FINAL WHERE recurring_lines.error != ''
)
GROUP BY organization_id, period_start, currency;

CREATE OR REPLACE VIEW highwater.recurring_lines
(
    line_id String COMMENT 'The line''s own name: the same for the same organization, period, kind, name and span, over restarts and corrections.',
    kind LowCardinality(String) COMMENT 'What the line charges for: base_price, add_on or true_up.',
    name LowCardinality(String) COMMENT 'The plan of a base price or true-up, the add-on of an add-on.',
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch that the line charges for, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of the stretch, exclusive.',
    billing LowCardinality(String) COMMENT 'in_advance: due when the period begins; in_arrears: due when it has ended.',
    due_at DateTime64(6, 'UTC') COMMENT 'When the line is due, in UTC.',
    subscription String COMMENT 'Id of the subscription in force.',
    plan LowCardinality(String) COMMENT 'The plan in force.',
    price_version DateTime64(6, 'UTC') COMMENT 'effective_from of the version of the plan or add-on that brought the price.',
    overrides Array(String) COMMENT 'Ids of the overrides that apply, in the order of their application.',
    price Decimal(38, 12) COMMENT 'Price of a whole period and one unit; of a true-up the commitment of the period. In units of the currency, exact.',
    quantity Decimal(38, 9) COMMENT 'Units: the seats of a base price, the quantity of an add-on, 1 for a true-up.',
    charged_seconds UInt64 COMMENT 'How long the stretch is: price * quantity * charged_seconds / whole_seconds is the amount of a base price or add-on.',
    whole_seconds UInt64 COMMENT 'How long the whole civil period is, also where a subscription begins or ends inside it.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'The exact amount in units of the currency, before the line''s one rounding.',
    amount Decimal(38, 12) COMMENT 'The amount in units of the currency, rounded once to the minor unit, half away from zero.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no amount: amount_overflow, mixed_currencies, too_many_periods, and for a true-up any error of its period.'
)
COMMENT 'Base prices, add-ons and true-ups with the share of the period that they charge for. highwater.rated_lines has them beside usage.'
AS SELECT line_id, kind, name, organization_id, period_start, period_end, span_start, span_end, billing,
    if(billing = 'in_advance', period_start, period_end) AS due_at, subscription, plan, price_version, overrides, price, quantity,
    charged_seconds, whole_seconds, currency, amount_unrounded, amount, amount_minor_units, error
FROM highwater_store.recurring_lines FINAL;
