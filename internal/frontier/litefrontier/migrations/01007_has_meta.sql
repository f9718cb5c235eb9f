-- +goose Up
ALTER TABLE queue ADD COLUMN has_meta INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE queue DROP COLUMN has_meta;
