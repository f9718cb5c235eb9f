-- For KEDA, as the worker's login, which owns the schema seine: what seine_reader
-- may do, one function.
--
-- work() counts open tasks of jobs that are not paused, from the counters that
-- move with them; a job that has ids left to enumerate counts as one more, and
-- so does a frontier that no job was registered in: a first worker must come.
CREATE SCHEMA seine_reader;
CREATE FUNCTION seine_reader.work() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = seine, pg_temp
AS $$
  SELECT CASE WHEN NOT EXISTS (SELECT FROM job) THEN 1 ELSE greatest(0, (
    SELECT coalesce(sum(CASE WHEN state = 0 THEN n WHEN state BETWEEN 1 AND 4 THEN -n END), 0)::bigint
    FROM stat JOIN job USING (job_id) WHERE NOT paused)) + (
    SELECT count(DISTINCT job_id) FROM space JOIN job USING (job_id) WHERE next_id <= hi AND NOT paused) END
$$;
REVOKE ALL ON FUNCTION seine_reader.work() FROM PUBLIC;
GRANT USAGE ON SCHEMA seine_reader TO seine_reader;
GRANT EXECUTE ON FUNCTION seine_reader.work() TO seine_reader;
