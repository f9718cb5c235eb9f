-- +goose Up
CREATE TABLE block_stat (
  job_id INTEGER NOT NULL, space INTEGER NOT NULL, block INTEGER NOT NULL,
  done INTEGER NOT NULL, probes INTEGER NOT NULL, probe_hits INTEGER NOT NULL, walks INTEGER NOT NULL, walk_hits INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, space, block)
) WITHOUT ROWID;
CREATE INDEX block_stat_new ON block_stat (job_id, space, updated_at);
CREATE TABLE step_stat (
  job_id INTEGER NOT NULL, space INTEGER NOT NULL, slot INTEGER NOT NULL, ctx INTEGER NOT NULL, m INTEGER NOT NULL, trials REAL NOT NULL, hits REAL NOT NULL,
  PRIMARY KEY (job_id, space, slot, ctx, m)
) WITHOUT ROWID;
ALTER TABLE queue ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE queue DROP COLUMN mark;
DROP TABLE step_stat;
DROP TABLE block_stat;
