-- +goose Up
ALTER TABLE asset ADD COLUMN phash BLOB;
ALTER TABLE asset ADD COLUMN rendered_by BLOB;
ALTER TABLE asset ADD COLUMN duplicate_of TEXT;
CREATE TABLE rendering (job_id INTEGER NOT NULL, path TEXT NOT NULL, task TEXT NOT NULL, PRIMARY KEY (job_id, path)) WITHOUT ROWID;

-- +goose Down
DROP TABLE rendering;
ALTER TABLE asset DROP COLUMN duplicate_of;
ALTER TABLE asset DROP COLUMN rendered_by;
ALTER TABLE asset DROP COLUMN phash;
