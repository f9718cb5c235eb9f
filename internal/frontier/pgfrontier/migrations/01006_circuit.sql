-- +goose Up
CREATE TABLE seine.circuit (       -- a space that was stopped because its answers were not what they had been
  job_id int NOT NULL, space int NOT NULL, reason text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,                              -- NULL: it is stopped
  PRIMARY KEY (job_id, space)
);
ALTER TABLE seine.step_stat ADD COLUMN updated_at timestamptz;
ALTER TABLE seine.block_stat ADD COLUMN wanted bigint NOT NULL DEFAULT 0;
ALTER TABLE seine.block_stat ADD COLUMN doubt float8 NOT NULL DEFAULT 0;    -- how far answers are from what was expected
ALTER TABLE seine.block_stat ADD COLUMN expected float8 NOT NULL DEFAULT 0; -- hits
DROP INDEX seine.block_stat_new; -- with it each update of a block was one of two indexes

-- +goose Down
CREATE INDEX block_stat_new ON seine.block_stat (job_id, space, updated_at);
ALTER TABLE seine.block_stat DROP COLUMN expected;
ALTER TABLE seine.block_stat DROP COLUMN doubt;
ALTER TABLE seine.block_stat DROP COLUMN wanted;
ALTER TABLE seine.step_stat DROP COLUMN updated_at;
DROP TABLE seine.circuit;
