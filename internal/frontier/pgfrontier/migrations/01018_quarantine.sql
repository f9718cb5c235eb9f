-- +goose Up
CREATE TABLE seine.quarantine (    -- records that are not part of the data set
  job_id int NOT NULL,
  task text COLLATE "C" NOT NULL,                     -- the key of the task that brought the record
  key text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
  page text NOT NULL, fields jsonb NOT NULL, url text NOT NULL, digest bytea NOT NULL, fetched_at timestamptz NOT NULL,
  field text NOT NULL, reason text NOT NULL,          -- the value at fault and the fault
  at timestamptz NOT NULL,
  PRIMARY KEY (job_id, task, key, kind)
);
CREATE TABLE seine.drift (         -- the windows of a job and its alarms
  job_id int PRIMARY KEY,
  version bigint NOT NULL,                            -- each change is a new version
  state jsonb NOT NULL
);

-- +goose Down
DROP TABLE seine.drift, seine.quarantine;
