-- +goose Up
ALTER TABLE task ADD COLUMN page TEXT NOT NULL DEFAULT '';
-- The tasks of a page kind by state, in addition to their counters in stat. Another key of stat would end older programs.
CREATE TABLE page_stat (job_id INTEGER NOT NULL, page TEXT NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (job_id, page, state)) WITHOUT ROWID;

-- +goose Down
DROP TABLE page_stat;
ALTER TABLE task DROP COLUMN page;
