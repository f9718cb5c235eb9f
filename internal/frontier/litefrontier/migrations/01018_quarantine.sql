-- +goose Up
CREATE TABLE quarantine (
  job_id INTEGER NOT NULL, task TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, page TEXT NOT NULL, fields TEXT NOT NULL, url TEXT NOT NULL,
  digest BLOB NOT NULL, fetched_at INTEGER NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (job_id, task, key, kind)
) WITHOUT ROWID;
CREATE TABLE drift (job_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL);

-- +goose Down
DROP TABLE drift;
DROP TABLE quarantine;
