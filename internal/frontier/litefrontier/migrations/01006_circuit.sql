-- +goose Up
CREATE TABLE circuit (
  job_id INTEGER NOT NULL, space INTEGER NOT NULL, reason TEXT NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER,
  PRIMARY KEY (job_id, space)
) WITHOUT ROWID;
ALTER TABLE step_stat ADD COLUMN updated_at INTEGER;
ALTER TABLE block_stat ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE block_stat ADD COLUMN doubt REAL NOT NULL DEFAULT 0;    -- how far answers are from what was expected
ALTER TABLE block_stat ADD COLUMN expected REAL NOT NULL DEFAULT 0; -- hits
DROP INDEX block_stat_new; -- with it each update of a block was one of two indexes

-- +goose Down
CREATE INDEX block_stat_new ON block_stat (job_id, space, updated_at);
ALTER TABLE block_stat DROP COLUMN expected;
ALTER TABLE block_stat DROP COLUMN doubt;
ALTER TABLE block_stat DROP COLUMN wanted;
ALTER TABLE step_stat DROP COLUMN updated_at;
DROP TABLE circuit;
