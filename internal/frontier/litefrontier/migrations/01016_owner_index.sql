-- +goose Up
CREATE INDEX record_task ON record (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX asset_task ON asset (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX asset_failure_task ON asset_failure (job_id, task) WHERE task IS NOT NULL;

-- +goose Down
DROP INDEX asset_failure_task;
DROP INDEX asset_task;
DROP INDEX record_task;
