-- +goose Up
ALTER TABLE seine.lane ADD COLUMN down_since timestamptz;  -- of the host's first fault in a row; NULL: it answered since
ALTER TABLE seine.queue ADD COLUMN refused_at timestamptz; -- when its host first refused the task (429, 503) in a row

-- +goose Down
ALTER TABLE seine.queue DROP COLUMN refused_at;
ALTER TABLE seine.lane DROP COLUMN down_since;
