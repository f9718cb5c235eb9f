package pgfrontier

// $1 is the time now (timestamptz) in every statement that needs one: NULL
// means the server's clock. It is read in a scalar subquery, so that it is
// evaluated once and can bound an index scan; a bare clock_timestamp() can't.
const now = `(select coalesce($1::timestamptz, clock_timestamp()))`

const (
	// Autocommit, synchronous. A unique violation: draw another id.
	sqlOpenLease = `insert into seine.lease(lease_id, worker, expires_at) values ($2, $3, ` + now + ` + $4::float8 * interval '1 s')`

	// 0 rows: the lease is lost. No time condition: a lease is lost when its
	// row is gone, whatever a clock says.
	sqlHeartbeat = `update seine.lease set expires_at = ` + now + ` + $3::float8 * interval '1 s', rates = $4::text::jsonb where lease_id = $2`

	sqlCloseLease = `with d as (delete from seine.lease where lease_id = $2 and not exists (select from seine.queue where lease_id = $2) returning 1)
 update seine.lease set expires_at = ` + now + ` - interval '1 ms' where lease_id = $2 and not exists (select from d)`

	// For the lanes whose tasks have not started yet: what changed since the claim.
	sqlHeld = `select lane_id, paused or (select paused from seine.job j where j.job_id = l.job_id),
   case when why is distinct from 'rest' then coalesce(greatest(0, extract(epoch from quiet_until - ` + now + `)), 0) else 0 end::float8
 from seine.lane l where lane_id = any($2::int[])`

	// $2 job.
	sqlTroubled = `select lane_key from seine.lane where job_id = $2 and (paused or quiet_until > ` + now + ` or faults > 0 or slow > 1.01)
 and lane_key not like 'assets/%' and lane_key not like 'shard/%'`

	// Planning these two anew for each claim, which the server prefers as it
	// guesses that the arrays are long, takes it as long as running them.
	sqlClaimSet = `set local plan_cache_mode = force_generic_plan`

	// Claim 1: $2 lease, $3 job, $4 lanes, $5 floor of each priority 0-3, $6
	// how far ahead of its next start a lane may be taken (s), $7 lanes to
	// leave alone. me comes first because p depends on it: the lease row is
	// locked before any lane.
	sqlLanes = `select h.*, p.p
 from (select 3 as top from seine.lease e, seine.job j where e.lease_id = $2 and j.job_id = $3 and not j.paused for key share of e) me
 cross join lateral generate_series(0, me.top) p(p)
 cross join lateral (
   select lane_id, next_at, max_inflight, inflight, faults, extract(epoch from delay_min)::float8, extract(epoch from delay_max)::float8, slow,
     delay_max > interval '0' or slow > 1 or rest_every > 0 as paced
   from seine.lane
   where job_id = $3 and prio = p.p and not parked and not "full" and not paused
     and next_at <= (select coalesce($1::timestamptz, clock_timestamp()) + $6::float8 * interval '1 s')
     and next_at >= ($5::timestamptz[])[p.p + 1]
     and lane_id <> all($7::int[])
   order by next_at limit $4 for update skip locked) h
 limit $4`

	// Claim 2: its snapshot is newer than the lane locks, so a task that was
	// committed before them is seen. $2 lease, $3 lanes, $4 rooms, $5 and $6 a
	// priority and a seq for each lane: this worker took what was ready below.
	// That is a hint: with too few tasks from there on, the lane is read from
	// its beginning, so it is never parked over a task that came back. $7 is the
	// lead (s).
	sqlTake = `with c as materialized (
   select l.lane_id, l.room, ln.lane_key, ln.faults, s.seq, s.prio, s.rn, s.d, s.rested, t.now,
     greatest(ln.next_at, t.now + case when ln.delay_max > interval '0' or ln.slow > 1 then $7::float8 else 0 end * interval '1 s') + s.before as start_at
   from unnest($3::int[], $4::int[], $5::smallint[], $6::bigint[]) l(lane_id, room, prio, low)
   join seine.lane ln on ln.lane_id = l.lane_id
   cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) t
   cross join lateral (
     select seq, prio, rn, d, rested, coalesce(sum(d) over (order by rn rows between unbounded preceding and 1 preceding), interval '0') as before
     from (select seq, prio, rn, r.rested,
         greatest(case when ln.slow <= 1 then v.d when ln.delay_max = interval '0' then ln.slow * interval '10 ms' else v.d * ln.slow end, case when r.rested then ln.rest_for else interval '0' end) as d
       from (select seq, prio, row_number() over (order by prio, seq) as rn
         from (with a as materialized (select seq, prio from seine.queue q where l.low > 0 and l.prio = ln.prio
               and q.lane_id = l.lane_id and (q.prio, q.seq) >= (l.prio, l.low) and q.prio <= l.prio and lease_id is null and run_at is null
               order by prio, seq limit l.room + 1)
           select * from a where (select count(*) from a) > l.room
           union all (select seq, prio from seine.queue q where (select count(*) from a) <= l.room
               and q.lane_id = l.lane_id and lease_id is null and run_at is null order by prio, seq limit l.room + 1)) z) y
       cross join lateral (select ln.delay_min + random() * (ln.delay_max - ln.delay_min) + y.rn * interval '0' as d) v
       cross join lateral (select ln.rest_every > 0 and (ln.starts + y.rn) % greatest(ln.rest_every, 1) = 0 as rested) r) x) s),
 k as (select l.lane_id, count(*) filter (where c.rn <= c.room)::int as n, min(c.prio) filter (where c.rn > c.room) as prio,
     max(c.start_at + c.d) filter (where c.rn <= c.room) as next_at, bool_or(c.rested) filter (where c.rn = c.room) as rested
   from unnest($3::int[]) l(lane_id) left join c using (lane_id) group by l.lane_id),
 u as (update seine.lane l set inflight = inflight + k.n, "full" = inflight + k.n >= max_inflight, starts = starts + k.n,
     parked = k.prio is null, prio = coalesce(k.prio, l.prio), next_at = coalesce(k.next_at, l.next_at),
     quiet_until = case when k.rested then k.next_at else l.quiet_until end, why = case when k.rested then 'rest' else l.why end
   from k where l.lane_id = k.lane_id)
 update seine.queue q set lease_id = $2, attempt = attempt + 1, claimed_at = c.now from c
 where q.seq = c.seq and c.rn <= c.room and q.seq = any(array(select seq from c where rn <= room))
 returning q.job_id, q.seq, q.key, q.lane_id, c.lane_key, q.prio::int, q.attempt::int,
   case when q.has_meta then (select t.meta::text from seine.task t where t.job_id = q.job_id and t.key = q.key) end,
   c.start_at, greatest(0, extract(epoch from c.start_at - c.now))::float8, c.faults, q.mark::int, coalesce(extract(epoch from c.now - q.refused_at), 0)::float8,
   case when q.owes then coalesce((select o.assets from seine.owed o where o.job_id = q.job_id and o.key = q.key), '{}') end`

	// How long until something may be claimed: lanes by their next start,
	// waiting retries by theirs. $2 job and $3 priority of each floor, $4 the
	// floors, $5 that of the retries.
	sqlDue = `select extract(epoch from min(at) - ` + now + `)::float8 from (
   select (select next_at from seine.lane l where l.job_id = f.job_id and l.prio = f.prio and not parked and not "full" and not paused and next_at >= f.floor
       order by next_at limit 1) as at
     from unnest($2::int[], $3::smallint[], $4::timestamptz[]) f(job_id, prio, floor) join seine.job j using (job_id) where not j.paused
   union all (select run_at from seine.queue where lease_id is null and run_at >= $5::timestamptz order by run_at limit 1)) x`
)
