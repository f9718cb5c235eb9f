-- +goose Up
ALTER TABLE seine.asset ADD COLUMN phash bytea;         -- perceptual hash of an image
ALTER TABLE seine.asset ADD COLUMN rendered_by bytea;   -- identifies the options of a rendition
ALTER TABLE seine.asset ADD COLUMN duplicate_of text;   -- KEY/NAME of the file that this one nearly equals
CREATE TABLE seine.rendering (     -- files that a render may be writing or deleting
  job_id int NOT NULL, path text COLLATE "C" NOT NULL,
  task text COLLATE "C" NOT NULL,                       -- the key of the task that owns the file
  PRIMARY KEY (job_id, path)
);

-- +goose Down
DROP TABLE seine.rendering;
ALTER TABLE seine.asset DROP COLUMN duplicate_of;
ALTER TABLE seine.asset DROP COLUMN rendered_by;
ALTER TABLE seine.asset DROP COLUMN phash;
