package pgfrontier

const (
	// Rescue of one dead lease, one transaction.
	sqlDead      = `select lease_id from seine.lease where expires_at < ` + now + ` order by expires_at limit 1 for update skip locked`
	sqlDeadLanes = `select 1 from seine.lane where lane_id in (select lane_id from seine.queue where lease_id = $1) order by lane_id for update`
	// A row at its last attempt ends as error, the others are pending again, at
	// once or as frontier.RescueDelay says. $2 lease.
	sqlRescue = `with g as (delete from seine.queue q using seine.job j where q.lease_id = $2 and j.job_id = q.job_id and q.attempt >= j.max_attempts returning q.job_id, q.key, q.lane_id, q.attempt),
 r as (update seine.queue q set lease_id = null, state = case when q.attempt < 2 then 0 else 2 end, reason = 'worker died',
     run_at = case when q.attempt >= 2 then ` + now + ` + random() * least(300, power(2, q.attempt)) * interval '1 s' end
   from seine.job j where q.lease_id = $2 and j.job_id = q.job_id and q.attempt < j.max_attempts returning q.lane_id, case when q.run_at is null then q.prio end as prio),
 k as (select lane_id, count(*)::int as n, min(prio) as prio from (select lane_id, null::smallint as prio from g union all select lane_id, prio from r) x group by 1),
 u as (update seine.lane l set inflight = inflight - k.n, "full" = inflight - k.n >= max_inflight, parked = l.parked and k.prio is null,
     prio = case when parked then coalesce(k.prio, l.prio) else least(l.prio, k.prio) end, next_at = greatest(next_at, ` + now + `)
   from k where l.lane_id = k.lane_id),
 s as (insert into seine.stat(job_id, lane_id, state, reason, n) select job_id, lane_id, 2, 'worker died', count(*) from g group by 1, 2),
 t as (update seine.task t set state = 2, attempt = g.attempt, reason = 'worker died', worker = (select worker from seine.lease where lease_id = $2), finished_at = ` + now + `
   from g where t.job_id = g.job_id and t.key = g.key)
 select (select count(*) from r), (select count(*) from g)`
	sqlBury = `delete from seine.lease where lease_id = $1`

	// Due retries, one transaction: sqlDueSeqs, sqlLock, sqlPromote. $2 at most,
	// $3 the floor: what was due before it was made ready.
	sqlDueSeqs = `select array_agg(seq), array_agg(distinct lane_id), min(run_at) from
 (select seq, lane_id, run_at from seine.queue where lease_id is null and run_at <= ` + now + ` and run_at >= $3::timestamptz order by run_at limit $2) s`
	sqlPromote = `with r as (update seine.queue set run_at = null where seq = any($2::bigint[]) and lease_id is null and run_at <= ` + now + ` returning lane_id, prio),
 k as (select lane_id, min(prio) as prio, count(*)::int as n from r group by 1),
 u as (update seine.lane l set parked = false, prio = case when parked then k.prio else least(l.prio, k.prio) end, next_at = greatest(next_at, ` + now + `)
   from k where l.lane_id = k.lane_id and (l.parked or l.prio > k.prio))
 select coalesce(sum(n), 0)::bigint from k`

	// A start on another lane, autocommit. $2 lane, $3 a number in [0, 1) from
	// which the delay is drawn, $4 how far away it may be (s).
	drawn      = `(case when slow <= 1 then delay_min + $3::float8 * (delay_max - delay_min) when delay_max = interval '0' then slow * interval '10 ms' else (delay_min + $3::float8 * (delay_max - delay_min)) * slow end)`
	sqlReserve = `with s as materialized (select lane_id, t.now, greatest(next_at, t.now) as start_at, ` + drawn + ` as d, rest_for,
     paused or (select paused from seine.job j where j.job_id = l.job_id) as held,
     rest_every > 0 and (starts + 1) % greatest(rest_every, 1) = 0 as rested, delay_max > interval '0' or slow > 1 or rest_every > 0 as apart,
     case when lane_key not like 'assets/%' or slow <= 1.01 then slow
       else 1 / least(1, 1 / slow + least(0.02, greatest(0, extract(epoch from t.now - coalesce(eased_at, t.now)))::float8 / 10)) end as eased
   from seine.lane l cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) t where lane_id = $2 for update of l),
 u as (update seine.lane l set next_at = s.start_at + greatest(s.d, case when s.rested then s.rest_for else s.d end), starts = starts + 1,
     quiet_until = case when s.rested then s.start_at + s.rest_for else quiet_until end,
     slow = case when s.eased <= 1.01 then 1 else s.eased end, eased_at = case when s.eased < slow then s.now else eased_at end,
     why = case when s.rested then 'rest' when s.eased < slow and s.eased <= 1.01 and coalesce(quiet_until < s.now, true) then null else why end
   from s where l.lane_id = s.lane_id and not s.held and s.start_at <= s.now + $4::float8 * interval '1 s')
 select greatest(0, extract(epoch from start_at - now))::float8, held, apart from s`
	// Autocommit, lanes in the order of their ids. $2 job, $3 lane keys, $4 seconds,
	// $5 why, $6 faults, $7 whether to slow down (by polite.SlowStep and
	// polite.SlowMost), $8 how long ago the refused request was started (s).
	refused  = `($7::bool and coalesce(slowed_at <= ` + now + ` - $8::float8 * interval '1 s', true))`
	sqlQuiet = `with k as materialized (select lane_id from seine.lane where job_id = $2 and lane_key = any($3::text[]) order by lane_id for update)
 update seine.lane l set quiet_until = case when $4::float8 > 0 then greatest(quiet_until, ` + now + ` + $4::float8 * interval '1 s') else quiet_until end,
   next_at = greatest(next_at, ` + now + ` + $4::float8 * interval '1 s'), why = $5, faults = greatest(faults, $6::int),
   down_since = case when $6::int > 0 then coalesce(down_since, ` + now + `) else down_since end,
   slow = case when ` + refused + ` then least(slow * 2, 64) else slow end,
   slowed_at = case when ` + refused + ` then ` + now + ` else slowed_at end, eased_at = case when ` + refused + ` then ` + now + ` else eased_at end
 from k where l.lane_id = k.lane_id`
	// A host that has been at fault for at least $4 seconds: its lane, locked.
	sqlDown = `select lane_id from seine.lane where job_id = $2 and lane_key = $3 and down_since <= ` + now + ` - $4::float8 * interval '1 s' for update`
	// After sqlDown. $2 lane, $3 at most, $4 reason. The lane is parked with its last ready task. Tasks that
	// fetch assets without their page stay.
	sqlEndHost = `with d as (delete from seine.queue q where seq = any(array(select seq from seine.queue q where lane_id = $2 and lease_id is null and not (q.owes and exists (select from seine.owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}')) limit $3))
   returning q.job_id, q.key, q.lane_id, q.attempt),
 s as (insert into seine.stat(job_id, lane_id, state, reason, n) select job_id, lane_id, 2, $4::text, count(*) from d group by 1, 2),
 l as (update seine.lane set parked = true where lane_id = $2 and (select count(*) from d) < $3
   and not exists (select from seine.queue q where lane_id = $2 and lease_id is null and run_at is null and (q.owes and exists (select from seine.owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}')))),
 t as (update seine.task t set state = 2, attempt = d.attempt, reason = $4, finished_at = ` + now + ` from d where t.job_id = d.job_id and t.key = d.key)
 select count(*) from d`
	sqlHostUp = `update seine.lane set faults = 0, down_since = null where job_id = $1 and lane_key = $2 and (faults > 0 or down_since is not null)`

	sqlPauseJob  = `update seine.job set paused = $2 where job_id = $1`
	sqlPauseHost = `update seine.lane set paused = $4, why = nullif(why, 'paused'), next_at = greatest(next_at, ` + now + `)
 where job_id = $2 and lane_key in ($3, 'assets/' || $3)`

	// A new pace holds at once. $2 job, $3 whether asset lanes are meant.
	sqlPace = `update seine.lane set delay_min = $4::float8 * interval '1 s', delay_max = $5::float8 * interval '1 s', max_inflight = $6, "full" = inflight >= $6,
   rest_every = $7, rest_for = $8::float8 * interval '1 s', cooldown_after = $9, cooldown_for = $10::float8 * interval '1 s', next_at = greatest(next_at, ` + now + `)
 where job_id = $2 and (lane_key like 'assets/%') = $3
   and (delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for) is distinct from
     ($4::float8 * interval '1 s', $5::float8 * interval '1 s', $6::int, $7::int, $8::float8 * interval '1 s', $9::int, $10::float8 * interval '1 s')`

	// Fold, one transaction: one folder at a time; only groups with more than
	// one row are rewritten. Lanes are summed up, as nobody reads the counters
	// of one: a job of ten thousand hosts has as few rows as any.
	sqlFoldLock = `select pg_try_advisory_xact_lock(7305808, 1)`
	sqlFold     = `with d as (delete from seine.stat s using (select job_id, state, reason from seine.stat group by 1, 2, 3 having count(*) > 1) g
   where s.job_id = g.job_id and s.state = g.state and s.reason is not distinct from g.reason returning s.*)
 insert into seine.stat select job_id, 0, state, reason, sum(n) from d group by job_id, state, reason having sum(n) <> 0`
)
