-- +goose Up
ALTER TABLE record ADD COLUMN task TEXT;
ALTER TABLE record ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE record ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE record ADD COLUMN gone_at INTEGER;
ALTER TABLE asset ADD COLUMN task TEXT;
ALTER TABLE asset_failure ADD COLUMN task TEXT;
CREATE INDEX record_task ON record (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX asset_task ON asset (job_id, task) WHERE task IS NOT NULL;
CREATE INDEX asset_failure_task ON asset_failure (job_id, task) WHERE task IS NOT NULL;

-- +goose Down
DELETE FROM record WHERE superseded;
DROP INDEX asset_failure_task;
DROP INDEX asset_task;
DROP INDEX record_task;
ALTER TABLE asset_failure DROP COLUMN task;
ALTER TABLE asset DROP COLUMN task;
ALTER TABLE record DROP COLUMN gone_at;
ALTER TABLE record DROP COLUMN superseded;
ALTER TABLE record DROP COLUMN revision;
ALTER TABLE record DROP COLUMN task;
