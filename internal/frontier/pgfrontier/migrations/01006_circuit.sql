-- +goose Up
CREATE TABLE seine.circuit (       -- a space that was stopped because its answers were not what they had been
  job_id int NOT NULL, space int NOT NULL, reason text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,                              -- NULL: it is stopped
  PRIMARY KEY (job_id, space)
);
ALTER TABLE seine.step_stat ADD COLUMN updated_at timestamptz;

-- +goose Down
ALTER TABLE seine.step_stat DROP COLUMN updated_at;
DROP TABLE seine.circuit;
