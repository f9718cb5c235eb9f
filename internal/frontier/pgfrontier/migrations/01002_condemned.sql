-- +goose Up
CREATE TABLE seine.condemned (     -- files that a sweep deletes from a store: no task that may have found one there completes with it
  path       text NOT NULL,
  sweep_id   bigint NOT NULL,                         -- random, 63 bits, drawn by the sweep
  held_until timestamptz NOT NULL,                    -- a task that was claimed later comes after the deletion
  PRIMARY KEY (path, sweep_id)
);
ALTER TABLE seine.queue ADD COLUMN claimed_at timestamptz; -- of a leased task; NULL: by a program that did not write it, which is long ago

-- +goose Down
ALTER TABLE seine.queue DROP COLUMN claimed_at;
DROP TABLE seine.condemned;
