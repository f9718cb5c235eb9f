-- +goose Up
CREATE TABLE circuit (
  job_id INTEGER NOT NULL, space INTEGER NOT NULL, reason TEXT NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER,
  PRIMARY KEY (job_id, space)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE circuit;
