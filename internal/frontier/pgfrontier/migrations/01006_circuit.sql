-- +goose Up
CREATE TABLE seine.circuit (       -- a space that was stopped because its answers were not what they had been
  job_id int NOT NULL, space int NOT NULL, reason text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,                              -- NULL: it is stopped
  PRIMARY KEY (job_id, space)
);

-- +goose Down
DROP TABLE seine.circuit;
