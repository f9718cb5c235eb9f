-- +goose Up
CREATE TABLE seine.job (
  job_id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL UNIQUE,
  config       jsonb NOT NULL,
  digest       bytea NOT NULL,
  seed_url     text NOT NULL DEFAULT '',              -- with store_key: the job's identity
  store_key    text NOT NULL DEFAULT '',
  seeds_digest bytea,                                 -- of the seeds that were admitted
  paused       boolean NOT NULL DEFAULT false,
  max_attempts smallint NOT NULL DEFAULT 8,           -- retry.error, for the rescuer: it may not know the job's config
  page_pace    jsonb NOT NULL DEFAULT '{}',           -- for lanes that are made later
  asset_pace   jsonb NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE seine.lane (          -- one row per politeness key, or per shard of a rate-free job
  lane_id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id         int NOT NULL,
  lane_key       text COLLATE "C" NOT NULL,
  prio           smallint NOT NULL DEFAULT 1,         -- best priority among its ready tasks
  delay_min      interval NOT NULL,
  delay_max      interval NOT NULL,
  max_inflight   int NOT NULL DEFAULT 1,
  inflight       int NOT NULL DEFAULT 0,              -- = its leased queue rows, kept in the same transactions
  next_at        timestamptz NOT NULL DEFAULT now(),  -- the earliest next start; never infinity; never before quiet_until
  "full"         boolean NOT NULL DEFAULT false,      -- = inflight >= max_inflight
  parked         boolean NOT NULL DEFAULT true,       -- no ready task (true: a new lane has none)
  paused         boolean NOT NULL DEFAULT false,      -- by a person
  quiet_until    timestamptz,                         -- Retry-After, rest, cooldown, host fault: why says which
  why            text,
  starts         bigint NOT NULL DEFAULT 0,           -- counted for rest
  rest_every     int NOT NULL DEFAULT 0,
  rest_for       interval NOT NULL DEFAULT '0',
  errors         int NOT NULL DEFAULT 0,              -- in a row, counted for cooldown
  cooldown_after int NOT NULL DEFAULT 0,
  cooldown_for   interval NOT NULL DEFAULT '0',
  faults         int NOT NULL DEFAULT 0,              -- of the host, in a row
  UNIQUE (job_id, lane_key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX lane_due ON seine.lane (job_id, prio, next_at) WHERE NOT parked AND NOT "full" AND NOT paused;
CREATE TABLE seine.task (          -- permanent: the seen set and the result; no other index
  job_id      int NOT NULL,
  key         text COLLATE "C" NOT NULL,
  lane_id     int NOT NULL,
  state       smallint NOT NULL DEFAULT 0,            -- 0 open (detail in queue), 1 done, 2 error, 3 stale, 4 skipped
  attempt     smallint NOT NULL DEFAULT 0,
  worker      text,
  reason      text,
  meta        jsonb,
  created_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (job_id, key)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE TABLE seine.lease (         -- one row per worker session: heartbeat and fencing token
  lease_id   bigint PRIMARY KEY,                      -- random, 63 bits, drawn by the worker
  worker     text NOT NULL,
  expires_at timestamptz NOT NULL,
  rates      jsonb NOT NULL DEFAULT '{}'              -- tasks a second by job, for status
) WITH (fillfactor = 50);
CREATE TABLE seine.queue (         -- hot: open tasks only
  seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id   int NOT NULL,
  key      text COLLATE "C" NOT NULL,
  lane_id  int NOT NULL,
  prio     smallint NOT NULL DEFAULT 1 CHECK (prio BETWEEN 0 AND 3),
  state    smallint NOT NULL DEFAULT 0,               -- 0 pending, 2 error, 3 stale: why it waits
  attempt  smallint NOT NULL DEFAULT 0,
  run_at   timestamptz,                               -- NULL: ready now
  lease_id bigint,                                    -- NULL: not leased
  reason   text                                       -- of the last failure
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX queue_ready ON seine.queue (lane_id, prio, seq) WHERE lease_id IS NULL AND run_at IS NULL;
CREATE INDEX queue_wait  ON seine.queue (run_at) WHERE lease_id IS NULL AND run_at IS NOT NULL;
CREATE INDEX queue_lease ON seine.queue (lease_id) WHERE lease_id IS NOT NULL;
CREATE TABLE seine.record (
  job_id int NOT NULL, key text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, version int NOT NULL DEFAULT 1,
  fields jsonb NOT NULL, url text NOT NULL, digest bytea NOT NULL, fetched_at timestamptz NOT NULL,
  PRIMARY KEY (job_id, key, kind, version)
);
CREATE TABLE seine.asset (
  job_id int NOT NULL, key text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, version int NOT NULL DEFAULT 1,
  path text NOT NULL, bytes bigint NOT NULL, sha256 bytea NOT NULL, width int, height int, url text NOT NULL,
  original_bytes bigint, original_sha256 bytea,       -- of the file as it came
  PRIMARY KEY (job_id, key, name, version)
);
CREATE TABLE seine.stat (          -- deltas, folded now and then; read with sum(n): 0 all tasks, 1-4 those in that final state,
                                   -- 10 records, 11 assets; open = 0 minus 1-4
  job_id int NOT NULL, lane_id int NOT NULL, state smallint NOT NULL, reason text, n bigint NOT NULL
);
CREATE TABLE seine.recrawl (
  job_id int NOT NULL, due_at timestamptz NOT NULL, key text COLLATE "C" NOT NULL, PRIMARY KEY (job_id, key)
);
CREATE INDEX recrawl_due ON seine.recrawl (due_at);
CREATE TABLE seine.space (         -- a range of ids that is enumerated; next_id > hi: exhausted
  job_id int NOT NULL, lo bigint NOT NULL, hi bigint NOT NULL, next_id bigint NOT NULL, PRIMARY KEY (job_id, lo, hi)
);
CREATE VIEW seine.work_queue AS
SELECT t.key AS task_id,
  CASE WHEN t.state = 1 THEN 'done' WHEN t.state = 2 THEN 'error' WHEN t.state = 3 THEN 'stale' WHEN t.state = 4 THEN 'skipped'
       WHEN q.lease_id IS NOT NULL THEN 'in_progress' WHEN q.state = 2 THEN 'error' WHEN q.state = 3 THEN 'stale' ELSE 'pending' END AS status,
  coalesce(l.worker, t.worker) AS worker_id, q.prio AS priority, t.meta AS metadata, coalesce(t.finished_at, t.created_at) AS updated_at
FROM seine.task t
LEFT JOIN seine.queue q ON t.state = 0 AND q.job_id = t.job_id AND q.key = t.key
LEFT JOIN seine.lease l ON l.lease_id = q.lease_id;
-- +goose StatementBegin
DO $$ BEGIN
  IF to_regclass('public.work_queue') IS NULL AND to_regnamespace('public') IS NOT NULL AND has_schema_privilege('public', 'CREATE') THEN
    CREATE VIEW public.work_queue AS SELECT * FROM seine.work_queue;
  END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP VIEW IF EXISTS public.work_queue;
DROP VIEW seine.work_queue;
DROP TABLE seine.space, seine.recrawl, seine.stat, seine.asset, seine.record, seine.queue, seine.lease, seine.task, seine.lane, seine.job;
