-- +goose Up
CREATE TABLE seine.visit (         -- what the last visit of a page that is visited again found
  job_id int NOT NULL, key text COLLATE "C" NOT NULL,
  etag text NOT NULL, last_modified text NOT NULL, hash bytea NOT NULL,
  every_s bigint NOT NULL,                            -- the interval; 0: the page is not visited again
  checked_at timestamptz NOT NULL,
  changed_at timestamptz,                             -- of the last visit that found other content
  gone_at timestamptz,                                -- NULL: the page is there
  visits bigint NOT NULL, changes bigint NOT NULL,
  PRIMARY KEY (job_id, key)
) WITH (fillfactor = 70);
ALTER TABLE seine.recrawl ADD COLUMN prio smallint NOT NULL DEFAULT 1;
DROP INDEX seine.recrawl_due;
CREATE INDEX recrawl_job ON seine.recrawl (job_id, due_at);

-- +goose Down
DROP INDEX seine.recrawl_job;
CREATE INDEX recrawl_due ON seine.recrawl (due_at);
ALTER TABLE seine.recrawl DROP COLUMN prio;
DROP TABLE seine.visit;
