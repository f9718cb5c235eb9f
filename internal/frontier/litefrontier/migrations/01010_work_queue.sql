-- +goose Up
-- A retry that is due is pending, as for status: its state tells only why it waited.
DROP VIEW work_queue;
CREATE VIEW work_queue AS
SELECT t.key AS task_id,
  CASE WHEN t.state = 1 THEN 'done' WHEN t.state = 2 THEN 'error' WHEN t.state = 3 THEN 'stale' WHEN t.state = 4 THEN 'skipped'
       WHEN q.lease_id IS NOT NULL THEN 'in_progress' WHEN q.run_at IS NULL THEN 'pending' WHEN q.state = 2 THEN 'error' WHEN q.state = 3 THEN 'stale' ELSE 'pending' END AS status,
  coalesce(l.worker, t.worker) AS worker_id, q.prio AS priority, t.meta AS metadata,
  strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(t.finished_at, t.created_at) / 1e6, 'unixepoch') AS updated_at
FROM task t LEFT JOIN queue q ON t.state = 0 AND q.job_id = t.job_id AND q.key = t.key LEFT JOIN lease l ON l.lease_id = q.lease_id;

-- +goose Down
DROP VIEW work_queue;
CREATE VIEW work_queue AS
SELECT t.key AS task_id,
  CASE WHEN t.state = 1 THEN 'done' WHEN t.state = 2 THEN 'error' WHEN t.state = 3 THEN 'stale' WHEN t.state = 4 THEN 'skipped'
       WHEN q.lease_id IS NOT NULL THEN 'in_progress' WHEN q.state = 2 THEN 'error' WHEN q.state = 3 THEN 'stale' ELSE 'pending' END AS status,
  coalesce(l.worker, t.worker) AS worker_id, q.prio AS priority, t.meta AS metadata,
  strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(t.finished_at, t.created_at) / 1e6, 'unixepoch') AS updated_at
FROM task t LEFT JOIN queue q ON t.state = 0 AND q.job_id = t.job_id AND q.key = t.key LEFT JOIN lease l ON l.lease_id = q.lease_id;
