package pgfrontier

import "github.com/seinehq/seine/internal/frontier"

// Every transaction locks in one order, so that no ring of waits arises: the sweeps' lock → own
// lease row FOR KEY SHARE → which rows are still mine → budgets by name → task keys sorted → record
// keys sorted → lanes by id → queue → blocks and steps of ID spaces, sorted → own task rows. A
// transaction that waits for a lane holds no block and no step. Own task rows come last, because an
// insert of a known key waits for a transaction that updates its row.
const (
	// A lane is created before the transaction that needs it: it is parked and has no task. The
	// look-up comes first, because a conflicting insert consumes an id.
	sqlLaneIDs = `select lane_id, lane_key from seine.lane where job_id = $1 and lane_key = any($2::text[])`
	sqlNewLane = `insert into seine.lane(job_id, lane_key, delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for)
 select $1, k, $3::float8 * interval '1 s', $4::float8 * interval '1 s', $5, $6, $7::float8 * interval '1 s', $8, $9::float8 * interval '1 s'
 from unnest($2::text[]) k order by k collate "C" on conflict do nothing`

	// Tasks are found by their seq alone. The index by lease holds a dead entry for each task that
	// the lease ended. As long as an old transaction keeps these entries, a search there reads them
	// all. coalesce keeps the planner off that index. No lease is -1.
	leased = `coalesce(q.lease_id, -1)`

	// The fence. Without a row of the lease, everything is lost. sqlStill returns the tasks that
	// are the lease's. They stay the lease's while the transaction holds the key share.
	sqlMine  = `select 1 from seine.lease where lease_id = $1 for key share`
	sqlStill = `select seq from seine.queue q where seq = any($2::bigint[]) and ` + leased + ` = $1`

	// The plans of a transaction. The server plans once, because planning takes as long as running,
	// and uses indexes, because the tables may have been small then. By itself it would plan again,
	// because it guesses that arrays are long.
	sqlPlanOnce = `select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
   set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

	// The join goes key by key in the order of the index. Otherwise a plan from the time of few
	// tasks would read all tasks of the job. $1 job, $2 keys.
	sqlLookup = `select t.key, t.state from unnest($2::text[]) i(key) cross join lateral
 (select key, state from seine.task where job_id = $1 and key >= i.key collate "C" order by job_id, key limit 1) t where t.key = i.key`

	// sqlAdd inserts task keys, sorted, with their queue rows and the count. It returns the lanes
	// to lock and wake. It searches each key alone, as sqlLookup does, because the planner may read
	// all tasks of the job for "not exists". $1 job, $2 keys, $3 lanes, $4 the priority of all, $5
	// meta (JSON texts), $6 whether to return the new keys, $7 the page kinds: NULL if no task has
	// one.
	sqlAdd = `with i as materialized (select distinct on (key collate "C") key collate "C" as key, lane_id, meta, page
   from unnest($2::text[], $3::int[], $5::text[], $7::text[]) i(key, lane_id, meta, page) order by key collate "C"), ` + newTasks + `,
 q as (insert into seine.queue(job_id, key, lane_id, prio, has_meta) select $1, key, lane_id, $4::smallint, has_meta from n returning lane_id, prio, key), ` + newCounts

	// sqlAddMixed is sqlAdd with a priority per task in $4. It does not join n and i, because a
	// plan for few rows would compare each pair.
	sqlAddMixed = `with i as materialized (select distinct on (key collate "C") key collate "C" as key, lane_id, prio, meta, page
   from unnest($2::text[], $3::int[], $4::smallint[], $5::text[], $7::text[]) i(key, lane_id, prio, meta, page) order by key collate "C", prio), ` + newTasks + `,
 q as (insert into seine.queue(job_id, key, lane_id, prio, has_meta) select $1, key, min(lane_id), min(prio), bool_or(has_meta)
   from (select key, null::int as lane_id, prio, null::boolean as has_meta, false as fresh from i union all select key, lane_id, null, has_meta, true from n) x
   group by key having bool_or(fresh) order by min(prio), key returning lane_id, prio, key), ` + newCounts

	newTasks = `n as (insert into seine.task(job_id, key, lane_id, meta, page) select $1, key, lane_id, meta::jsonb, coalesce(page, '') from i
   where (select true from seine.task t where t.job_id = $1 and t.key = i.key) is null order by key on conflict do nothing
   returning key, lane_id, page, meta is not null or page <> '' as has_meta)`
	newCounts = `s as (insert into seine.stat(job_id, lane_id, state, page, n) select $1, lane_id, 0, page, count(*) from n group by lane_id, page)
 select lane_id, min(prio), count(*), case when $6 then array_agg(key) end from q group by lane_id`

	// Records and assets, sorted. The last one of equal keys in a batch wins. These records are
	// under the keys of their tasks. A row of another task gets an empty owner, which its
	// constraint refuses: see sql_record.go.
	sqlRecords = `with r as (insert into seine.record as r ` + recordRows + `
   on conflict (job_id, key, kind, version) do update set fields = excluded.fields, url = excluded.url, digest = excluded.digest, fetched_at = excluded.fetched_at,
     revision = r.revision + (r.fields::text <> excluded.fields::text)::int, gone_at = null, task = case when r.task is null and not r.superseded then null else '' end
   returning xmax = 0 as fresh)` + recordCount

	// sqlNewRecords is sqlRecords for records of which none is stored, and costs a quarter less. It
	// fails if one is stored.
	sqlNewRecords = `with r as (insert into seine.record ` + recordRows + ` returning true as fresh)` + recordCount

	recordRows = `(job_id, key, kind, fields, url, digest, fetched_at)
   select distinct on (key collate "C", kind collate "C") $1::int, key, kind, fields::jsonb, url, digest, fetched_at
   from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[]) with ordinality i(key, kind, fields, url, digest, fetched_at, o)
   order by key collate "C", kind collate "C", o desc`
	recordCount = `
 insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, 10, count(*) from r where fresh having count(*) > 0`

	sqlAssets = `with a as (insert into seine.asset as a (job_id, key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256, task, phash, rendered_by)
   select distinct on (key collate "C", name collate "C") $1::int, key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256, task, phash, rendered_by
   from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::int[], $8::int[], $9::text[], $10::bigint[], $11::bytea[], $12::text[], $13::bytea[], $14::bytea[])
     with ordinality i(key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256, task, phash, rendered_by, o)
   order by key collate "C", name collate "C", o desc
   on conflict (job_id, key, name, version) do update set path = excluded.path, bytes = excluded.bytes, sha256 = excluded.sha256, width = excluded.width,
     height = excluded.height, url = excluded.url, original_bytes = excluded.original_bytes, original_sha256 = excluded.original_sha256,
     phash = excluded.phash, rendered_by = excluded.rendered_by, duplicate_of = case when a.sha256 = excluded.sha256 then a.duplicate_of end,
     task = case when coalesce(a.task, a.key) = coalesce(excluded.task, excluded.key) then a.task else '' end
   returning xmax = 0 as fresh)
 insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, 11, count(*) from a where fresh having count(*) > 0`

	// The counters of fields and of links that were left out. $1 job, $2 states, $3 reasons, $4
	// counts, $5 page kinds.
	sqlFields = `insert into seine.stat(job_id, lane_id, state, reason, n, page) select $1, 0, state, reason, n, page
 from unnest($2::smallint[], $3::text[], $4::bigint[], $5::text[]) f(state, reason, n, page)`

	sqlLock = `select 1 from seine.lane where lane_id = any($1::int[]) order by lane_id for update`

	// The failed assets of tasks. They replace the earlier ones. $1 job, $2 keys.
	sqlForgetFailures = `with o as (delete from seine.owed where job_id = $1 and key = any($2::text[]))
 delete from seine.asset_failure where ctid = any(array(select a.place from unnest($2::text[]) t(key) cross join lateral (
   select ctid as place from seine.asset_failure where job_id = $1 and key = t.key and task is null
   union all select ctid from seine.asset_failure where job_id = $1 and task = t.key) a))`
	sqlFailures = `insert into seine.asset_failure(job_id, key, name, url, reason, task, at) select $1, key, name, url, reason, task, coalesce($6::timestamptz, clock_timestamp())
 from unnest($2::text[], $3::text[], $4::text[], $5::text[], $7::text[]) i(key, name, url, reason, task) order by key collate "C", name collate "C" on conflict do nothing`

	sqlRetryNow = `with r as (update seine.queue q set run_at = null, attempt = 0, state = 0, refused_at = null where job_id = $1 and key = any($2::text[]) and lease_id is null and run_at is not null
   returning lane_id, prio) select lane_id, min(prio), count(*) from r group by lane_id`
	sqlWaitingLanes = `select distinct lane_id from seine.queue where job_id = $1 and key = any($2::text[]) and lease_id is null and run_at is not null`

	// sqlMove moves tasks to other lanes: $1 seqs, $2 lanes. It returns the lanes to wake.
	sqlMove = `with r as (update seine.queue q set lane_id = m.lane_id from unnest($1::bigint[], $2::int[]) m(seq, lane_id)
   where q.seq = m.seq and q.lease_id is null returning q.job_id, q.key, q.lane_id, q.prio, q.run_at),
 t as (update seine.task t set lane_id = r.lane_id from r where t.job_id = r.job_id and t.key = r.key)
 select lane_id, min(prio) from r where run_at is null group by lane_id`

	sqlSpacePeek = `select lo, hi, next_id from seine.space where job_id = $1 and next_id <= hi order by lo limit 1`
	sqlSpaceTake = `update seine.space set next_id = $4 where job_id = $1 and lo = $2 and next_id = $3`
	// sqlReadyLanes counts the lanes of the next IDs, $2, that have a ready task, for
	// frontier.Refill. Other lanes do not count: they may be many.
	sqlReadyLanes = `select count(*) from seine.lane where job_id = $1 and lane_key = any($2::text[]) and not parked`
)

var (
	// sqlSetSpace replaces the range of IDs to enumerate. IDs that the old range enumerated without
	// a gap from the new first ID on are not enumerated again. It locks the row of the job, so that
	// two calls do not run at once.
	sqlSetSpace = `with j as (select job_id from seine.job where job_id = $1 for update),
 old as (delete from seine.space s using j where s.job_id = j.job_id and (s.lo, s.hi) <> ($2::bigint, $3::bigint) returning s.lo, s.next_id)
 insert into seine.space(job_id, lo, hi, next_id)
 select $1, $2, $3, ` + frontier.NextID(`least`, `greatest`, `$2::bigint`, `$3::bigint`, `(select max(next_id) from old where lo <= $2)`) + ` from j
 on conflict do nothing`

	// sqlWake is Lane.Wake, after sqlLock. $2 lanes, $3 prios. next_at is at least now, because the
	// hints of the claims hide a lane that was due earlier.
	sqlWake = `update seine.lane l set ` + laneWoken(`w.prio`) + `
 from unnest($2::int[], $3::smallint[]) w(lane_id, prio) where l.lane_id = w.lane_id and (l.parked or l.prio > w.prio)`

	// sqlFinish ends tasks, last of all. $2 lease, $3 seqs, $4 states, $5 reasons, $6 worker, $7
	// true for tasks that show nothing about their lane's host, $8 page kinds: NULL if no task has
	// one. The counters move by the deleted rows only. The command tag holds their number.
	sqlFinish = finish(``, `, `+failedAttempts(`d`, `$6`, `true`))

	// sqlFinishGood is sqlFinish for tasks of which none failed. A statement that may write failed
	// attempts costs more, even if it writes none.
	sqlFinishGood = finish(``, ``)

	// sqlFinishAgain is sqlFinish after sqlAgain. $9 and $10 are the lanes of the tasks of
	// sqlAgain, and the same about them: a lane changes once.
	sqlFinishAgain = finish(` union all select lane_id, `+stateDone+`, alone from unnest($9::int[], $10::bool[]) a(lane_id, alone)`,
		`, `+failedAttempts(`d`, `$6`, `true`))

	// sqlFail: $2 lease, $3 seqs, $4 states, $5 reasons, $6 delays (s), $7 marks, $8 attempts that
	// do not count, $9 true for tasks that the host refused.
	sqlFail = `with r as (update seine.queue q set lease_id = null, state = f.state, reason = f.reason, run_at = ` + now + ` + f.delay * interval '1 s', mark = greatest(q.mark, f.mark), attempt = attempt - f.free,
     refused_at = case when f.refused then coalesce(q.refused_at, ` + now + `) end
   from unnest($3::bigint[], $4::smallint[], $5::text[], $6::float8[], $7::smallint[], $8::smallint[], $9::bool[]) f(seq, state, reason, delay, mark, free, refused) where q.seq = f.seq and ` + leased + ` = $2 returning q.lane_id, f.state, q.job_id, q.key, q.attempt, f.reason),
 ` + failedAttempts(`r`, `(select worker from seine.lease where lease_id = $2)`, `false`) + `,
 k as (select lane_id, ` + endedCounts(`state`, `false`) + ` from r group by 1),
 u as (` + laneAfter + `)
 select count(*) from r`

	// sqlAgain returns tasks whose records are stored and whose assets are not: $2 lease, $3 seqs,
	// $4 states, $5 reasons, $6 delays (s), $7 attempts that do not count, $8 the owed assets.
	// sqlFinish changes their lanes.
	sqlAgain = `with r as (update seine.queue q set lease_id = null, state = f.state, reason = f.reason, run_at = ` + now + ` + f.delay * interval '1 s', mark = greatest(q.mark, ` + requeuedDone + `),
     attempt = attempt - f.free, refused_at = null, owes = true
   from unnest($3::bigint[], $4::smallint[], $5::text[], $6::float8[], $7::smallint[], $8::text[]) f(seq, state, reason, delay, free, owed)
   where q.seq = f.seq and ` + leased + ` = $2 returning q.job_id, q.key, f.owed),
 o as (insert into seine.owed(job_id, key, assets) select job_id, key, owed from r order by key on conflict (job_id, key) do update set assets = excluded.assets)
 select count(*) from r`

	// sqlRelease returns tasks at no cost of an attempt, ready at once. $2 lease, $3 seqs.
	sqlRelease = `with r as (update seine.queue q set lease_id = null, attempt = attempt - 1, run_at = null where seq = any($3::bigint[]) and ` + leased + ` = $2 returning lane_id, prio),
 k as (select lane_id, count(*)::int as n, min(prio) as prio from r group by 1)
 update seine.lane l set ` + laneFreed + `, ` + laneWoken(`k.prio`) + `
 from k where l.lane_id = k.lane_id`

	// sqlRequeue inserts queue rows for finished tasks: $1 job, $2 keys, $3 lanes, $4 prios. Their
	// counts move from the old state to open. Their meta stays. The tasks are locked by key, and
	// get places in the order of the list.
	sqlRequeue = `with i as materialized (select distinct on (key collate "C") key collate "C" as key, lane_id, prio, n
   from unnest($2::text[], $3::int[], $4::smallint[]) with ordinality i(key, lane_id, prio, n) order by key collate "C", n),
 t as materialized (select t.*, i.lane_id as lane, i.prio, i.n from i cross join lateral (
   select t.ctid as place, t.job_id, t.key, t.lane_id, t.state, t.reason, t.page, t.meta is not null or t.page <> ''
     or (select true from seine.visit v where v.job_id = t.job_id and v.key = t.key) is not null as has_meta
   from seine.task t where t.job_id = $1 and t.key = i.key and t.state <> 0 limit 1 for update of t) t),
 u as (update seine.task k set state = 0, attempt = 0, reason = null, finished_at = null, lane_id = t.lane from t where k.ctid = t.place),
 q as (insert into seine.queue(job_id, key, lane_id, prio, mark, has_meta, owes) select $1, key, lane, prio, ` + requeuedMark + `, has_meta,
   ` + owes + ` from t order by t.n
   returning lane_id, prio),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select $1, lane_id, state, reason, page, -count(*) from t group by lane_id, state, reason, page)
 select lane_id, min(prio), count(*) from q group by lane_id`
)

// owes reports whether a task t has failed assets. Its subqueries are run for the task: those of an
// EXISTS might read the failures of all tasks.
const owes = `coalesce((select true from seine.asset_failure a where a.job_id = t.job_id and a.key = t.key and a.task is null limit 1),
   (select true from seine.asset_failure a where a.job_id = t.job_id and a.task = t.key limit 1), false)`

// failedAttempts keeps the failed attempts among ended tasks.
func failedAttempts(of, worker, final string) string {
	return `x as (insert into seine.attempt(job_id, key, attempt, at, state, reason, worker, final)
   select job_id, key, attempt, ` + now + `, state, reason, ` + worker + `, ` + final + ` from ` + of + ` where state in (2, 3))`
}

// finish is sqlFinish. more adds further tasks to the change of their lanes, failed keeps the
// failed attempts.
func finish(more, failed string) string {
	return `with d as (delete from seine.queue q using unnest($3::bigint[], $4::smallint[], $5::text[], $7::bool[], $8::text[]) f(seq, state, reason, alone, page)
     where q.seq = f.seq and ` + leased + ` = $2 returning q.job_id, q.key, q.lane_id, q.attempt, f.state, f.reason, f.alone, f.page),
 k as (select lane_id, ` + endedCounts(`state`, `alone`) + ` from (select lane_id, state, alone from d` + more + `) x group by 1),
 u as (` + laneAfter + `),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, lane_id, state, reason, coalesce(page, ''), count(*) from d group by 1, 2, 3, 4, 5)` + failed + `
 update seine.task t set state = d.state, attempt = d.attempt, worker = $6, reason = d.reason, finished_at = ` + now + `
 from d where t.job_id = d.job_id and t.key = d.key`
}
