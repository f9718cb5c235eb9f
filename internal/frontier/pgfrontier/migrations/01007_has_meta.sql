-- +goose Up
-- Whether the task has a meta: a claim looks it up only then, which was a
-- quarter of a claim's cost. True for what an older worker adds.
ALTER TABLE seine.queue ADD COLUMN has_meta boolean NOT NULL DEFAULT true;

-- +goose Down
ALTER TABLE seine.queue DROP COLUMN has_meta;
