-- +goose Up
CREATE TABLE condemned (
  path TEXT NOT NULL, sweep_id INTEGER NOT NULL, held_until INTEGER NOT NULL, PRIMARY KEY (path, sweep_id)
) WITHOUT ROWID;
ALTER TABLE queue ADD COLUMN claimed_at INTEGER;

-- +goose Down
ALTER TABLE queue DROP COLUMN claimed_at;
DROP TABLE condemned;
