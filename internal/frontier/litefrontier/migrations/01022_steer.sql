-- +goose Up
CREATE TABLE tuning (job_id INTEGER NOT NULL, lane_key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (job_id, lane_key)) WITHOUT ROWID;
CREATE TABLE change (change_id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX change_job ON change (job_id, change_id);
CREATE TABLE history (
  job_id INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,
  done INTEGER NOT NULL, skipped INTEGER NOT NULL, stale INTEGER NOT NULL, error INTEGER NOT NULL,
  open INTEGER NOT NULL, records INTEGER NOT NULL, assets INTEGER NOT NULL, workers INTEGER NOT NULL,
  PRIMARY KEY (job_id, step, at)
) WITHOUT ROWID;
CREATE TABLE attempt (
  attempt_id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, key TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
  state INTEGER NOT NULL, reason TEXT, worker TEXT, final INTEGER NOT NULL
);
CREATE INDEX attempt_job ON attempt (job_id, attempt_id);
CREATE INDEX attempt_key ON attempt (job_id, key, attempt_id);
ALTER TABLE lease ADD COLUMN stopping INTEGER NOT NULL DEFAULT 0;
ALTER TABLE asset ADD COLUMN stored_at INTEGER;
CREATE INDEX asset_newest ON asset (job_id, stored_at) WHERE stored_at IS NOT NULL;

-- +goose Down
DROP INDEX asset_newest;
ALTER TABLE asset DROP COLUMN stored_at;
ALTER TABLE lease DROP COLUMN stopping;
DROP TABLE attempt;
DROP TABLE history;
DROP TABLE change;
DROP TABLE tuning;
