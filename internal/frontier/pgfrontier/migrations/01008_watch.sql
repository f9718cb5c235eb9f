-- +goose Up
CREATE TABLE seine.watch (         -- where the answers of an ID space last were what was expected of them
  job_id int NOT NULL, space int NOT NULL,
  closed_at timestamptz,                               -- of the circuit, when this was written
  doubt float8 NOT NULL, expected float8 NOT NULL, asked bigint NOT NULL, hits bigint NOT NULL,
  at timestamptz NOT NULL,
  done bigint NOT NULL, errors bigint NOT NULL,        -- when an id was answered last
  PRIMARY KEY (job_id, space)
);
ALTER TABLE seine.block_stat ADD COLUMN errors bigint NOT NULL DEFAULT 0; -- ids that ended in error

-- +goose Down
ALTER TABLE seine.block_stat DROP COLUMN errors;
DROP TABLE seine.watch;
