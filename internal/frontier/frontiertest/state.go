package frontiertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Tables are the rows of a driver's database, for a comparison with the model.
type Tables struct {
	Lanes  map[string]frontier.Lane
	IDs    map[string]frontier.LaneID
	Tasks  map[string]TaskRow
	Leases map[string]time.Time // their ends by worker
}

// TaskRow is a row of the tables task and queue.
type TaskRow struct {
	Lane       string
	Final      bool
	State      int
	Reason     string
	Attempt    int
	Worker     string
	FinishedAt time.Time
	Priority   int
	Holder     string
	RunAt      time.Time
	Mark       int
	RefusedAt  time.Time
	Owes       bool
}

// tables returns the tables that a driver must have. IDs are the driver's own.
func (m *model) tables() Tables {
	out := Tables{Lanes: m.lanes, Tasks: map[string]TaskRow{}, Leases: map[string]time.Time{}}
	for key, t := range m.tasks {
		row := TaskRow{
			Lane: t.Lane, Final: t.Final, State: int(t.State), Reason: t.Reason, Attempt: t.Attempt, Worker: t.Worker,
			FinishedAt: t.FinishedAt,
			Priority:   t.Priority, Holder: t.Holder, RunAt: t.RunAt, Mark: int(t.Mark), RefusedAt: t.RefusedAt, Owes: t.Owes,
		}
		if t.Final {
			row.Priority, row.Mark, row.RefusedAt, row.Owes = 0, 0, time.Time{}, false
		}
		out.Tasks[key] = row
	}
	for worker, l := range m.leases {
		out.Leases[worker] = l.ExpiresAt
	}
	return out
}

// answers are what a frontier tells of a job, as far as all drivers must tell the same.
type answers struct {
	Idle      frontier.IdleState
	Unhealthy []string
	Blocked   map[string]frontier.LaneState
	Counts    frontier.Counts
	Circuits  []frontier.Circuit

	// Reports cost many statements and are compared after some operations only.
	Reports *reports
}

type reports struct {
	Status  frontier.Status
	Tasks   []frontier.TaskInfo
	Records map[string]string // owner, version and fields
	Blocks  map[int64]explore.Sums
	Steps   map[explore.Step]explore.Trial
	Depth   frontier.Depth
	Digest  string
}

func (m *model) counts() frontier.Counts {
	c := frontier.NewCounts()
	for _, t := range m.tasks {
		c.Total++
		if t.Final {
			c.Final[t.State]++
		} else {
			c.Open++
		}
	}
	c.Records = int64(len(m.records))
	return c
}

func (m *model) idle() (out frontier.IdleState) {
	out.Idle = !m.paused && frontier.Idle(m.now, m.lanes)
	var at time.Time
	note := func(t time.Time) {
		if !out.Due || t.Before(at) {
			out.Due, at = true, t
		}
	}
	for _, l := range m.lanes {
		if !m.paused && l.Ready && !l.Full() && !l.Paused {
			note(l.NextAt)
		}
	}
	for _, t := range m.tasks {
		if t.waits() {
			note(t.RunAt)
		}
	}
	if out.Due {
		out.Wait = max(0, at.Sub(m.now))
	}
	return out
}

func (m *model) answers(full bool, filter frontier.Filter, steps map[explore.Step]explore.Trial) answers {
	out := answers{Idle: m.idle(), Blocked: map[string]frontier.LaneState{}, Counts: m.counts()}
	for key, l := range m.lanes {
		if frontier.IsHost(key) && (l.Unhealthy(m.now) || l.Least > 0 || !m.tuned.Of(key).Empty()) {
			out.Unhealthy = append(out.Unhealthy, key)
		}
		out.Blocked[key] = frontier.LaneState{Paused: l.Paused || m.paused, Backoff: l.Remaining(m.now)}
	}
	slices.Sort(out.Unhealthy)
	for _, c := range m.circuits {
		out.Circuits = append(out.Circuits, c)
	}
	slices.SortFunc(out.Circuits, func(a, b frontier.Circuit) int { return cmp.Compare(a.Space, b.Space) })
	if full {
		records := map[string]string{}
		for key, r := range m.records {
			records[key] = fmt.Sprintf("%s v%d %v %s", r.owner, r.revision, r.gone, r.fields)
		}
		out.Reports = &reports{
			Status: m.status(), Tasks: m.list(filter), Records: records, Blocks: m.blocks, Steps: steps, Depth: m.depth(),
			Digest: string(m.spec.Digest),
		}
	}
	return out
}

func (m *model) states() map[seine.State]int64 {
	out := map[seine.State]int64{}
	for _, s := range seine.States {
		out[s] = 0
	}
	for _, t := range m.tasks {
		out[t.shown()]++
	}
	return out
}

func (m *model) status() frontier.Status {
	s := frontier.Status{Counts: m.counts(), Paused: m.paused, States: m.states()}
	reasons := map[frontier.ReasonCount]int64{}
	for _, t := range m.tasks {
		if t.Final && t.State != seine.Done || t.waits() {
			reasons[frontier.ReasonCount{State: t.State, Reason: t.Reason}]++
		}
		if t.waits() && t.RunAt.After(s.LastRetry) {
			s.LastRetry = t.RunAt
		}
	}
	for r, n := range reasons {
		r.Count = n
		s.Reasons = append(s.Reasons, r)
	}
	for _, l := range m.leases {
		if l.rate != nil && l.ExpiresAt.After(m.now) {
			s.Workers++
			s.Rate += *l.rate
		}
	}
	for key, l := range m.lanes {
		if key != "" && (frontier.IsHost(key) || frontier.IsAssetLane(key)) && (l.Unhealthy(m.now) || l.Ready || l.Inflight > 0) {
			h := frontier.HostStatus{Host: key, NextAt: l.NextAt, Blocked: l.Blocked(m.now), Reason: l.Why, Slow: l.Slow, CrawlDelay: l.Least}
			if l.Paused {
				h.Reason = "paused"
			}
			s.Hosts = append(s.Hosts, h)
		}
	}
	for _, failed := range m.failed {
		if failed {
			s.FailedAssets++
		}
	}
	for reason, n := range m.leftOut {
		s.LeftOut = append(s.LeftOut, frontier.LeftOut{Reason: reason, N: n})
	}
	s.Pages = m.pages()
	s.Fresh = m.fresh()
	for _, b := range m.budgets {
		if b.N >= b.Max {
			s.Budgets = append(s.Budgets, b)
		}
	}
	return s
}

func (m *model) pages() (out []frontier.PageStatus) {
	for _, page := range []string{"", "item", "list"} {
		tasks := m.sorted(func(t *task) bool { return t.Page == page })
		if len(tasks) > 0 {
			states := map[seine.State]int64{}
			for _, s := range seine.States {
				states[s] = 0
			}
			for _, t := range tasks {
				states[t.shown()]++
			}
			out = append(out, frontier.PageStatus{Page: page, States: states})
		}
	}
	if len(out) == 1 && out[0].Page == "" {
		return nil
	}
	return out
}

// list is the list of tasks by a filter of states, reason and host.
func (m *model) list(filter frontier.Filter) (out []frontier.TaskInfo) {
	for _, t := range m.sorted(func(t *task) bool {
		return (len(filter.States) == 0 || slices.Contains(filter.States, t.shown())) &&
			(filter.Reason == "" || strings.Contains(t.Reason, filter.Reason)) &&
			(filter.Host == "" || t.Lane == filter.Host) && (filter.Page == "" || t.Page == filter.Page) && t.Key > filter.After
	}) {
		info := frontier.TaskInfo{
			Key: t.Key, State: t.shown(), Final: t.Final, Attempt: t.Attempt, Priority: t.Priority, Reason: t.Reason, Worker: t.Worker, Page: t.Page,
			UnlistedAt: m.unlisted(t.Key),
		}
		if t.Final {
			info.Priority, info.UpdatedAt = 1, t.FinishedAt
			out = append(out, info)
			continue
		}
		l := m.lanes[t.Lane]
		hindered := l.Why != "" && (l.Faults > 0 || l.BackoffUntil.After(m.now))
		if info.Reason == "" && hindered {
			info.Reason = l.Why
		}
		switch {
		case t.Holder != "":
			info.Worker = t.Holder
		case t.waits():
			info.NextAt = t.RunAt
		case hindered:
			info.NextAt = l.NextAt
		}
		out = append(out, info)
	}
	if filter.Limit > 0 && len(out) > filter.Limit {
		out = out[:filter.Limit]
	}
	return out
}

func (m *model) depth() frontier.Depth {
	d := frontier.Depth{Counts: m.counts(), Paused: m.paused, States: m.states()}
	for _, t := range m.tasks {
		if t.waits() && t.State == seine.Pending {
			d.Delayed++
		}
	}
	for key, l := range m.lanes {
		if l.Ready && !l.Paused && l.Pace.Delay.Max > 0 && !frontier.IsAssetLane(key) {
			d.Lanes++
			if l.Full() || l.NextAt.After(m.now.Add(-frontier.BusyWithin)) {
				d.Busy++
			}
		}
	}
	for _, l := range m.leases {
		if l.ExpiresAt.After(m.now) {
			d.Workers++
		}
	}
	return d
}

// ask reads the same answers from a driver.
func (d *driver) ask(ctx context.Context, full bool, filter frontier.Filter) (out answers, err error) {
	if out.Idle, err = d.Idle(ctx, d.job); err != nil {
		return out, err
	}
	if out.Unhealthy, err = d.Unhealthy(ctx, d.job); err != nil {
		return out, err
	}
	slices.Sort(out.Unhealthy)
	byID, lanes := map[frontier.LaneID]string{}, make([]frontier.LaneID, 0, len(d.ids))
	for key, id := range d.ids {
		byID[id] = key
		lanes = append(lanes, id)
	}
	states, err := d.Blocked(ctx, lanes)
	if err != nil {
		return out, err
	}
	out.Blocked = map[string]frontier.LaneState{}
	for _, s := range states {
		key := byID[s.Lane]
		s.Lane = 0
		out.Blocked[key] = s
	}
	if out.Counts, err = d.Counts(ctx, d.job); err != nil {
		return out, err
	}
	dropZeros(out.Counts.Final)
	if out.Circuits, err = d.Frontier.Circuits(ctx, d.job); err != nil || !full {
		return out, err
	}
	r := &reports{Records: map[string]string{}}
	out.Reports = r
	if r.Status, err = d.Status(ctx, d.job); err != nil {
		return out, err
	}
	dropZeros(r.Status.Final)
	if r.Tasks, err = d.Frontier.Tasks(ctx, d.job, filter); err != nil {
		return out, err
	}
	for i := range r.Tasks {
		if !r.Tasks[i].Final {
			r.Tasks[i].UpdatedAt = time.Time{} // the database's own clock
		}
	}
	if err := d.Records(ctx, d.job, func(s frontier.Stored) error {
		var fields bytes.Buffer // jsonb adds spaces
		err := json.Compact(&fields, s.Fields)
		r.Records[s.Key] = fmt.Sprintf("%s v%d %v %s", cmp.Or(s.Task, s.Key), s.Version, s.GoneAt, fields.String())
		return err
	}); err != nil {
		return out, err
	}
	if r.Blocks, err = d.Blocks(ctx, d.job, 0, time.Time{}); err != nil {
		return out, err
	}
	if r.Steps, err = d.Steps(ctx, d.job, 0); err != nil {
		return out, err
	}
	if r.Depth, err = d.Depth(ctx, d.job); err != nil {
		return out, err
	}
	r.Depth.Oldest = 0 // by the database's own clock
	dropZeros(r.Depth.Final)
	jobs, err := d.Jobs(ctx)
	if err == nil && len(jobs) != 2 {
		err = fmt.Errorf("%d jobs; want 2", len(jobs))
	}
	if err == nil {
		r.Digest = string(jobs[0].Digest)
	}
	return out, err
}

// dropZeros deletes states without tasks: a driver may keep their counters.
func dropZeros(n map[seine.State]int64) {
	for s, k := range n {
		if k == 0 {
			delete(n, s)
		}
	}
}

// roundSums leaves rounding errors out of sums, which PostgreSQL and Go compute alike up to the
// last digits.
func roundSums(x, y float64) bool { return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x), math.Abs(y)) }
