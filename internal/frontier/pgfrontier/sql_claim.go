package pgfrontier

import "github.com/seinehq/seine/internal/frontier"

const (
	// Autocommit, synchronous. After a unique violation the caller draws another token.
	sqlOpenLease = `insert into seine.lease(lease_id, worker, expires_at) values ($2, $3, ` + now + ` + $4::float8 * interval '1 s')`

	// 0 rows mean that the lease is lost. There is no condition on the time: a lease is lost if its
	// row is gone.
	sqlHeartbeat = `update seine.lease set expires_at = ` + now + ` + $3::float8 * interval '1 s', rates = $4::text::jsonb where lease_id = $2`

	sqlCloseLease = `with d as (delete from seine.lease where lease_id = $2 and not exists (select from seine.queue where lease_id = $2) returning 1)
 update seine.lease set expires_at = ` + now + ` - interval '1 ms' where lease_id = $2 and not exists (select from d)`

	// The server would plan these two statements for each claim, because it guesses that the arrays
	// are long. Planning takes as long as running them.
	sqlClaimSet = `set local plan_cache_mode = force_generic_plan`

	// sqlDue is the time until a task may be claimed: the next start of a lane, or the time of a
	// retry. $2 job and $3 priority of each hint, $4 the hints, $5 the hint of the retries.
	sqlDue = `select extract(epoch from min(at) - ` + now + `)::float8 from (
   select (select next_at from seine.lane l where l.job_id = f.job_id and l.prio = f.prio and not parked and not "full" and not paused and next_at >= f.hint
       order by next_at limit 1) as at
     from unnest($2::int[], $3::smallint[], $4::timestamptz[]) f(job_id, prio, hint) join seine.job j using (job_id) where not j.paused
   union all (select run_at from seine.queue where lease_id is null and run_at >= $5::timestamptz order by run_at limit 1)) x`
)

var (
	// sqlLanes is the first statement of a claim. $2 lease, $3 job, $4 lanes, $5 the hint of each
	// priority 0 to 3, $6 ahead (s), $7 lanes to skip. p depends on me, so the lease row is locked
	// before any lane.
	sqlLanes = `select h.*, p.p
 from (select 3 as top from seine.lease e, seine.job j where e.lease_id = $2 and j.job_id = $3 and not j.paused for key share of e) me
 cross join lateral generate_series(0, me.top) p(p)
 cross join lateral (
   select lane_id, next_at, max_inflight, inflight, faults, extract(epoch from delay_min)::float8, extract(epoch from delay_max)::float8, slow, rest_every
   from seine.lane
   where job_id = $3 and prio = p.p and not parked and not "full" and not paused
     and next_at <= (select coalesce($1::timestamptz, clock_timestamp()) + $6::float8 * interval '1 s')
     and next_at >= ($5::timestamptz[])[p.p + 1]
     and lane_id <> all($7::int[])
   order by next_at limit $4 for update skip locked) h
 limit $4`

	// sqlTake is the second statement of a claim: Lane.Take and Lane.Left. Its snapshot is newer
	// than the lane locks, so it sees every task that was committed before them. $2 lease, $3
	// lanes, $4 rooms. $5 and $6 are a priority and a seq per lane below which this worker took all
	// ready tasks. They are hints: with too few tasks from there on, the statement reads the lane
	// from its beginning, so it never parks a lane over a requeued task. $7 lead (s), $8 draws, $9
	// the index before the first draw of each lane.
	sqlTake = `with c as materialized (
   select r.lane_id, r.room, l.lane_key, l.faults, s.seq, s.prio, s.rn, s.d, s.rested, l.rest_for, t.now,
     greatest(l.next_at, t.now + case when l.delay_max > interval '0' or l.slow > 1 then $7::float8 else 0 end * interval '1 s') + s.before as start_at
   from unnest($3::int[], $4::int[], $5::smallint[], $6::bigint[], $9::int[]) r(lane_id, room, prio, below, skip)
   join seine.lane l on l.lane_id = r.lane_id
   cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) t
   cross join lateral (
     select seq, prio, rn, d, rested, coalesce(sum(d) over (order by rn rows between unbounded preceding and 1 preceding), interval '0') as before
     from (select seq, prio, rn, v.rested, greatest(v.d, case when v.rested then l.rest_for else interval '0' end) as d
       from (select seq, prio, row_number() over (order by prio, seq) as rn
         from (with a as materialized (select seq, prio from seine.queue q where r.below > 0 and r.prio = l.prio
               and q.lane_id = r.lane_id and (q.prio, q.seq) >= (r.prio, r.below) and q.prio <= r.prio and lease_id is null and run_at is null
               order by prio, seq limit r.room + 1)
           select * from a where (select count(*) from a) > r.room
           union all (select seq, prio from seine.queue q where (select count(*) from a) <= r.room
               and q.lane_id = r.lane_id and lease_id is null and run_at is null order by prio, seq limit r.room + 1)) z) y
       cross join lateral (select ` + laneDelay(`coalesce(($8::float8[])[(r.skip + y.rn)::int], 0)`) + ` as d, ` + laneRests(`y.rn`) + ` as rested) v) x) s),
 k as (select r.lane_id, count(*) filter (where c.rn <= c.room)::int as n, min(c.prio) filter (where c.rn > c.room) as prio,
     max(c.start_at + c.d) filter (where c.rn <= c.room) as next_at, max(c.start_at + c.rest_for) filter (where c.rn <= c.room and c.rested) as rest_until
   from unnest($3::int[]) r(lane_id) left join c using (lane_id) group by r.lane_id),
 u as (update seine.lane l set inflight = l.inflight + k.n, "full" = l.inflight + k.n >= l.max_inflight, starts = l.starts + k.n,
     parked = k.prio is null, prio = coalesce(k.prio, l.prio), next_at = coalesce(k.next_at, l.next_at),
     quiet_until = coalesce(k.rest_until, l.quiet_until), why = case when k.rest_until is null then l.why else '` + frontier.WhyRest + `' end
   from k where l.lane_id = k.lane_id)
 update seine.queue q set lease_id = $2, attempt = attempt + 1, claimed_at = c.now from c
 where q.seq = c.seq and c.rn <= c.room and q.seq = any(array(select seq from c where rn <= room))
 returning q.job_id, q.seq, q.key, q.lane_id, c.lane_key, q.prio::int, q.attempt::int,
   case when q.has_meta then (select array[t.meta::text, t.page] || case when q.mark > 0 then ` + visited + ` end from seine.task t where t.job_id = q.job_id and t.key = q.key) end,
   c.start_at, greatest(0, extract(epoch from c.start_at - c.now))::float8, c.faults, q.state::int, q.mark::int, coalesce(extract(epoch from c.now - q.refused_at), 0)::float8,
   case when q.owes then coalesce((select o.assets from seine.owed o where o.job_id = q.job_id and o.key = q.key), '{}') end`

	// visited is the last visit of a task, which only a requeued task has.
	visited = `(select array[v.etag, v.last_modified, encode(v.hash, 'hex'), v.every_s::text, v.visits::text, v.changes::text, ` +
		microseconds(`v.checked_at`) + `, ` + microseconds(`v.changed_at`) + `, ` + microseconds(`v.gone_at`) + `]
   from seine.visit v where v.job_id = q.job_id and v.key = q.key)`

	// sqlBlocked is Lane.Remaining for lanes whose tasks have not started yet.
	sqlBlocked = `select lane_id, paused or (select paused from seine.job j where j.job_id = l.job_id),
   case when why is distinct from '` + frontier.WhyRest + `' then coalesce(greatest(0, extract(epoch from quiet_until - ` + now + `)), 0) else 0 end::float8
 from seine.lane l where lane_id = any($2::int[])`

	// $2 job.
	sqlUnhealthy = `select lane_key from seine.lane l where job_id = $2 and (` + laneUnhealthy + ` or delay_least > interval '0'
   or exists (select from seine.tuning t where t.job_id = l.job_id and t.lane_key = l.lane_key)) and ` + isHost
)

// microseconds returns a time as the text of its microseconds since 1970.
func microseconds(at string) string {
	return `(extract(epoch from ` + at + `) * 1000000)::bigint::text`
}
