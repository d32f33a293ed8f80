-- Credits: what grants cover and pay, the ledger of each, what is left, and when more is asked for.

ALTER TABLE highwater_store.rated_lines
    ADD COLUMN IF NOT EXISTS `covers.grant_id` Array(String) COMMENT 'Grants of units that cover a part of the span''s usage above the allowance, in the order of burn; the two covers columns belong together.' AFTER overage_quantity,
    ADD COLUMN IF NOT EXISTS `covers.quantity` Array(Decimal(38, 9)) COMMENT 'How many units each of them covers. They are not priced, and no part of overage_quantity.' AFTER `covers.grant_id`;

CREATE TABLE IF NOT EXISTS highwater_store.credit_lines
(
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billing period, inclusive, as an instant in UTC.',
    meter LowCardinality(String) COMMENT 'The meter of the line of usage that is paid.',
    span_start DateTime64(6, 'UTC') COMMENT 'Start of the stretch of that line, inclusive.',
    grant_id String COMMENT 'The grant of money that pays.',
    line_id String COMMENT 'The credit line''s own name: the same for the same paid line and grant, over restarts and corrections.',
    paid_line_id String COMMENT 'The line of usage that is paid.',
    period_end DateTime64(6, 'UTC') COMMENT 'End of the billing period, exclusive.',
    span_end DateTime64(6, 'UTC') COMMENT 'End of the stretch, exclusive.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts.',
    amount_unrounded Decimal(38, 18) COMMENT 'What is paid, below zero, in units of the currency: credits pay rounded amounts, so this is exact.',
    amount Decimal(38, 12) COMMENT 'The same.',
    amount_minor_units Int64 COMMENT 'The same in the currency''s minor unit: cents for EUR, yen for JPY.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(period_start)
ORDER BY (organization_id, period_start, meter, span_start, grant_id)
COMMENT 'What money credits pay of lines of usage, one row a paid line and grant. State rows, absolute, replaced by greater versions.';

CREATE TABLE IF NOT EXISTS highwater_store.credit_ledger
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are; empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    grant_id String COMMENT 'The grant.',
    at DateTime64(6, 'UTC') COMMENT 'When it happened, in UTC; of usage the start of the span that burnt the credits.',
    opening Decimal(38, 9) COMMENT 'What was left of the grant before. Units, or units of the currency.',
    granted Decimal(38, 9) COMMENT 'What was given: by the grant, by being given anew, or by adjustments, where it may be below zero.',
    burned Decimal(38, 9) COMMENT 'What covered or paid for usage.',
    expired Decimal(38, 9) COMMENT 'What was lost when the grant ended or was given anew.',
    rolled_over Decimal(38, 9) COMMENT 'What was kept when the grant was given anew: a part of opening and of closing.',
    refunded Decimal(38, 9) COMMENT 'What was taken back because the money went back to the customer.',
    closing Decimal(38, 9) COMMENT 'What was left after: opening + granted - burned - expired - refunded.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (organization_id, meter, currency, grant_id, at)
COMMENT 'Everything that happened to each grant, one row an instant. State rows, absolute, replaced by greater versions: what came late makes the ledger anew.';

CREATE TABLE IF NOT EXISTS highwater_store.credit_balances
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are; empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    grant_id String COMMENT 'The grant.',
    kind LowCardinality(String) COMMENT 'free, promotional, paid or adjustment.',
    priority Int32 COMMENT 'Lower numbers burn first, unless a policy says otherwise.',
    effective_from DateTime64(6, 'UTC') COMMENT 'When the grant begins, in UTC.',
    expires_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When what is left of it is lost, in UTC; NULL where it does not expire.',
    granted Decimal(38, 9) COMMENT 'What was given since it began. Units, or units of the currency.',
    burned Decimal(38, 9) COMMENT 'What covered or paid for usage.',
    expired Decimal(38, 9) COMMENT 'What was lost.',
    refunded Decimal(38, 9) COMMENT 'What was taken back.',
    balance Decimal(38, 9) COMMENT 'What is left: granted - burned - expired - refunded.',
    changed_at DateTime64(6, 'UTC') COMMENT 'When something happened to it last, in UTC.',
    error LowCardinality(String) COMMENT 'Empty, or why there is no ledger: quantity_overflow or too_many_periods. Its numbers are then zero.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (organization_id, meter, currency, grant_id)
COMMENT 'What is left of each grant that has begun, and what became of the rest. State rows, absolute, replaced by greater versions.';

CREATE TABLE IF NOT EXISTS highwater_store.recharge_requests
(
    organization_id String COMMENT 'The customer whose credits these are.',
    meter LowCardinality(String) COMMENT 'The meter whose units the credits are; empty for money.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of money credits; empty for units.',
    request_id String COMMENT 'Names the policy, the start of its period and the number of the request in it: the same over restarts, whenever in the period it is made.',
    policy String COMMENT 'The credit policy that asks.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the policy''s period, in UTC: its cap is for one of them.',
    number UInt32 COMMENT 'Counts the requests of the period, from 1.',
    at DateTime64(6, 'UTC') COMMENT 'When balance and pending requests fell below the threshold, in UTC; of usage the start of its span.',
    amount Decimal(38, 9) COMMENT 'How much is to be bought. Units, or units of the currency.',
    threshold Decimal(38, 9) COMMENT 'The policy''s threshold.',
    balance Decimal(38, 9) COMMENT 'What was left of all grants then.',
    pending Decimal(38, 9) COMMENT 'What other requests still promised then.',
    lapses_at DateTime64(6, 'UTC') COMMENT 'From when on the request is no longer counted on, in UTC, unless a grant has answered it.',
    answered_by String COMMENT 'The grant that names the request in recharge_request; empty while there is none.',
    version UInt64 COMMENT 'generation * 2^40 + epoch of the write; of rows with one key the greatest version holds.',
    is_deleted UInt8 DEFAULT 0 COMMENT '1 marks the key as gone.'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (organization_id, meter, currency, request_id)
COMMENT 'When credits run low more are asked for: one row a request. State rows, absolute, replaced by greater versions.';
