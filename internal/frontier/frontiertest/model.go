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
	over     int // tasks over a budget in this operation
}

// observed is an answer that a worker gave. A driver adds it to the row of the worker's lease.
type observed struct {
	worker string
	frontier.Explored
}

// stored is a row of table record.
type stored struct {
	fields, owner string
	revision      int
	gone          time.Time
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
	Worker     string // of the last end
	FinishedAt time.Time

	Priority  int
	Holder    string // the worker whose lease holds the task
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
	owed      *string
	gone      time.Time // by the visit
	visited   bool
}

func (h held) alone() bool { return h.owed != nil && len(*h.owed) > len("{}") }

func newModel(now time.Time) *model {
	return &model{
		now: now, lanes: map[string]frontier.Lane{}, tasks: map[string]*task{}, leases: map[string]*lease{},
		circuits: map[int]frontier.Circuit{}, blocks: map[int64]explore.Sums{}, records: map[string]stored{}, owed: map[string]string{}, failed: map[string]bool{}, leftOut: map[string]int64{}, visits: map[string]*frontier.Visit{}, recrawls: map[string]recrawl{}, budgets: map[string]frontier.BudgetStatus{},
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
			t.Holder, t.RunAt = worker, time.Time{}
			t.Attempt++
			c := claimed{
				Key: t.Key, Lane: key, Priority: t.Priority, Attempt: t.Attempt, StartAt: starts[i], Wait: starts[i].Sub(m.now),
				Faults: l.Faults, Waited: t.State, Mark: t.Mark, Page: t.Page,
			}
			if !t.RefusedAt.IsZero() {
				c.Refused = m.now.Sub(t.RefusedAt)
			}
			h := held{key: t.Key, lane: key, seq: t.seq}
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

// complete returns what Complete returns: the number of kept tasks, the keys of lost ones, and the
// refused follow-ups.
func (m *model) complete(worker string, hs []held, batch []frontier.Completion) (out outcome) {
	ends := map[string]*frontier.Ended{}
	owners, brought := m.owners(worker, hs, batch, &out)
	for i, h := range hs {
		c, t := batch[i], m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		if _, taken := out.Taken[h.key]; taken {
			continue
		}
		out.Kept++
		e := ends[h.lane]
		if e == nil {
			e = &frontier.Ended{}
			ends[h.lane] = e
		}
		_, known := m.add(c.Follow)
		if c.Explored != nil {
			out.Refused = append(out.Refused, known...)
		}
		m.explored(worker, c.Explored)
		for _, x := range c.LeftOut {
			m.leftOut[x.Reason] += x.N
		}
		if c.Unchanged {
			c.Records = nil
		}
		for _, r := range c.Records {
			row, fields := m.records[r.Key], string(r.Fields)
			if row.fields != fields {
				row.revision++
			}
			m.records[r.Key] = stored{fields, owners[r.Key], row.revision, time.Time{}}
		}
		m.visit(t, h, c, brought)
		if h.owed != nil || len(c.Failed) > 0 {
			m.failed[h.key] = len(c.Failed) > 0
			delete(m.owed, h.key)
		}
		if a := c.Again; a != nil {
			e.Add(seine.Done, h.alone())
			t.Holder, t.State, t.Reason, t.RunAt, t.Mark = "", a.State, a.Reason, m.now.Add(a.Delay), max(t.Mark, frontier.Known)
			t.RefusedAt, t.Owes = time.Time{}, true
			if a.Free {
				t.Attempt--
			}
			m.owed[h.key] = string(a.Owed)
			continue
		}
		e.Add(c.State, h.alone())
		m.finish(t, c.State, c.Reason, worker)
	}
	m.settle(ends)
	out.OverBudget = m.over
	return out
}

// visit drops the records that a task no longer brings, and stores its visit.
func (m *model) visit(t *task, h held, c frontier.Completion, brought map[string]bool) {
	replaces := t.Mark != frontier.Unmarked && (c.State == seine.Done || c.Again != nil) && !h.alone() && !c.Unchanged && !c.Gone
	for key, row := range m.records {
		switch {
		case row.owner != h.key:
			continue
		case replaces && !brought[key] && !c.History:
			delete(m.records, key)
			continue
		case (replaces && !brought[key] || c.Gone) && row.gone.IsZero():
			row.gone = m.now
		case c.Unchanged && !c.Gone && !h.gone.IsZero() && !row.gone.Before(h.gone):
			row.gone = time.Time{}
		}
		m.records[key] = row
	}
	if c.Visit == nil {
		if h.visited && c.Again == nil && (c.State == seine.Done || c.State == seine.Skipped) {
			delete(m.recrawls, h.key)
		}
		return
	}
	v := m.visits[h.key]
	if v == nil {
		v = &frontier.Visit{Changes: -1}
		if c.Unchanged || c.Gone {
			v.Changes = 0
		}
		m.visits[h.key] = v
	}
	v.ETag, v.Hash, v.Every, v.CheckedAt = c.Visit.ETag, c.Visit.Hash, c.Visit.Every, m.now
	v.Visits++
	if !c.Unchanged && !c.Gone {
		v.Changes++
		v.ChangedAt = m.now
	}
	switch {
	case !c.Gone:
		v.GoneAt = time.Time{}
	case v.GoneAt.IsZero():
		v.GoneAt = m.now
	}
	delete(m.recrawls, h.key)
	if c.Visit.Next > 0 {
		m.recrawls[h.key] = recrawl{m.now.Add(c.Visit.Next), t.Priority}
	}
}

// owners returns the owners of the records of a batch and their keys, and notes the tasks whose
// records belong to others.
func (m *model) owners(worker string, hs []held, batch []frontier.Completion, out *outcome) (owners map[string]string, brought map[string]bool) {
	owners, brought = map[string]string{}, map[string]bool{}
	for key, row := range m.records {
		owners[key] = row.owner
	}
	for i, h := range hs {
		if m.mine(worker, h) == nil {
			continue
		}
		seen, taken := map[string]bool{}, ""
		if batch[i].Unchanged {
			batch[i].Records = nil
		}
		for _, r := range batch[i].Records {
			switch owner, known := owners[r.Key]; {
			case taken != "":
			case seen[r.Key]:
				taken = r.Key + " of " + h.key
			case known && owner != h.key && !r.Merge:
				taken = r.Key + " of " + owner
			}
			seen[r.Key] = true
		}
		if taken != "" {
			if out.Taken == nil {
				out.Taken = map[string]string{}
			}
			out.Taken[h.key] = taken
			continue
		}
		for key := range seen {
			if brought[key] = true; owners[key] == "" {
				owners[key] = h.key
			}
		}
	}
	return owners, brought
}

func (m *model) fail(worker string, hs []held, batch []frontier.Failure) (out outcome) {
	ends := map[string]*frontier.Ended{}
	for i, h := range hs {
		c, t := batch[i], m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		out.Kept++
		e := ends[h.lane]
		if e == nil {
			e = &frontier.Ended{}
			ends[h.lane] = e
		}
		e.Add(c.State, false)
		_, known := m.add(c.Follow)
		if c.Explored != nil {
			out.Refused = append(out.Refused, known...)
		}
		m.explored(worker, c.Explored)
		t.Holder, t.State, t.Reason, t.RunAt, t.Mark = "", c.State, c.Reason, m.now.Add(c.Delay), max(t.Mark, c.Mark)
		if c.Free {
			t.Attempt--
		}
		switch {
		case !c.Refused:
			t.RefusedAt = time.Time{}
		case t.RefusedAt.IsZero():
			t.RefusedAt = m.now
		}
	}
	m.settle(ends)
	out.OverBudget = m.over
	return out
}

func (m *model) release(worker string, hs []held) (out outcome) {
	for _, h := range hs {
		t := m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		out.Kept++
		t.Holder, t.RunAt = "", time.Time{}
		t.Attempt--
		m.lanes[t.Lane] = m.lanes[t.Lane].Free(m.now, 1).Wake(m.now, t.Priority)
	}
	return out
}
