-- The two databases, and the record of what was applied. Runs before everything else, every time.
-- A statement ends with a semicolon at the end of a line; no text may.

CREATE DATABASE IF NOT EXISTS highwater_store
COMMENT 'Highwater''s own tables. They may change with any version: query the views in the database highwater instead.';

CREATE DATABASE IF NOT EXISTS highwater
COMMENT 'What analysts query: views that only ever gain columns. Every plain SELECT is right; FINAL is never needed.';

CREATE TABLE IF NOT EXISTS highwater_store.migrations
(
    name String COMMENT 'The file''s name in schemas/clickhouse without its ending.',
    checksum String COMMENT 'Of the file''s text as it was applied: 128 bits of xxh3, in hexadecimal digits.',
    applied_by String COMMENT 'The version of Highwater that applied it.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied, in UTC.'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
COMMENT 'Which schema files were applied, and with what text. An applied file whose text has changed is refused.';
