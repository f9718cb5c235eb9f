-- +goose Up
ALTER TABLE seine.block_stat ADD COLUMN absent bigint NOT NULL DEFAULT 0;      -- probes of IDs that do not exist
ALTER TABLE seine.block_stat ADD COLUMN stale bigint NOT NULL DEFAULT 0;       -- stale answers
ALTER TABLE seine.block_stat ADD COLUMN stale_doubt float8 NOT NULL DEFAULT 0; -- how far their share is from what was expected
ALTER TABLE seine.block_stat ADD COLUMN newest bigint NOT NULL DEFAULT 0;      -- the last position that exists, plus 1
ALTER TABLE seine.watch ADD COLUMN stale_doubt float8 NOT NULL DEFAULT 0;
ALTER TABLE seine.watch ADD COLUMN answers bigint NOT NULL DEFAULT 0;          -- when stale_doubt was least
ALTER TABLE seine.watch ADD COLUMN stale bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE seine.watch DROP COLUMN stale;
ALTER TABLE seine.watch DROP COLUMN answers;
ALTER TABLE seine.watch DROP COLUMN stale_doubt;
ALTER TABLE seine.block_stat DROP COLUMN newest;
ALTER TABLE seine.block_stat DROP COLUMN stale_doubt;
ALTER TABLE seine.block_stat DROP COLUMN stale;
ALTER TABLE seine.block_stat DROP COLUMN absent;
