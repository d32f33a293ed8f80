-- What was decided about bills and what became of them at Stripe.

CREATE OR REPLACE VIEW highwater.billing_ledger
(
    at DateTime64(6, 'UTC') COMMENT 'When it was decided or happened, by the clock of the close, in UTC.',
    organization_id String COMMENT 'The customer who pays, as the events name it.',
    period_start DateTime64(6, 'UTC') COMMENT 'Start of the billed period, inclusive, as an instant in UTC.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the bill.',
    revision UInt32 COMMENT 'The revision of the period''s close record: see highwater.close_records.',
    reissue UInt32 COMMENT 'How often a person had the period billed anew; 0 for the first bill.',
    actor String COMMENT 'Who decided it; highwater where nobody had to.',
    reason String COMMENT 'Why, in the person''s words.',
    event LowCardinality(String) COMMENT 'approved, held, released, intent, settled, drifted or voided.',
    operation LowCardinality(String) COMMENT 'Of an intent: create_invoice, add_lines, finalize_invoice or void_invoice.',
    state LowCardinality(String) COMMENT 'Of an intent its state; of a settled bill the invoice''s status; of drift its class.',
    detail String COMMENT 'Of an intent: why it is unknown or was refused.',
    stripe_id String COMMENT 'The object at Stripe, such as in_….',
    line_id String COMMENT 'Of drift: our line (see highwater.final_lines), or Stripe''s where we have none.',
    ours Int64 COMMENT 'What we say, as Stripe counts amounts: of drift the line''s, of a settled bill the total.',
    theirs Int64 COMMENT 'What Stripe has, as Stripe counts amounts.',
    held_until Nullable(DateTime64(6, 'UTC')) COMMENT 'Of a hold: when it ends by itself; NULL where somebody must release it.',
    content String COMMENT 'The hash of the invoice as it was planned.',
    plan String COMMENT 'Of an approval: the hash of the plan that was looked at.',
    intent_key String COMMENT 'Of an intent: its name, which is its idempotency key at Stripe.',
    entry_id String COMMENT 'The entry''s own name.'
)
COMMENT 'Every decision about a bill and every step of it at Stripe, in no order: ORDER BY at. What is billed is in highwater.final_lines.'
AS SELECT at, organization_id, period_start, currency, revision, reissue, actor, reason, event, operation, state, detail, stripe_id, line_id,
    ours, theirs, held_until, content, plan, intent_key, entry_id
FROM highwater_store.billing_ledger FINAL;
