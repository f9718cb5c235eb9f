-- +goose Up
CREATE TABLE robots (
  job_id INTEGER NOT NULL, origin TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0, body BLOB, reason TEXT,
  fetched_at INTEGER, expires_at INTEGER, crawl_delay INTEGER NOT NULL DEFAULT 0, held_until INTEGER,
  PRIMARY KEY (job_id, origin)
) WITHOUT ROWID;
CREATE TABLE session (
  job_id INTEGER PRIMARY KEY, version INTEGER NOT NULL DEFAULT 0, cookies TEXT, logged_in_at INTEGER, log_in_by TEXT, held_until INTEGER,
  failures INTEGER NOT NULL DEFAULT 0, reason TEXT
);
CREATE TABLE budget (
  job_id INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0, max INTEGER NOT NULL, example TEXT,
  PRIMARY KEY (job_id, name)
) WITHOUT ROWID;
ALTER TABLE lane ADD COLUMN delay_least INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE lane DROP COLUMN delay_least;
DROP TABLE budget;
DROP TABLE session;
DROP TABLE robots;
