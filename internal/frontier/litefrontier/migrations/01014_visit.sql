-- +goose Up
CREATE TABLE visit (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, etag TEXT NOT NULL, last_modified TEXT NOT NULL, hash BLOB NOT NULL, every_s INTEGER NOT NULL,
  checked_at INTEGER NOT NULL, changed_at INTEGER, gone_at INTEGER, visits INTEGER NOT NULL, changes INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) WITHOUT ROWID;
ALTER TABLE recrawl ADD COLUMN prio INTEGER NOT NULL DEFAULT 1;
DROP INDEX recrawl_due;
CREATE INDEX recrawl_job ON recrawl (job_id, due_at);

-- +goose Down
DROP INDEX recrawl_job;
CREATE INDEX recrawl_due ON recrawl (due_at);
ALTER TABLE recrawl DROP COLUMN prio;
DROP TABLE visit;
