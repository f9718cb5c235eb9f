-- +goose Up
ALTER TABLE seine.record
  ADD COLUMN task text COLLATE "C",                       -- the key of the task that owns the record; NULL: the record's own key
  ADD COLUMN revision int NOT NULL DEFAULT 1,             -- counts the changes of the fields
  ADD COLUMN superseded boolean NOT NULL DEFAULT false,   -- a later version is stored; version tells them apart
  ADD COLUMN gone_at timestamptz;                         -- its page is gone since
ALTER TABLE seine.asset ADD COLUMN task text COLLATE "C";
ALTER TABLE seine.asset_failure ADD COLUMN task text COLLATE "C";
-- A write to a row of another task sets an empty owner, so that it fails. NOT VALID: no scan under a lock.
ALTER TABLE seine.record ADD CONSTRAINT record_owner CHECK (task <> '') NOT VALID;
ALTER TABLE seine.asset ADD CONSTRAINT asset_owner CHECK (task <> '') NOT VALID;

-- +goose Down
DELETE FROM seine.record WHERE superseded;
ALTER TABLE seine.asset_failure DROP COLUMN task;
ALTER TABLE seine.asset DROP COLUMN task;
ALTER TABLE seine.record DROP COLUMN gone_at, DROP COLUMN superseded, DROP COLUMN revision, DROP COLUMN task;
