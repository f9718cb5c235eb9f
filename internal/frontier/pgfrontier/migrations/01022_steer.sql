-- +goose Up
CREATE TABLE seine.tuning (        -- paces and limits that a person changed
  job_id int NOT NULL,
  lane_key text COLLATE "C" NOT NULL,                 -- a host, or empty for the job
  value jsonb NOT NULL,
  PRIMARY KEY (job_id, lane_key)
);
CREATE TABLE seine.change (        -- the log of what people changed
  change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id int NOT NULL,                                -- 0: none
  at timestamptz NOT NULL,
  who text NOT NULL, what text NOT NULL
);
CREATE INDEX change_job ON seine.change (job_id, change_id);
CREATE TABLE seine.history (       -- counters over time
  job_id int NOT NULL,                                -- 0: when the jobs were sampled
  step int NOT NULL,                                  -- seconds: 60 or 3600
  at timestamptz NOT NULL,
  done bigint NOT NULL, skipped bigint NOT NULL, stale bigint NOT NULL, error bigint NOT NULL,
  open bigint NOT NULL, records bigint NOT NULL, assets bigint NOT NULL, workers bigint NOT NULL,
  PRIMARY KEY (job_id, step, at)
);
CREATE TABLE seine.attempt (       -- failed attempts, for people
  attempt_id bigint GENERATED ALWAYS AS IDENTITY,
  job_id int NOT NULL,
  key text COLLATE "C" NOT NULL,
  attempt smallint NOT NULL, at timestamptz NOT NULL, state smallint NOT NULL,
  reason text, worker text, final boolean NOT NULL,
  PRIMARY KEY (job_id, attempt_id)
);
CREATE INDEX attempt_key ON seine.attempt (job_id, key, attempt_id);
ALTER TABLE seine.lease ADD COLUMN stopping boolean NOT NULL DEFAULT false;   -- a person asked the worker to end
ALTER TABLE seine.asset ADD COLUMN stored_at timestamptz;                     -- NULL: before this column
ALTER TABLE seine.asset ALTER COLUMN stored_at SET DEFAULT clock_timestamp();
CREATE INDEX asset_newest ON seine.asset (job_id, stored_at) WHERE stored_at IS NOT NULL;

-- +goose Down
DROP INDEX seine.asset_newest;
ALTER TABLE seine.asset DROP COLUMN stored_at;
ALTER TABLE seine.lease DROP COLUMN stopping;
DROP TABLE seine.attempt, seine.history, seine.change, seine.tuning;
