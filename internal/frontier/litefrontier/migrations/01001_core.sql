-- +goose Up
-- Times are microseconds since 1970, UTC. What each column means stands in the
-- PostgreSQL schema (pgfrontier/migrations): the tables are the same.
CREATE TABLE job (
  job_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, config TEXT NOT NULL, digest BLOB NOT NULL,
  seed_url TEXT NOT NULL DEFAULT '', store_key TEXT NOT NULL DEFAULT '', seeds_digest BLOB,
  paused INTEGER NOT NULL DEFAULT 0, max_attempts INTEGER NOT NULL DEFAULT 8,
  page_pace TEXT NOT NULL DEFAULT '{}', asset_pace TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL
);
CREATE TABLE lane (
  lane_id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, lane_key TEXT NOT NULL, prio INTEGER NOT NULL DEFAULT 1,
  delay_min INTEGER NOT NULL, delay_max INTEGER NOT NULL, max_inflight INTEGER NOT NULL DEFAULT 1, inflight INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL, "full" INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 1, paused INTEGER NOT NULL DEFAULT 0,
  quiet_until INTEGER, why TEXT, starts INTEGER NOT NULL DEFAULT 0, rest_every INTEGER NOT NULL DEFAULT 0, rest_for INTEGER NOT NULL DEFAULT 0,
  errors INTEGER NOT NULL DEFAULT 0, cooldown_after INTEGER NOT NULL DEFAULT 0, cooldown_for INTEGER NOT NULL DEFAULT 0, faults INTEGER NOT NULL DEFAULT 0,
  UNIQUE (job_id, lane_key)
);
CREATE INDEX lane_due ON lane (job_id, prio, next_at) WHERE parked = 0 AND "full" = 0 AND paused = 0;
CREATE TABLE task (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, lane_id INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
  worker TEXT, reason TEXT, meta TEXT CHECK (meta IS NULL OR json_valid(meta)), created_at INTEGER NOT NULL, finished_at INTEGER,
  PRIMARY KEY (job_id, key)
) WITHOUT ROWID;
CREATE TABLE lease (lease_id INTEGER PRIMARY KEY, worker TEXT NOT NULL, expires_at INTEGER NOT NULL, rates TEXT NOT NULL DEFAULT '{}');
CREATE TABLE queue (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, key TEXT NOT NULL, lane_id INTEGER NOT NULL,
  prio INTEGER NOT NULL DEFAULT 1 CHECK (prio BETWEEN 0 AND 3), state INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
  run_at INTEGER, lease_id INTEGER, reason TEXT
);
CREATE INDEX queue_ready ON queue (lane_id, prio, seq) WHERE lease_id IS NULL AND run_at IS NULL;
CREATE INDEX queue_wait ON queue (run_at) WHERE lease_id IS NULL AND run_at IS NOT NULL;
CREATE INDEX queue_lease ON queue (lease_id) WHERE lease_id IS NOT NULL;
CREATE TABLE record (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1,
  fields TEXT NOT NULL CHECK (json_valid(fields)), url TEXT NOT NULL, digest BLOB NOT NULL, fetched_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, key, kind, version)
) WITHOUT ROWID;
CREATE TABLE asset (
  job_id INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1, path TEXT NOT NULL,
  bytes INTEGER NOT NULL, sha256 BLOB NOT NULL, width INTEGER, height INTEGER, url TEXT NOT NULL, original_bytes INTEGER, original_sha256 BLOB,
  PRIMARY KEY (job_id, key, name, version)
) WITHOUT ROWID;
CREATE TABLE stat (job_id INTEGER NOT NULL, lane_id INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '', n INTEGER NOT NULL,
  PRIMARY KEY (job_id, lane_id, state, reason)) WITHOUT ROWID;
CREATE TABLE recrawl (job_id INTEGER NOT NULL, due_at INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (job_id, key)) WITHOUT ROWID;
CREATE INDEX recrawl_due ON recrawl (due_at);
CREATE TABLE space (job_id INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, next_id INTEGER NOT NULL, PRIMARY KEY (job_id, lo, hi)) WITHOUT ROWID;
CREATE VIEW work_queue AS
SELECT t.key AS task_id,
  CASE WHEN t.state = 1 THEN 'done' WHEN t.state = 2 THEN 'error' WHEN t.state = 3 THEN 'stale' WHEN t.state = 4 THEN 'skipped'
       WHEN q.lease_id IS NOT NULL THEN 'in_progress' WHEN q.state = 2 THEN 'error' WHEN q.state = 3 THEN 'stale' ELSE 'pending' END AS status,
  coalesce(l.worker, t.worker) AS worker_id, q.prio AS priority, t.meta AS metadata,
  strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(t.finished_at, t.created_at) / 1e6, 'unixepoch') AS updated_at
FROM task t LEFT JOIN queue q ON t.state = 0 AND q.job_id = t.job_id AND q.key = t.key LEFT JOIN lease l ON l.lease_id = q.lease_id;

-- +goose Down
DROP VIEW work_queue;
DROP TABLE space;
DROP TABLE recrawl;
DROP TABLE stat;
DROP TABLE asset;
DROP TABLE record;
DROP TABLE queue;
DROP TABLE lease;
DROP TABLE task;
DROP TABLE lane;
DROP TABLE job;
