-- +goose NO TRANSACTION
-- +goose Up
-- The tables may be large, and workers go on meanwhile. A build waits for older transactions and
-- nobody waits for it. An index of a build that was cut off is not valid, so it is built again.
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS seine.record_task;
DROP INDEX CONCURRENTLY IF EXISTS seine.asset_task;
DROP INDEX CONCURRENTLY IF EXISTS seine.asset_failure_task;
CREATE INDEX CONCURRENTLY record_task ON seine.record (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX CONCURRENTLY asset_task ON seine.asset (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX CONCURRENTLY asset_failure_task ON seine.asset_failure (job_id, task) WHERE task IS NOT NULL;
RESET lock_timeout;

-- +goose Down
DROP INDEX CONCURRENTLY seine.asset_failure_task;
DROP INDEX CONCURRENTLY seine.asset_task;
DROP INDEX CONCURRENTLY seine.record_task;
