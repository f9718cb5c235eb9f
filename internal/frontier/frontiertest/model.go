package frontiertest

import (
	"cmp"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// model is a frontier with one job in memory. frontier.Lane decides about its lanes. The table of
// tasks is written from the documentation of the roles and shares no code with the drivers.
type model struct {
	now  time.Time
	draw float64

	spec     frontier.Spec
	tuned    frontier.Tunings
	paused   bool
	lanes    map[string]frontier.Lane
	tasks    map[string]*task
	leases   map[string]*lease // by worker
	circuits map[int]frontier.Circuit
	blocks   map[int64]explore.Sums
	observed []observed
	records  map[string]stored // by key
	owed     map[string]string // by key
	failed   map[string]bool   // keys with failed assets
	leftOut  map[string]int64  // by reason
	visits   map[string]*frontier.Visit
	recrawls map[string]recrawl
	budgets  map[string]frontier.BudgetStatus
	seq      int
	seeded   []byte
	ids      *idRange
	drifts   int64                         // the version of the windows
	listed   map[string]map[string]listing // by key and sitemap
	doomed   []doomed                      // files that sweeps delete
	over     int                           // tasks over a budget in this operation
}

// observed is an answer that a worker gave. A driver adds it to the row of the worker's lease.
type observed struct {
	worker string
	frontier.Explored
}

// stored is a row of table record.
type stored struct {
	fields, owner, digest string
	revision              int
	gone                  time.Time
	earlier               []stored // the kept versions, the latest last
}

// listing is an entry of a sitemap.
type listing struct{ readAt, lastMod, leftAt time.Time }

// doomed is a file that a sweep deletes.
type doomed struct {
	path  string
	sweep int
	until time.Time
}

// recrawl is the next visit of a page.
type recrawl struct {
	at       time.Time
	priority int
}

// task is a row of the tables task and queue.
type task struct {
	Key, Lane, Page string
	seq             int

	// Final means that the task is not in the queue. State is then its final state, else the reason
	// why it waits or waited.
	Final      bool
	State      seine.State
	Reason     string
	Attempt    int
	Ended      int    // the attempt of the last end
	Worker     string // of the last end
	FinishedAt time.Time

	Priority  int
	Holder    string // the worker whose lease holds the task
	ClaimedAt time.Time
	RunAt     time.Time
	Mark      frontier.Mark
	RefusedAt time.Time
	Owes      bool
	More      bool // a claim reads the rows of task and visit
}

func (t *task) ready() bool { return !t.Final && t.Holder == "" && t.RunAt.IsZero() }
func (t *task) waits() bool { return !t.Final && t.Holder == "" && !t.RunAt.IsZero() }

// shown is the state that people see.
func (t *task) shown() seine.State {
	switch {
	case t.Final || t.waits():
		return t.State
	case t.Holder != "":
		return seine.InProgress
	}
	return seine.Pending
}

type lease struct {
	ExpiresAt time.Time
	rate      *float64
}

// held is a task that the model gave to a worker.
type held struct {
	key, lane string
	seq       int
	start     time.Time
	owed      *string
	gone      time.Time // by the visit
	visited   bool
}

func (h held) alone() bool { return h.owed != nil && len(*h.owed) > len("{}") }

func newModel(now time.Time) *model {
	return &model{
		now: now, lanes: map[string]frontier.Lane{}, tasks: map[string]*task{}, leases: map[string]*lease{},
		circuits: map[int]frontier.Circuit{}, blocks: map[int64]explore.Sums{}, records: map[string]stored{}, owed: map[string]string{}, failed: map[string]bool{}, leftOut: map[string]int64{}, visits: map[string]*frontier.Visit{}, recrawls: map[string]recrawl{}, budgets: map[string]frontier.BudgetStatus{},
		listed: map[string]map[string]listing{},
	}
}

func (m *model) pace(lane string) frontier.LanePace {
	if frontier.IsAssetLane(lane) {
		return m.spec.Asset
	}
	return m.tuned.Pace(lane, m.spec.Page)
}

func (m *model) lane(key string) frontier.Lane {
	if l, ok := m.lanes[key]; ok {
		return l
	}
	return frontier.NewLane(m.pace(key), m.now)
}

func (m *model) sorted(which func(t *task) bool) (out []*task) {
	for _, t := range m.tasks {
		if which(t) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *task) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

func (m *model) register(s frontier.Spec) {
	m.spec = s
	for key, l := range m.lanes {
		m.lanes[key] = l.Repace(m.now, m.pace(key))
	}
}

func (m *model) add(tasks []frontier.New) (added int, known []string) {
	for _, n := range tasks {
		l := m.lane(n.Lane)
		if _, seen := m.tasks[n.Key]; seen || !m.spend(n) {
			known = append(known, n.Key)
		} else {
			m.seq++
			m.tasks[n.Key] = &task{Key: n.Key, Lane: n.Lane, Page: n.Page, seq: m.seq, Priority: n.Priority, More: n.Page != ""}
			l = l.Wake(m.now, n.Priority)
			added++
		}
		m.lanes[n.Lane] = l
	}
	return added, known
}

// spend counts a new task under its budgets. Each task of the comparison has one at most.
func (m *model) spend(n frontier.New) bool {
	for _, b := range n.Budgets {
		s, ok := m.budgets[b.Name]
		if !ok {
			s = frontier.BudgetStatus{Name: b.Name, Example: n.Key, Max: b.Max}
		}
		if s.N >= b.Max {
			m.over++
			m.leftOut["over the budget "+b.Name]++
			return false
		}
		s.N++
		m.budgets[b.Name] = s
	}
	return true
}

// claimable lists the lanes that a claim may take, in its order.
func (m *model) claimable(args frontier.ClaimArgs, not []string) (out []string) {
	for key, l := range m.lanes {
		if l.Claimable(m.now.Add(args.Ahead)) && l.Room(args.Each) > 0 && !slices.Contains(not, key) {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		x, y := m.lanes[a], m.lanes[b]
		return cmp.Or(cmp.Compare(x.Priority, y.Priority), x.NextAt.Compare(y.NextAt), cmp.Compare(a, b))
	})
	return out
}

// ambiguous reports whether drivers may choose differently among these lanes: if two are due
// equally, or if a lane gives less than its room and N then cuts another lane short.
func (m *model) ambiguous(args frontier.ClaimArgs, lanes []string) bool {
	left, short := args.N, false
	for i, key := range lanes {
		l := m.lanes[key]
		if i > 0 {
			before := m.lanes[lanes[i-1]]
			if before.Priority == l.Priority && before.NextAt.Equal(l.NextAt) {
				return true
			}
		}
		room := l.Room(args.Each)
		if room > left && short {
			return true
		}
		short = short || len(m.ready(key)) < room
		left = max(0, left-room)
	}
	return false
}

// claimed is the part of frontier.Claimed that is equal for all drivers.
type claimed struct {
	Key, Lane         string
	Priority, Attempt int
	StartAt           time.Time
	Wait              time.Duration
	Faults            int
	Mark              frontier.Mark
	Waited            seine.State
	Refused           time.Duration
	Owed, Page        string
	Visit             *frontier.Visit
}

func (m *model) claim(worker string, args frontier.ClaimArgs, lanes []string) (out []claimed, got []held) {
	if m.leases[worker] == nil || m.paused {
		return nil, nil
	}
	for _, key := range lanes {
		l := m.lanes[key]
		room := min(l.Room(args.Each), args.N-len(out))
		if room == 0 {
			break
		}
		ready := m.ready(key)
		taken := ready[:min(room, len(ready))]
		draws := make([]float64, len(taken))
		for i := range draws {
			draws[i] = m.draw
		}
		after, starts := l.Take(m.now, args.Lead, draws)
		for i, t := range taken {
			t.Holder, t.RunAt, t.ClaimedAt = worker, time.Time{}, m.now
			t.Attempt++
			c := claimed{
				Key: t.Key, Lane: key, Priority: t.Priority, Attempt: t.Attempt, StartAt: starts[i], Wait: starts[i].Sub(m.now),
				Faults: l.Faults, Waited: t.State, Mark: t.Mark, Page: t.Page,
			}
			if !t.RefusedAt.IsZero() {
				c.Refused = m.now.Sub(t.RefusedAt)
			}
			h := held{key: t.Key, lane: key, seq: t.seq, start: starts[i]}
			if v := m.visits[t.Key]; v != nil && t.More && t.Mark != frontier.Unmarked {
				copied := *v
				c.Visit, h.gone, h.visited = &copied, v.GoneAt, true
			}
			if t.Owes {
				owed, ok := m.owed[t.Key]
				if !ok {
					owed = "{}"
				}
				c.Owed, h.owed = owed, &owed
			}
			out, got = append(out, c), append(got, h)
		}
		if len(taken) < len(ready) {
			after = after.Left(ready[len(taken)].Priority, true)
		} else {
			after = after.Left(0, false)
		}
		m.lanes[key] = after
	}
	return out, got
}

// ready lists the ready tasks of a lane in the order in which claims take them.
func (m *model) ready(lane string) []*task {
	out := m.sorted(func(t *task) bool { return t.Lane == lane && t.ready() })
	slices.SortFunc(out, func(a, b *task) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.seq, b.seq))
	})
	return out
}

// mine returns a held task that is still the worker's.
func (m *model) mine(worker string, h held) *task {
	if t := m.tasks[h.key]; t != nil && !t.Final && t.Holder == worker && t.seq == h.seq {
		return t
	}
	return nil
}

func (m *model) finish(t *task, state seine.State, reason, worker string) {
	t.Final, t.State, t.Reason, t.FinishedAt, t.Holder, t.RunAt = true, state, reason, m.now, "", time.Time{}
	t.Ended = t.Attempt
	if worker != "" {
		t.Worker = worker
	}
}

func (m *model) settle(ends map[string]*frontier.Ended) {
	for key, e := range ends {
		m.lanes[key] = m.lanes[key].End(m.now, *e)
	}
}

func (m *model) explored(worker string, x *frontier.Explored) {
	if x == nil {
		return
	}
	m.blocks[x.Block] = m.blocks[x.Block].Add(x.Sums)
	m.observed = append(m.observed, observed{worker, *x})
}
