package pgfrontier

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// The rules of frontier.Lane as SQL, for statements in which a load and a store would cost a round
// trip. The numbers come from the Go constants. frontiertest compares the lanes after random
// operations with frontier.Lane. In these fragments l is a row of seine.lane.

// now is the time now: $1 (timestamptz) in every statement that needs it. NULL means the server's
// clock. A scalar subquery is evaluated once and can bound an index scan. A bare clock_timestamp()
// cannot.
const now = `(select coalesce($1::timestamptz, clock_timestamp()))`

// interval returns a duration as SQL.
func interval(d time.Duration) string {
	return fmt.Sprintf(`interval '%d us'`, d.Microseconds())
}

// number returns a number as SQL of the type float8.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) + `::float8` }

// states returns states as a list for IN.
func states(list []seine.State) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Itoa(int(s))
	}
	return strings.Join(out, ", ")
}

var (
	// isShard, isAssets and isHost tell the kinds of lanes apart.
	isShard  = `lane_key like '` + frontier.ShardLanes + `'`
	isAssets = `lane_key like '` + frontier.AssetLanes + `'`
	isHost   = `lane_key not like '` + frontier.AssetLanes + `' and lane_key not like '` + frontier.ShardLanes + `'`

	// laneBlocked is Lane.Blocked and laneUnhealthy is Lane.Unhealthy.
	laneBlocked   = `(l.paused or coalesce(l.quiet_until > ` + now + `, false) or l.faults > 0)`
	laneUnhealthy = `(` + laneBlocked + ` or l.slow > ` + number(frontier.Recovered) + `)`

	// lanePaced is Lane.Paced.
	lanePaced = `(l.delay_max > interval '0' or l.slow > 1 or l.rest_every > 0)`
)

// laneDelay is Lane.delay: the time after a start, from a draw.
func laneDelay(draw string) string {
	drawn := `(l.delay_min + ` + draw + ` * (l.delay_max - l.delay_min))`
	return `(case when l.slow <= 1 then ` + drawn + ` when l.delay_max = interval '0' then l.slow * ` + interval(polite.SlowFrom) + ` else ` + drawn + ` * l.slow end)`
}

// laneRests is Lane.rests for the n-th next start.
func laneRests(n string) string {
	return `(l.rest_every > 0 and (l.starts + ` + n + `) % greatest(l.rest_every, 1) = 0)`
}

// laneEased is the factor of Lane.ease after a number of good answers, which may be zero, at a
// time.
func laneEased(good, at string) string {
	since := `(extract(epoch from ` + at + ` - coalesce(l.eased_at, ` + at + `)) * 1000000)`
	back := `least(` + number(polite.EaseEach) + ` * ` + good + `, greatest(0, ` + since + `)::float8 / ` + number(float64(polite.EaseAll.Microseconds())) + `)`
	eased := `1 / least(1, 1 / l.slow + ` + back + `)`
	return `(case when ` + good + ` = 0 or l.slow <= 1 then l.slow when ` + eased + ` <= ` + number(frontier.Recovered) + ` then 1 else ` + eased + ` end)`
}

// laneWoken is Lane.Wake, without its condition, as the columns to set. An absent priority wakes
// nothing.
func laneWoken(prio string) string {
	return `parked = l.parked and ` + prio + ` is null,
   prio = case when l.parked then coalesce(` + prio + `, l.prio) else least(l.prio, ` + prio + `) end, next_at = greatest(l.next_at, ` + now + `)`
}

// laneFreed is Lane.Free as the columns to set, without next_at, which laneWoken sets.
const laneFreed = `inflight = l.inflight - k.n, "full" = l.inflight - k.n >= l.max_inflight`

// endedCounts are the columns of frontier.Ended. alone is true for a task that shows nothing about
// its lane's host.
func endedCounts(state, alone string) string {
	count := func(list []seine.State) string {
		return `(count(*) filter (where ` + state + ` in (` + states(list) + `) and not ` + alone + `))::int`
	}
	return `count(*)::int as n, ` + count(frontier.GoodStates) + ` as ok, ` + count(frontier.BadStates) + ` as bad`
}

var (
	// laneCooling is the condition of Lane.End under which a cooldown begins.
	laneCooling = `(k.ok = 0 and k.bad > 0 and l.cooldown_after > 0 and l.errors + k.bad >= l.cooldown_after)`

	// laneAfter is Lane.End. k holds the columns of endedCounts by lane_id. The time is a column of
	// t, because each use of now would be a plan of its own.
	laneAfter = `update seine.lane l set inflight = l.inflight - k.n, "full" = l.inflight - k.n >= l.max_inflight,
     errors = case when k.ok > 0 or ` + laneCooling + ` then 0 else l.errors + k.bad end,
     faults = case when k.ok > 0 then 0 else l.faults end, down_since = case when k.ok = 0 then l.down_since end,
     quiet_until = case when ` + laneCooling + ` then greatest(l.quiet_until, t.now + l.cooldown_for) when k.ok > 0 and l.quiet_until < t.now then null else l.quiet_until end,
     why = case when ` + laneCooling + ` then '` + frontier.WhyCooldown + `' when k.ok > 0 and coalesce(l.quiet_until < t.now, true) and ` + laneEased(`k.ok`, `t.now`) + ` = 1 then null else l.why end,
     slow = ` + laneEased(`k.ok`, `t.now`) + `, eased_at = case when k.ok > 0 and l.slow > 1 then t.now else l.eased_at end,
     next_at = greatest(l.next_at, case when l."full" then t.now end, case when ` + laneCooling + ` then t.now + l.cooldown_for end)
   from k cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) t where l.lane_id = k.lane_id`

	// laneIdle is frontier.Idle for the job $2.
	laneIdle = `not exists (select from seine.lane where job_id = $2 and not parked and ` + isHost + `)
   and (select 2 * count(*) filter (where not parked) <= count(*) from seine.lane where job_id = $2 and ` + isShard + `)
   and (not exists (select from seine.lane where job_id = $2 and not ` + isAssets + `)
     or exists (select from seine.lane where job_id = $2 and not ` + isAssets + ` and not "full" and not paused and next_at <= ` + now + ` + ` + interval(frontier.Soon) + `))`

	// requeuedMark is frontier.MarkOf of a column, and requeuedDone of a task whose page is done.
	requeuedMark = markOf(`state`)
	requeuedDone = strconv.Itoa(int(frontier.Known))

	stateDone  = strconv.Itoa(int(seine.Done))
	stateError = strconv.Itoa(int(seine.Error))

	// stepKept is the share that explore.Trial.Merge keeps of a fading cell: recent probes and
	// answers.
	stepKept = `power(1 - 1 / case when s.ctx = ` + strconv.Itoa(int(explore.Probes.Context)) + ` then ` + number(explore.Memory) + ` else ` + number(explore.Window) + ` end, excluded.trials)`
	stepFull = `s.trials + excluded.trials > ` + number(explore.Drift)
)

func markOf(column string) string {
	out := `case ` + column
	for _, s := range []seine.State{seine.Done, seine.Error, seine.Stale, seine.Skipped} {
		out += fmt.Sprintf(` when %d then %d`, s, frontier.MarkOf(s))
	}
	return out + ` end`
}
