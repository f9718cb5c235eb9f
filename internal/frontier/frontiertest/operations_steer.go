package frontiertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func (c *comparison) tune() {
	t := frontier.Tuning{Host: one(c, []string{"", "a:80", "c:80"})}
	if c.rand.IntN(3) > 0 {
		low := time.Duration(c.rand.IntN(500_000)) * time.Microsecond
		t.Delay = &seine.Span{Min: low, Max: low + time.Duration(c.rand.IntN(500_000))*time.Microsecond}
	}
	if c.rand.IntN(2) == 0 {
		t.Concurrency = 1 + c.rand.IntN(9)
	}
	m := c.model
	m.tuned = slices.DeleteFunc(slices.Clone(m.tuned), func(o frontier.Tuning) bool { return o.Host == t.Host })
	if !t.Empty() {
		m.tuned = append(m.tuned, t)
	}
	for key, l := range m.lanes {
		m.lanes[key] = l.Repace(m.now, m.pace(key))
	}
	c.do(fmt.Sprintf("tune %+v", t), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.Tune(ctx, d.job, t.Host, t)
	})
}

// waiting lists the tasks that a person may change.
func (m *model) waiting(by frontier.Filter) []*task {
	return m.sorted(func(t *task) bool {
		return !t.Final && t.Holder == "" && (len(by.States) == 0 || slices.Contains(by.States, t.shown())) &&
			strings.Contains(t.Reason, by.Reason) && (by.Host == "" || t.Lane == by.Host)
	})
}

// sort sets the best priority of lanes.
func (m *model) sort(tasks []*task) {
	for _, t := range tasks {
		if ready := m.ready(t.Lane); len(ready) > 0 {
			m.lanes[t.Lane] = m.lanes[t.Lane].Sort(m.now, ready[0].Priority, true)
		} else {
			m.lanes[t.Lane] = m.lanes[t.Lane].Sort(m.now, 0, false)
		}
	}
}

func (c *comparison) steered() frontier.Filter {
	f := frontier.Filter{Host: one(c, taskLanes)}
	if c.rand.IntN(3) == 0 {
		f.States = []seine.State{one(c, seine.States)}
	}
	return f
}

func (c *comparison) drop() {
	by, n := c.steered(), 0
	tasks := c.model.waiting(by)
	for _, t := range tasks {
		if t.Owes && len(c.model.owed[t.Key]) > len("{}") {
			continue
		}
		state := seine.Skipped
		if t.Mark == frontier.Known {
			state = seine.Done
		}
		c.model.finish(t, state, frontier.WhyDropped, "")
		n++
	}
	c.model.sort(tasks)
	c.do(fmt.Sprintf("drop %+v", by), n, func(ctx context.Context, d *driver) (any, error) {
		return frontier.DropAll(ctx, d, d.job, by, nil)
	})
}

func (c *comparison) prioritize() {
	by, n, priority := c.steered(), 0, c.rand.IntN(4)
	tasks := slices.DeleteFunc(c.model.waiting(by), func(t *task) bool { return t.Priority == priority })
	slices.SortFunc(tasks, func(a, b *task) int { return cmp.Compare(a.seq, b.seq) })
	for _, t := range tasks {
		c.model.seq++
		t.Priority, t.seq = priority, c.model.seq
		n++
	}
	c.model.sort(tasks)
	c.do(fmt.Sprintf("give %+v the priority %d", by, priority), n, func(ctx context.Context, d *driver) (any, error) {
		return frontier.PrioritizeAll(ctx, d, d.job, by, priority, nil)
	})
}
