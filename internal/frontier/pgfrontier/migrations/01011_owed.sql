-- +goose Up
-- The record of the task is stored, and these assets are to be fetched without its page (JSON).
-- An empty object: the task was sent back, and has rows in asset_failure. NULL: neither.
ALTER TABLE seine.queue ADD COLUMN owed text;
CREATE TABLE seine.asset_failure ( -- an asset that a record is stored without; it may be tried again
  job_id int NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
  url text NOT NULL, reason text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (job_id, key, name)
);

-- +goose Down
DROP TABLE seine.asset_failure;
ALTER TABLE seine.queue DROP COLUMN owed;
