-- +goose Up
CREATE TABLE listed (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, list TEXT NOT NULL, read_at INTEGER NOT NULL, lastmod INTEGER, left_at INTEGER,
  PRIMARY KEY (job_id, key, list)
) WITHOUT ROWID;
CREATE INDEX listed_list ON listed (job_id, list, read_at) WHERE left_at IS NULL;
CREATE INDEX listed_left ON listed (job_id, key) WHERE left_at IS NOT NULL;

-- +goose Down
DROP TABLE listed;
