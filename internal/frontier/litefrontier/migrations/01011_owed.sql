-- +goose Up
ALTER TABLE queue ADD COLUMN owed TEXT;
CREATE TABLE asset_failure (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (job_id, key, name)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE asset_failure;
ALTER TABLE queue DROP COLUMN owed;
