-- +goose Up
ALTER TABLE lane ADD COLUMN down_since INTEGER;
ALTER TABLE queue ADD COLUMN refused_at INTEGER;

-- +goose Down
ALTER TABLE queue DROP COLUMN refused_at;
ALTER TABLE lane DROP COLUMN down_since;
