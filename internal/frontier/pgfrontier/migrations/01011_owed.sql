-- +goose Up
-- The task has rows in asset_failure, and one in owed if its record is stored and its assets are to be
-- fetched without its page. A flag, as a wide row changes how claims are planned.
ALTER TABLE seine.queue ADD COLUMN owes boolean NOT NULL DEFAULT false;
CREATE TABLE seine.owed (
  job_id int NOT NULL, key text COLLATE "C" NOT NULL,
  assets text NOT NULL,                               -- JSON: what fetches them and completes the record
  PRIMARY KEY (job_id, key)
);
CREATE TABLE seine.asset_failure ( -- an asset that a record is stored without; it may be tried again
  job_id int NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
  url text NOT NULL, reason text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (job_id, key, name)
);

-- +goose Down
DROP TABLE seine.asset_failure, seine.owed;
ALTER TABLE seine.queue DROP COLUMN owes;
