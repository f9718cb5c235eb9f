package pgfrontier

import (
	"strconv"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

const (
	// The rescue of one expired lease, in one transaction: sqlDead, sqlDeadLanes, sqlDeadTasks,
	// sqlRescue, sqlDropLease.
	sqlDead      = `select lease_id from seine.lease where expires_at < ` + now + ` order by expires_at limit 1 for update skip locked`
	sqlDeadLanes = `select 1 from seine.lane where lane_id in (select lane_id from seine.queue where lease_id = $1) order by lane_id for update`
	sqlDeadTasks = `select q.seq, q.attempt::int, q.attempt >= j.max_attempts from seine.queue q join seine.job j using (job_id) where q.lease_id = $1`
	sqlDropLease = `delete from seine.lease where lease_id = $1`

	// Due retries, in one transaction: sqlDueSeqs, sqlLock, sqlPromote. $2 limit, $3 the hint:
	// earlier retries are already ready.
	sqlDueSeqs = `select array_agg(seq), array_agg(distinct lane_id), min(run_at) from
 (select seq, lane_id, run_at from seine.queue where lease_id is null and run_at <= ` + now + ` and run_at >= $3::timestamptz order by run_at limit $2) s`
)

var (
	errorState = strconv.Itoa(int(seine.Error))

	// sqlRescue ends the tasks at their last attempt, and returns the others. $2 lease, $3 the seqs
	// of the tasks to end, $4 the seqs of the others, $5 their delays by frontier.RescueDelay (s).
	sqlRescue = `with g as (delete from seine.queue q where q.seq = any($3::bigint[]) and q.lease_id = $2 returning q.job_id, q.key, q.lane_id, q.attempt),
 r as (update seine.queue q set lease_id = null, state = case when f.delay > 0 then ` + errorState + ` else 0 end, reason = '` + frontier.WhyDied + `',
     run_at = case when f.delay > 0 then ` + now + ` + f.delay * interval '1 s' end
   from unnest($4::bigint[], $5::float8[]) f(seq, delay) where q.seq = f.seq and q.lease_id = $2 returning q.lane_id, case when q.run_at is null then q.prio end as prio),
 k as (select lane_id, count(*)::int as n, min(prio) as prio from (select lane_id, null::smallint as prio from g union all select lane_id, prio from r) x group by 1),
 u as (update seine.lane l set ` + laneFreed + `, ` + laneWoken(`k.prio`) + ` from k where l.lane_id = k.lane_id),
 t as (update seine.task t set state = ` + errorState + `, attempt = g.attempt, reason = '` + frontier.WhyDied + `', worker = (select worker from seine.lease where lease_id = $2), finished_at = ` + now + `
   from g where t.job_id = g.job_id and t.key = g.key returning t.job_id, t.key, t.attempt, t.state, t.reason, g.lane_id, t.page),
 ` + failedAttempts(`t`, `(select worker from seine.lease where lease_id = $2)`, `true`) + `,
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, lane_id, ` + errorState + `, '` + frontier.WhyDied + `', page, count(*) from t group by 1, 2, 5)
 select (select count(*) from r), (select count(*) from g)`

	sqlPromote = `with r as (update seine.queue set run_at = null where seq = any($2::bigint[]) and lease_id is null and run_at <= ` + now + ` returning lane_id, prio),
 k as (select lane_id, min(prio) as prio, count(*)::int as n from r group by 1),
 u as (update seine.lane l set ` + laneWoken(`k.prio`) + ` from k where l.lane_id = k.lane_id and (l.parked or l.prio > k.prio))
 select coalesce(sum(n), 0)::bigint from k`

	// sqlReserve is Lane.Reserve, autocommit. $2 lane, $3 draw, $4 the largest wait (s).
	sqlReserve = `with s as materialized (select lane_id, t.now, greatest(next_at, t.now) as start_at, ` + laneDelay(`$3::float8`) + ` as d, rest_for,
     paused or (select paused from seine.job j where j.job_id = l.job_id) as held,
     ` + laneRests(`1`) + ` as rested, ` + lanePaced + ` as paced,
     case when ` + isAssets + ` then ` + laneEased(`1`, `t.now`) + ` else slow end as eased
   from seine.lane l cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) t where lane_id = $2 for update of l),
 u as (update seine.lane l set next_at = s.start_at + greatest(s.d, case when s.rested then s.rest_for else s.d end), starts = l.starts + 1,
     quiet_until = case when s.rested then s.start_at + s.rest_for else l.quiet_until end,
     slow = s.eased, eased_at = case when s.eased < l.slow then s.now else l.eased_at end,
     why = case when s.rested then '` + frontier.WhyRest + `' when s.eased < l.slow and s.eased = 1 and coalesce(l.quiet_until < s.now, true) then null else l.why end
   from s where l.lane_id = s.lane_id and not s.held and s.start_at <= s.now + $4::float8 * interval '1 s')
 select greatest(0, extract(epoch from start_at - now))::float8, held, paced from s`

	// sqlBackoff is Lane.Back, autocommit, lanes in the order of their ids. $2 job, $3 lane keys,
	// $4 for (s), $5 why, $6 faults, $7 slow, $8 ago (s).
	sqlBackoff = `with k as materialized (select lane_id from seine.lane where job_id = $2 and lane_key = any($3::text[]) order by lane_id for update)
 update seine.lane l set quiet_until = case when $4::float8 > 0 then greatest(quiet_until, ` + now + ` + $4::float8 * interval '1 s') else quiet_until end,
   next_at = greatest(next_at, ` + now + ` + $4::float8 * interval '1 s'), why = $5, faults = greatest(faults, $6::int),
   down_since = case when $6::int > 0 then coalesce(down_since, ` + now + `) else down_since end,
   slow = case when ` + laneSlows + ` then least(greatest(slow, 1) * ` + number(polite.SlowStep) + `, ` + number(polite.SlowMost) + `) else slow end,
   slowed_at = case when ` + laneSlows + ` then ` + now + ` else slowed_at end, eased_at = case when ` + laneSlows + ` then ` + now + ` else eased_at end
 from k where l.lane_id = k.lane_id`

	// laneSlows is the condition of Lane.Back under which a refusal slows the lane.
	laneSlows = `($7::bool and coalesce(slowed_at <= ` + now + ` - $8::float8 * interval '1 s', true))`

	// sqlDown is Lane.Down: it locks the lane of a host. $2 job, $3 host, $4 after (s).
	sqlDown = `select lane_id from seine.lane where job_id = $2 and lane_key = $3 and down_since <= ` + now + ` - $4::float8 * interval '1 s' for update`

	// sqlEndHost ends open tasks after sqlDown. $2 lane, $3 limit, $4 reason. Tasks that fetch
	// assets without their page stay. The lane is parked with its last ready task. Ready and
	// waiting tasks are found by an index each. One search for both would read the whole queue, for
	// each host of a long list.
	sqlEndHost = `with d as (delete from seine.queue q where seq = any(array(
     (select seq from seine.queue q where lane_id = $2 and lease_id is null and run_at is null and not ` + fetchesAlone + ` limit $3)
     union all (select seq from seine.queue q where lane_id = $2 and lease_id is null and run_at is not null and not ` + fetchesAlone + ` limit $3) limit $3))
   returning q.job_id, q.key, q.lane_id, q.attempt),
 l as (update seine.lane set parked = true where lane_id = $2 and (select count(*) from d) < $3
   and not exists (select from seine.queue q where lane_id = $2 and lease_id is null and run_at is null and ` + fetchesAlone + `)),
 t as (update seine.task t set state = ` + errorState + `, attempt = d.attempt, reason = $4, finished_at = ` + now + ` from d where t.job_id = d.job_id and t.key = d.key
   returning t.job_id, d.lane_id, t.page),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, lane_id, ` + errorState + `, $4::text, page, count(*) from t group by 1, 2, 5)
 select count(*) from d`

	// sqlPace is Lane.Repace: a pace applies at once. $2 job, $3 whether to lanes of assets, $11
	// lanes to leave.
	sqlPace = repaced + ` where job_id = $2 and (` + isAssets + `) = $3 and lane_key <> all($11::text[]) and ` + otherPace

	// sqlPaceOf is Lane.Repace of one lane. $2 job, $3 lane.
	sqlPaceOf = repaced + ` where job_id = $2 and lane_key = $3 and ` + otherPace

	// sqlPauseHost is Lane.Pause. $2 job, $3 host, $4 paused, $5 the key of the lane of its assets.
	sqlPauseHost = `update seine.lane set paused = $4, why = nullif(why, '` + frontier.WhyPaused + `'), next_at = greatest(next_at, ` + now + `)
 where job_id = $2 and lane_key in ($3, $5)`
)

const (
	// repaced gives lanes another pace, if otherPace.
	repaced = `update seine.lane set delay_min = greatest(delay_least, $4::float8 * interval '1 s'), delay_max = greatest(delay_least, $5::float8 * interval '1 s'), max_inflight = $6, "full" = inflight >= $6,
   rest_every = $7, rest_for = $8::float8 * interval '1 s', cooldown_after = $9, cooldown_for = $10::float8 * interval '1 s', next_at = greatest(next_at, ` + now + `)`
	otherPace = `(delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for) is distinct from
     (greatest(delay_least, $4::float8 * interval '1 s'), greatest(delay_least, $5::float8 * interval '1 s'), $6::int, $7::int, $8::float8 * interval '1 s', $9::int, $10::float8 * interval '1 s')`

	// fetchesAlone is frontier.Claimed.Alone for the next claim of a task.
	fetchesAlone = `(q.owes and exists (select from seine.owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}'))`

	// sqlHostUp is Lane.Up.
	sqlHostUp = `update seine.lane set faults = 0, down_since = null where job_id = $1 and lane_key = $2 and (faults > 0 or down_since is not null)`

	sqlPauseJob = `update seine.job set paused = $2 where job_id = $1`

	// The folding of the counters, in one transaction by one folder at a time. It rewrites only
	// groups of several rows, and sums over lanes, because no reader asks for the counters of one
	// lane.
	sqlFoldLock = `select pg_try_advisory_xact_lock(7305808, 1)`
	sqlFold     = `with d as (delete from seine.stat s using (select job_id, state, reason, page from seine.stat group by 1, 2, 3, 4 having count(*) > 1) g
   where s.job_id = g.job_id and s.state = g.state and s.reason is not distinct from g.reason and s.page = g.page returning s.*)
 insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, 0, state, reason, page, sum(n) from d group by job_id, state, reason, page having sum(n) <> 0`
)
