-- +goose Up
CREATE TABLE seine.block_stat (    -- what is known of a block of an ID space: sums that only grow
  job_id int NOT NULL, space int NOT NULL, block bigint NOT NULL,
  done bigint NOT NULL, probes bigint NOT NULL, probe_hits bigint NOT NULL, walks bigint NOT NULL, walk_hits bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (job_id, space, block)
) WITH (fillfactor = 50);
CREATE INDEX block_stat_new ON seine.block_stat (job_id, space, updated_at);
CREATE TABLE seine.step_stat (     -- of the ids that were asked m after the last hit, how many were wanted; read as sums over slots
  job_id int NOT NULL, space int NOT NULL, slot smallint NOT NULL, ctx smallint NOT NULL, m smallint NOT NULL,
  trials float8 NOT NULL, hits float8 NOT NULL,
  PRIMARY KEY (job_id, space, slot, ctx, m)
) WITH (fillfactor = 50);
ALTER TABLE seine.queue ADD COLUMN mark smallint NOT NULL DEFAULT 0; -- 1: its excursion went on past it, 2: and it was counted as a miss

-- +goose Down
ALTER TABLE seine.queue DROP COLUMN mark;
DROP TABLE seine.step_stat, seine.block_stat;
