-- +goose Up
CREATE TABLE circuit (
  job_id INTEGER NOT NULL, space INTEGER NOT NULL, reason TEXT NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER,
  PRIMARY KEY (job_id, space)
) WITHOUT ROWID;
ALTER TABLE step_stat ADD COLUMN updated_at INTEGER;

-- +goose Down
ALTER TABLE step_stat DROP COLUMN updated_at;
DROP TABLE circuit;
