-- +goose Up
CREATE INDEX record_task ON record (task) WHERE task IS NOT NULL;
CREATE INDEX asset_task ON asset (task) WHERE task IS NOT NULL;
CREATE INDEX asset_failure_task ON asset_failure (task) WHERE task IS NOT NULL;

-- +goose Down
DROP INDEX asset_failure_task;
DROP INDEX asset_task;
DROP INDEX record_task;
