-- +goose NO TRANSACTION
-- +goose Up
-- The waiting tasks of a host, for hosts that are down: see 01016_owner_index.sql.
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS seine.queue_wait_lane;
CREATE INDEX CONCURRENTLY queue_wait_lane ON seine.queue (lane_id) WHERE lease_id IS NULL AND run_at IS NOT NULL;
RESET lock_timeout;

-- +goose Down
DROP INDEX CONCURRENTLY seine.queue_wait_lane;
