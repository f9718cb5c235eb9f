-- +goose Up
ALTER TABLE seine.task ADD COLUMN page text COLLATE "C" NOT NULL DEFAULT ''; -- the page kind; '': the job has one kind
ALTER TABLE seine.stat ADD COLUMN page text COLLATE "C" NOT NULL DEFAULT ''; -- of the counted tasks. State 30: links that were left out

-- +goose Down
ALTER TABLE seine.stat DROP COLUMN page;
ALTER TABLE seine.task DROP COLUMN page;
