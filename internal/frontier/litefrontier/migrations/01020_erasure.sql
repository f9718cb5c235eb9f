-- +goose Up
CREATE TABLE erasure (
  job_id INTEGER NOT NULL, path TEXT NOT NULL, pos INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 BLOB NOT NULL,
  PRIMARY KEY (job_id, path, pos, bytes)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE erasure;
