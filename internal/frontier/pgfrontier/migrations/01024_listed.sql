-- +goose Up
CREATE TABLE seine.listed (        -- the pages that a sitemap lists, if it is read again
  job_id int NOT NULL,
  key text COLLATE "C" NOT NULL,
  list text COLLATE "C" NOT NULL,                     -- the key of the sitemap's task
  read_at timestamptz NOT NULL,                       -- the last reading that named the page
  lastmod timestamptz,
  left_at timestamptz,                                -- NULL: it is listed
  PRIMARY KEY (job_id, key, list)
);
CREATE INDEX listed_list ON seine.listed (job_id, list, read_at) WHERE left_at IS NULL;
CREATE INDEX listed_left ON seine.listed (job_id, key) WHERE left_at IS NOT NULL;

-- +goose Down
DROP TABLE seine.listed;
