package pgfrontier

import (
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	// One worker at a time explores a space. The others do not wait. No worker explores a space
	// with an open circuit. $1 job, $2 space.
	sqlExploring = `select case when exists (select from seine.circuit where job_id = $1 and space = $2 and closed_at is null) then false
   else pg_try_advisory_xact_lock(7305809, hashint8($1::bigint * 1000003 + $2::bigint)) end`

	// The time is in a subquery, so that one plan serves every time.
	sqlReadBlocks = `select block, done, probes, probe_hits, walks, walk_hits, wanted, errors, absent, stale, newest, doubt, expected, stale_doubt from seine.block_stat where job_id = $1 and space = $2 and updated_at >= (select $3::timestamptz)`
	// The circuit of a space opens, and the circuits of a job close.
	sqlOpenCircuit = `insert into seine.circuit as c (job_id, space, reason, opened_at) select $2::int, $3::int, $4::text, ` + now + `
   on conflict (job_id, space) do update set reason = excluded.reason, opened_at = excluded.opened_at, closed_at = null where c.closed_at is not null`
	// The watch continues from the doubt of now. The doubt and the expectation of the last good
	// time stay. The watch of a space that was not stopped for its answers, now or before, starts
	// again. $3 is the least doubt that stops a space.
	sqlCloseCircuits = `with c as (update seine.circuit set closed_at = ` + now + ` where job_id = $2 and closed_at is null returning space, closed_at),
   s as (select b.space, sum(b.doubt) as doubt, sum(b.done)::bigint as done, sum(b.errors)::bigint as errors,
       sum(b.stale)::bigint as stale, sum(b.stale_doubt) as stale_doubt
     from seine.block_stat b where b.job_id = $2 and b.space in (select c.space from c) group by b.space),
   w as (update seine.watch w set closed_at = c.closed_at, doubt = s.doubt, done = s.done, errors = s.errors,
       stale_doubt = s.stale_doubt, answers = s.done + s.stale, stale = s.stale
     from c join s on s.space = c.space where w.job_id = $2 and w.space = c.space and (s.doubt - w.doubt >= $3 or w.at < w.closed_at))
 select from c`
	sqlCircuits = `select space::int, reason, opened_at, closed_at from seine.circuit where job_id = $1 and ($2::int is null or space = $2) order by space`

	// The last time a space behaved as expected. $3 is the end of the circuit that the writer knew.
	// The statements ignore rows from before it.
	sqlWatched = `insert into seine.watch as w (job_id, space, closed_at, doubt, expected, asked, hits, at, done, errors, stale_doubt, answers, stale) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
   on conflict (job_id, space) do update set closed_at = excluded.closed_at,
     doubt = case when ` + stillLow + ` then w.doubt else excluded.doubt end,
     expected = case when ` + stillLow + ` then w.expected else excluded.expected end,
     asked = case when ` + stillLow + ` then w.asked else excluded.asked end,
     hits = case when ` + stillLow + ` then w.hits else excluded.hits end,
     at = case when ` + stillLow + ` then w.at else excluded.at end,
     done = case when ` + stillLast + ` then w.done else excluded.done end,
     errors = case when ` + stillLast + ` then w.errors else excluded.errors end,
     stale_doubt = case when ` + stillFresh + ` then w.stale_doubt else excluded.stale_doubt end,
     answers = case when ` + stillFresh + ` then w.answers else excluded.answers end,
     stale = case when ` + stillFresh + ` then w.stale else excluded.stale end
   where w.closed_at is not distinct from excluded.closed_at or w.closed_at is null or w.closed_at < excluded.closed_at`
	stillLow     = `w.closed_at is not distinct from excluded.closed_at and w.doubt <= excluded.doubt`
	stillFresh   = `w.closed_at is not distinct from excluded.closed_at and w.stale_doubt <= excluded.stale_doubt`
	stillLast    = `w.closed_at is not distinct from excluded.closed_at and w.done >= excluded.done`
	sqlReadWatch = `select doubt, expected, asked, hits, at, done, errors, stale_doubt, answers, stale from seine.watch w where job_id = $1 and space = $2
   and closed_at is not distinct from (select c.closed_at from seine.circuit c where c.job_id = w.job_id and c.space = w.space)`
	sqlSpaceAnswers = `select space::int, sum(done)::bigint from seine.block_stat where job_id = $1 group by space`

	// A recount. A worker that ends a task waits from here on. Statistics become 0 and stay in
	// place, so that workers see the change. The expectation of answers stays.
	sqlStillStat   = `lock table seine.block_stat in share row exclusive mode`
	sqlZeroBlocks  = `update seine.block_stat set done = 0, probes = 0, probe_hits = 0, walks = 0, walk_hits = 0, wanted = 0, errors = 0, absent = 0, newest = 0, updated_at = ` + now + ` where job_id = $2`
	sqlForgetWatch = `delete from seine.watch where job_id = $1`
	sqlZeroSteps   = `update seine.step_stat set trials = 0, hits = 0 where job_id = $1 and ctx >= -1`
	sqlJudgedTasks = `select key, state::int, true, attempt::int, coalesce(reason, ''), meta::text, 0 from seine.task where job_id = $1 and state <> 0
 union all select q.key, q.state::int, false, q.attempt::int, coalesce(q.reason, ''), t.meta, q.mark::int
 from seine.queue q cross join lateral (select meta::text from seine.task t where t.job_id = $1 and t.key = q.key) t where q.job_id = $1 and q.mark >= 2`
)

var (
	// sqlAnswers adds answers in the order of their keys: first to the table of steps by
	// explore.Trial.Merge, then to the blocks. $2 job, $3 to $12 blocks, $13 slot, $14 the spaces
	// of steps, $15 contexts, $16 m, $17 trials, $18 hits, $19 to $23 of blocks
	// again: errors, absent, stale, newest and stale_doubt.
	sqlAnswers = `with b as (insert into seine.block_stat as b (job_id, space, block, done, probes, probe_hits, walks, walk_hits, wanted, doubt, expected, errors, absent, stale, newest, stale_doubt, updated_at)
   select $2::int, space, block, done, probes, probe_hits, walks, walk_hits, wanted, doubt, expected, errors, absent, stale, newest, stale_doubt, ` + now + `
   from unnest($3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::float8[], $12::float8[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::float8[]) with ordinality
     i(space, block, done, probes, probe_hits, walks, walk_hits, wanted, doubt, expected, errors, absent, stale, newest, stale_doubt, o) order by o
   on conflict (job_id, space, block) do update set done = b.done + excluded.done, probes = b.probes + excluded.probes, probe_hits = b.probe_hits + excluded.probe_hits,
     walks = b.walks + excluded.walks, walk_hits = b.walk_hits + excluded.walk_hits, wanted = b.wanted + excluded.wanted,
     doubt = b.doubt + excluded.doubt, expected = b.expected + excluded.expected, errors = b.errors + excluded.errors,
     absent = b.absent + excluded.absent, stale = b.stale + excluded.stale, newest = greatest(b.newest, excluded.newest), stale_doubt = b.stale_doubt + excluded.stale_doubt,
     updated_at = excluded.updated_at)
 insert into seine.step_stat as s (job_id, space, slot, ctx, m, trials, hits, updated_at)
   select $2::int, space, $13::smallint, ctx, m, trials, hits, ` + now + `
   from unnest($14::int[], $15::smallint[], $16::smallint[], $17::float8[], $18::float8[]) with ordinality i(space, ctx, m, trials, hits, o) order by o
   on conflict (job_id, space, slot, ctx, m) do update set
     updated_at = excluded.updated_at,
     trials = case when s.ctx < 0 then s.trials * ` + stepKept + ` + excluded.trials
       when ` + stepFull + ` then (s.trials + excluded.trials) / 2 else s.trials + excluded.trials end,
     hits = case when s.ctx < 0 then s.hits * ` + stepKept + ` + excluded.hits
       when ` + stepFull + ` then (s.hits + excluded.hits) / 2 else s.hits + excluded.hits end`

	// sqlIdle is frontier.Idle for a job that is not paused. $2 job.
	sqlIdle = `select ` + laneIdle + ` and exists (select from seine.job where job_id = $2 and not paused)`
)

// A slot that no writer updated for explore.RecentFor holds old answers.
var sqlReadSteps = `select ctx::int, m::int, sum(trials)::float8, sum(hits)::float8 from (
   select ctx, m, trials, hits, ` + frontier.IsRecent + ` and updated_at < max(updated_at) over () - ` + number(explore.RecentFor.Seconds()) + ` * interval '1 s' as old from seine.step_stat where job_id = $1 and space = $2) s
 where not coalesce(old, false) group by 1, 2`
