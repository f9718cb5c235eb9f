-- +goose Up
CREATE TABLE seine.erasure (       -- files and frames of forgotten tasks that are still in the store
  job_id int NOT NULL,
  path text COLLATE "C" NOT NULL,
  pos bigint NOT NULL, bytes bigint NOT NULL,         -- the place of a frame; 0 and 0 mean the file
  sha256 bytea NOT NULL,                              -- of a content that recordings may share, or empty
  PRIMARY KEY (job_id, path, pos, bytes)
);

-- +goose Down
DROP TABLE seine.erasure;
