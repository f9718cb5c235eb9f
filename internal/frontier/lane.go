package frontier

import (
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/polite"
)

const (
	// Recovered is the factor from which on down a slowed lane counts as recovered. The last
	// percent would cost an index entry for each answer.
	Recovered = 1.01

	// Soon is the time before a lane's next start from which on the lane counts as claimable. It is
	// about one poll.
	Soon = 100 * time.Millisecond

	// claimSpan bounds the starts that one claim takes of a lane. A claimed task holds its slot
	// while it waits for its start.
	claimSpan = 2 * time.Second
)

// The reasons that a lane gives itself.
const (
	WhyRest     = "rest"
	WhyCooldown = "cooldown"
	WhyPaused   = "paused"
)

// WhyDied is the reason of a task whose worker's lease expired.
const WhyDied = "worker died"

// Lane is the state of a lane: the unit that a pace applies to. Its methods are the only rules
// about lanes. A driver loads a lane, calls a method and stores the result, or runs SQL that is
// built from the same constants. With pace.scope: worker the methods of [polite.Pacer] decide
// instead, for one process. Times have the resolution of a microsecond, as in both databases.
//
//	parked ──wake──► ready ──Take──► ready or parked, NextAt moved on
//	  ▲                │
//	  └── no task left ┘    Back, End (cooldown), Take (rest): NextAt is at least BackoffUntil
type Lane struct {
	Pace LanePace

	// Least is the shortest delay that the host accepts. Pace.Delay is not shorter.
	Least time.Duration

	// NextAt is the earliest next start. It is never before BackoffUntil.
	NextAt time.Time

	// BackoffUntil ends a Retry-After, a rest, a cooldown or a pause after a fault. Why names
	// which.
	BackoffUntil time.Time
	Why          string

	// Ready means that a task waits only for the lane. Priority is the best one of such tasks.
	Ready    bool
	Priority int

	// Paused means that a person paused the lane.
	Paused bool

	// Inflight counts the leased tasks, Starts all starts, Errors the errors in a row, and Faults
	// the faults of the host in a row.
	Inflight, Errors, Faults int
	Starts                   int64

	// DownSince is the time of the first fault in a row.
	DownSince time.Time

	// Slow multiplies the delay after the host refused requests. SlowedAt is the time of the last
	// refusal that counted, and EasedAt the time of the last change.
	Slow              float64
	SlowedAt, EasedAt time.Time
}

// NewLane returns a lane without tasks.
func NewLane(p LanePace, now time.Time) Lane {
	return Lane{Pace: p, NextAt: now, Priority: 1, Slow: 1}
}

// Full reports whether every slot is taken.
func (l Lane) Full() bool { return l.Inflight >= l.Pace.Inflight }

// Paced reports whether every start needs a turn of its own.
func (l Lane) Paced() bool { return l.Pace.Delay.Max > 0 || l.Slow > 1 || l.Pace.Rest.Every > 0 }

// Claimable reports whether a claim may take the lane at a time.
func (l Lane) Claimable(at time.Time) bool {
	return l.Ready && !l.Full() && !l.Paused && !l.NextAt.After(at)
}

// Unhealthy reports whether the lane is paused, in backoff, at fault or slowed.
func (l Lane) Unhealthy(now time.Time) bool { return l.Blocked(now) || l.Slow > Recovered }

// Blocked reports whether the lane is paused, in backoff or at fault.
func (l Lane) Blocked(now time.Time) bool {
	return l.Paused || l.BackoffUntil.After(now) || l.Faults > 0
}

// Room returns the largest number of tasks that one claim may take of the lane: half of its slots,
// the starts of two seconds, and one task while its host is at fault. Zero for each is no further
// bound.
func (l Lane) Room(each int) int {
	if l.Faults > 0 {
		return max(0, 1-l.Inflight)
	}
	delay, slots := polite.Slowed(l.Pace.Delay, l.Pace.Inflight, l.Slow)
	room := min(max(1, slots/2), slots-l.Inflight)
	if mean := (delay.Min + delay.Max) / 2; mean > 0 {
		room = min(room, max(1, int(claimSpan/mean)))
	}
	if each > 0 {
		room = min(room, each)
	}
	return max(0, room)
}

// Take starts one task per draw and returns the lane and the starts. lead is the expected
// round-trip time: a paced lane gives no start before now+lead. A draw is a number in [0, 1).
func (l Lane) Take(now time.Time, lead time.Duration, draws []float64) (Lane, []time.Time) {
	next := latest(l.NextAt, now)
	if l.Pace.Delay.Max > 0 || l.Slow > 1 {
		next = latest(next, now.Add(lead))
	}
	starts := make([]time.Time, 0, len(draws))
	for _, draw := range draws {
		l = l.start(next, draw)
		starts, next = append(starts, next), l.NextAt
	}
	l.Inflight += len(draws)
	return l, starts
}

// Return takes a start back that made no request, if no other start follows it.
func (l Lane) Return(now, start time.Time) Lane {
	if !l.NextAt.After(start) || !l.NextAt.Before(start.Add(ReturnWithin*l.delay(0))) || l.BackoffUntil.After(now) {
		return l
	}
	l.NextAt = latest(start, now)
	l.Starts--
	return l
}

// start counts a start and moves NextAt on by the delay, or by a longer rest.
func (l Lane) start(at time.Time, draw float64) Lane {
	rested := l.rests()
	l.Starts++
	l.NextAt = at.Add(l.delay(draw))
	if rested {
		l.BackoffUntil, l.Why = at.Add(l.Pace.Rest.For), WhyRest
		l.NextAt = latest(l.NextAt, l.BackoffUntil)
	}
	return l
}

// delay returns the time between a start and the next one.
func (l Lane) delay(draw float64) time.Duration {
	d := l.Pace.Delay
	drawn := d.Min + times(d.Max-d.Min, draw)
	switch {
	case l.Slow <= 1:
		return drawn
	case d.Max == 0:
		return times(polite.SlowFrom, l.Slow)
	}
	return times(drawn, l.Slow)
}

// Left sets what a claim leaves: the best priority of the ready tasks, or none.
func (l Lane) Left(priority int, ready bool) Lane {
	if l.Ready = ready; ready {
		l.Priority = priority
	}
	return l
}

// Reserve takes a start at most so far away, unless the lane or its job is paused. A start on a
// lane of assets eases it, because no other event shows that its host recovered.
func (l Lane) Reserve(now time.Time, draw float64, most time.Duration, paused, assets bool) (Lane, Turn) {
	start := latest(l.NextAt, now)
	turn := Turn{Wait: start.Sub(now), Paused: l.Paused || paused, Paced: l.Paced()}
	if turn.Paused || turn.Wait > most {
		return l, turn
	}
	rested, slow := l.rests(), l.Slow
	l = l.start(start, draw)
	if assets && slow > 1 {
		l = l.ease(now, 1)
		if l.Slow < slow {
			l.EasedAt = now
			if l.Slow == 1 && !rested && l.BackoffUntil.Before(now) {
				l.Why = ""
			}
		}
	}
	return l, turn
}

// rests reports whether a rest follows the next start.
func (l Lane) rests() bool {
	return l.Pace.Rest.Every > 0 && (l.Starts+1)%int64(l.Pace.Rest.Every) == 0
}

// ease gives a part of the pace back after good answers.
func (l Lane) ease(now time.Time, good int) Lane {
	since := time.Duration(0)
	if !l.EasedAt.IsZero() {
		since = now.Sub(l.EasedAt)
	}
	if l.Slow = polite.Ease(l.Slow, good, since); l.Slow <= Recovered {
		l.Slow = 1
	}
	return l
}

// Ended counts the tasks that left a lane in one transaction.
type Ended struct {
	// N is their number. Good ended well, Bad in error. The others show nothing about the host.
	N, Good, Bad int
}

// The states that show whether a host is well.
var (
	GoodStates = []seine.State{seine.Done, seine.Skipped}
	BadStates  = []seine.State{seine.Error}
)

// Add counts a task. One that fetched assets without its page shows nothing about the page's host.
func (e *Ended) Add(state seine.State, alone bool) {
	e.N++
	switch {
	case alone:
	case slices.Contains(GoodStates, state):
		e.Good++
	case slices.Contains(BadStates, state):
		e.Bad++
	}
}

// End frees the slots of ended tasks. A good one resets errors and faults and eases the lane. The
// last error in a row starts the cooldown. A full lane may not start before now, because it was
// hidden until now.
func (l Lane) End(now time.Time, e Ended) Lane {
	if l.Full() {
		l.NextAt = latest(l.NextAt, now)
	}
	l.Inflight -= e.N
	l.Errors += e.Bad
	if e.Good > 0 {
		slowed := l.Slow > 1
		l.Errors, l.Faults, l.DownSince = 0, 0, time.Time{}
		l = l.ease(now, e.Good)
		if slowed {
			l.EasedAt = now
		}
		if l.BackoffUntil.Before(now) {
			l.BackoffUntil = time.Time{}
			if l.Slow == 1 {
				l.Why = ""
			}
		}
		return l
	}
	if c := l.Pace.Cooldown; e.Bad > 0 && c.After > 0 && l.Errors >= c.After {
		until := now.Add(c.For)
		l.Errors, l.Why = 0, WhyCooldown
		l.BackoffUntil, l.NextAt = latest(l.BackoffUntil, until), latest(l.NextAt, until)
	}
	return l
}

// Free frees the slots of tasks that show nothing about the host: released or rescued.
func (l Lane) Free(now time.Time, n int) Lane {
	l.Inflight -= n
	l.NextAt = latest(l.NextAt, now)
	return l
}

// Wake records a ready task. A lane that becomes claimable or better may not start before now: a
// claim passes over lanes that were due before its last one.
func (l Lane) Wake(now time.Time, priority int) Lane {
	if l.Ready && l.Priority <= priority {
		return l
	}
	l.Ready, l.Priority = true, priority
	l.NextAt = latest(l.NextAt, now)
	return l
}

// Sort sets the best priority of the ready tasks, or none, after tasks left the lane or got another
// priority. A lane with another priority may not start before now, as in Wake.
func (l Lane) Sort(now time.Time, priority int, ready bool) Lane {
	if l.Ready = ready; ready && l.Priority != priority {
		l.Priority, l.NextAt = priority, latest(l.NextAt, now)
	}
	return l
}

// Back puts the lane into backoff and slows it down.
func (l Lane) Back(now time.Time, b Backoff) Lane {
	until := now.Add(b.For)
	if b.For > 0 {
		l.BackoffUntil = latest(l.BackoffUntil, until)
	}
	l.NextAt, l.Why, l.Faults = latest(l.NextAt, until), CleanReason(b.Why), max(l.Faults, b.Faults)
	if b.Faults > 0 && l.DownSince.IsZero() {
		l.DownSince = now
	}
	if b.Slow && !l.SlowedAt.After(now.Add(-b.Ago)) {
		l.Slow, l.SlowedAt, l.EasedAt = polite.Slower(l.Slow), now, now
	}
	return l
}

// Up records that the host answered.
func (l Lane) Up() Lane {
	l.Faults, l.DownSince = 0, time.Time{}
	return l
}

// Down reports whether the host has been at fault for at least after.
func (l Lane) Down(now time.Time, after time.Duration) bool {
	return !l.DownSince.IsZero() && !l.DownSince.After(now.Add(-after))
}

// Repace gives the lane another pace, of its job.
func (l Lane) Repace(now time.Time, p LanePace) Lane {
	p.Delay = seine.Span{Min: max(p.Delay.Min, l.Least), Max: max(p.Delay.Max, l.Least)}
	if l.Pace != p {
		l.Pace, l.NextAt = p, latest(l.NextAt, now)
	}
	return l
}

// Ask gives the lane the shortest delay that its host accepts. A longer delay holds from now on,
// because the host was just asked for its robots.txt.
func (l Lane) Ask(now time.Time, least time.Duration, p LanePace) Lane {
	was := l.Pace.Delay.Min
	l.Least = least
	if l = l.Repace(now, p); l.Pace.Delay.Min > was {
		l.NextAt = latest(l.NextAt, now.Add(l.Pace.Delay.Min))
	}
	return l
}

// Pause pauses the lane by a person's wish, or ends the pause.
func (l Lane) Pause(now time.Time, paused bool) Lane {
	l.Paused, l.NextAt = paused, latest(l.NextAt, now)
	if l.Why == WhyPaused {
		l.Why = ""
	}
	return l
}

// Remaining returns the backoff of claimed tasks: a rest follows the starts that were claimed
// before it, so it does not count.
func (l Lane) Remaining(now time.Time) time.Duration {
	if l.Why == WhyRest {
		return 0
	}
	return max(0, l.BackoffUntil.Sub(now))
}

// Idle reports whether a job that is not paused has lanes that could be claimed and nothing ready:
// no host has a ready task, and at most half of the shards. It is the time to explore.
func Idle(now time.Time, lanes map[string]Lane) bool {
	pages, claimable, shards, busy := 0, 0, 0, 0
	for key, l := range lanes {
		if IsAssetLane(key) {
			continue
		}
		pages++
		if !l.Full() && !l.Paused && !l.NextAt.After(now.Add(Soon)) {
			claimable++
		}
		switch {
		case !IsHost(key):
			shards++
			if l.Ready {
				busy++
			}
		case l.Ready:
			return false
		}
	}
	return 2*busy <= shards && (pages == 0 || claimable > 0)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
