-- +goose Up
ALTER TABLE seine.lane
  ADD COLUMN slow float8 NOT NULL DEFAULT 1,  -- what the delay is multiplied by since the host refused: see package polite
  ADD COLUMN slowed_at timestamptz,           -- of the last refusal that counted
  ADD COLUMN eased_at timestamptz;            -- of the last change of slow

-- +goose Down
ALTER TABLE seine.lane DROP COLUMN slow, DROP COLUMN slowed_at, DROP COLUMN eased_at;
