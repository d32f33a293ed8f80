-- What is left of credits, what happened to them, and what is asked for.

CREATE OR REPLACE VIEW highwater.credit_balances
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are: see highwater.meters. Empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    grant_id String COMMENT 'The grant.',
    kind LowCardinality(String) COMMENT 'free, promotional, paid or adjustment.',
    priority Int32 COMMENT 'Lower numbers burn first, unless a policy says otherwise.',
    effective_from DateTime64(6, 'UTC') COMMENT 'When the grant begins, in UTC.',
    expires_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When what is left of it is lost, in UTC; NULL where it does not expire.',
    granted Decimal(38, 9) COMMENT 'What was given since it began. Units, or units of the currency. Exact.',
    burned Decimal(38, 9) COMMENT 'What covered or paid for usage. Exact.',
    expired Decimal(38, 9) COMMENT 'What was lost. Exact.',
    refunded Decimal(38, 9) COMMENT 'What was taken back. Exact.',
    balance Decimal(38, 9) COMMENT 'What is left: granted - burned - expired - refunded. Exact.',
    changed_at DateTime64(6, 'UTC') COMMENT 'When something happened to it last, in UTC.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no ledger: quantity_overflow or too_many_periods. Its numbers are then zero.'
)
COMMENT 'What is left of each grant that has begun. Of any past instant: SELECT organization_id, meter, currency, grant_id, argMax(closing, at) AS balance FROM highwater.credit_ledger WHERE at <= toDateTime64(''2026-11-15 00:00:00'', 6, ''UTC'') GROUP BY ALL.'
AS SELECT organization_id, meter, currency, grant_id, kind, priority, effective_from, expires_at, granted, burned, expired, refunded, balance, changed_at, error
FROM highwater_store.credit_balances FINAL;

CREATE OR REPLACE VIEW highwater.credit_ledger
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are: see highwater.meters. Empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    grant_id String COMMENT 'The grant.',
    at DateTime64(6, 'UTC') COMMENT 'When it happened, in UTC; of usage the start of the span that burnt the credits.',
    opening Decimal(38, 9) COMMENT 'What was left of the grant before. Units, or units of the currency. Exact.',
    granted Decimal(38, 9) COMMENT 'What was given: by the grant, by being given anew, or by adjustments, where it may be below zero.',
    burned Decimal(38, 9) COMMENT 'What covered or paid for usage.',
    expired Decimal(38, 9) COMMENT 'What was lost when the grant ended or was given anew.',
    rolled_over Decimal(38, 9) COMMENT 'What was kept when the grant was given anew: a part of opening and of closing.',
    refunded Decimal(38, 9) COMMENT 'What was taken back because the money went back to the customer.',
    closing Decimal(38, 9) COMMENT 'What was left after: opening + granted - burned - expired - refunded.'
)
COMMENT 'Everything that happened to each grant, one row an instant: opening + granted - burned - expired - refunded = closing.'
AS SELECT organization_id, meter, currency, grant_id, at, opening, granted, burned, expired, rolled_over, refunded, closing
FROM highwater_store.credit_ledger FINAL;

CREATE OR REPLACE VIEW highwater.recharge_requests
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are: see highwater.meters. Empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    request_id String COMMENT 'Names the policy, the start of its period and the number of the request in it. A grant that names it in recharge_request answers it.',
    policy String COMMENT 'The credit policy that asks.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the policy''s period, in UTC: its cap is for one of them.',
    number UInt32 COMMENT 'Counts the requests of the period, from 1.',
    at DateTime64(6, 'UTC') COMMENT 'When balance and pending requests fell below the threshold, in UTC; of usage the start of its span.',
    amount Decimal(38, 9) COMMENT 'How much is to be bought. Units, or units of the currency. Exact.',
    threshold Decimal(38, 9) COMMENT 'The policy''s threshold.',
    balance Decimal(38, 9) COMMENT 'What was left of all grants then.',
    pending Decimal(38, 9) COMMENT 'What other requests still promised then.',
    lapses_at DateTime64(6, 'UTC') COMMENT 'From when on the request is no longer counted on, in UTC, unless a grant has answered it.',
    answered_by String COMMENT 'The grant that has answered it; empty while there is none.',
    is_pending Bool COMMENT 'Whether nothing has answered it and it has not lapsed.'
)
COMMENT 'When credits run low more are asked for, once a downward crossing of the threshold, and again when a request has lapsed without an answer. Those with is_pending are to be bought; the others are history.'
AS SELECT organization_id, meter, currency, request_id, policy, period_start, number, at, amount, threshold, balance, pending, lapses_at, answered_by,
    answered_by = '' AND lapses_at > now64(6) AS is_pending
FROM highwater_store.recharge_requests FINAL;

CREATE OR REPLACE VIEW highwater.credit_lines
(
    line_id String COMMENT 'The credit line''s own name: the same for the same paid line and grant, over restarts and corrections.',
    paid_line_id String COMMENT 'The line of usage that is paid: see highwater.rated_lines.',
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    meter LowCardinality(String) COMMENT 'The meter of the line that is paid.',
    grant_id String COMMENT 'The grant of money that pays.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch of the paid line, inclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of the stretch, exclusive.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'What is paid, below zero, in units of the currency. Exact.',
    amount Decimal(38, 12) COMMENT 'The same.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.'
)
COMMENT 'What money credits pay of lines of usage, one row a paid line and grant. highwater.rated_lines has them beside the lines that they pay.'
AS SELECT line_id, paid_line_id, organization_id, meter, grant_id, period_start, period_end, span_start, span_end, currency, amount_unrounded, amount, amount_minor_units
FROM highwater_store.credit_lines FINAL;
