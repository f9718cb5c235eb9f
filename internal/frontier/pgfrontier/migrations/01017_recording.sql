-- +goose Up
CREATE TABLE seine.recording (     -- the recorded responses of tasks
  job_id int NOT NULL, key text COLLATE "C" NOT NULL, fetched_at timestamptz NOT NULL,
  segment text COLLATE "C" NOT NULL, pos bigint NOT NULL, bytes bigint NOT NULL,
  body_segment text COLLATE "C" NOT NULL, body_pos bigint NOT NULL, body_bytes bigint NOT NULL,
  sha256 bytea NOT NULL,                              -- of the content, whose length is size
  size bigint NOT NULL,
  digest bytea NOT NULL,                              -- of the rules that judged it last
  PRIMARY KEY (job_id, key, fetched_at)
);
CREATE INDEX recording_body ON seine.recording (job_id, sha256);

-- +goose Down
DROP TABLE seine.recording;
