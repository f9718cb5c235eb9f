-- +goose Up
CREATE TABLE seine.robots (        -- the robots.txt of an origin, for all workers
  job_id int NOT NULL, origin text COLLATE "C" NOT NULL,
  status int NOT NULL DEFAULT 0, body bytea, reason text,
  fetched_at timestamptz, expires_at timestamptz,     -- NULL: not fetched yet
  crawl_delay interval NOT NULL DEFAULT '0',
  held_until timestamptz,                             -- a worker fetches it
  PRIMARY KEY (job_id, origin)
);
CREATE TABLE seine.session (       -- the cookies of a job, for all workers
  job_id int PRIMARY KEY,
  version bigint NOT NULL DEFAULT 0,                  -- each change is a new version
  cookies text,                                       -- JSON
  logged_in_at timestamptz, log_in_by text,
  held_until timestamptz,                             -- a worker logs in
  failures int NOT NULL DEFAULT 0, reason text        -- of the last log-ins, in a row
);
CREATE TABLE seine.budget (        -- how many tasks were admitted under a name
  job_id int NOT NULL, name text COLLATE "C" NOT NULL,
  n bigint NOT NULL DEFAULT 0, max bigint NOT NULL, example text,
  PRIMARY KEY (job_id, name)
) WITH (fillfactor = 50);
ALTER TABLE seine.lane ADD COLUMN delay_least interval NOT NULL DEFAULT '0'; -- of the host (Crawl-delay): the delay is not shorter

-- +goose Down
ALTER TABLE seine.lane DROP COLUMN delay_least;
DROP TABLE seine.budget, seine.session, seine.robots;
