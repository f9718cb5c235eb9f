-- +goose Up
CREATE TABLE recording (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, fetched_at INTEGER NOT NULL,
  segment TEXT NOT NULL, pos INTEGER NOT NULL, bytes INTEGER NOT NULL,
  body_segment TEXT NOT NULL, body_pos INTEGER NOT NULL, body_bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (job_id, key, fetched_at)
) WITHOUT ROWID;
CREATE INDEX recording_body ON recording (job_id, sha256);

-- +goose Down
DROP TABLE recording;
