package frontiertest

import (
	"context"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func (c *comparison) add() {
	tasks := c.batch(6)
	want, _ := c.model.add(tasks)
	c.do(fmt.Sprintf("add %v", keysOfTasks(tasks)), want, func(ctx context.Context, d *driver) (any, error) {
		return d.Add(ctx, d.job, tasks)
	})
}

// visit makes some completions visits of pages that are visited again.
func (c *comparison) visit(b *frontier.Completion) {
	b.History = c.rand.IntN(3) == 0
	switch {
	case c.rand.IntN(8) == 0:
		b.Unchanged = true
	case c.rand.IntN(8) == 0 && b.Again == nil:
		b.Gone = true
	}
	if c.rand.IntN(3) == 0 {
		b.Visit = &frontier.Visit{
			ETag: one(c, []string{"", `"v1"`}), Hash: []byte{byte(c.rand.IntN(3))},
			Every: time.Duration(c.rand.IntN(4)) * time.Minute, Next: time.Duration(c.rand.IntN(3)) * 40 * time.Second,
		}
	}
}

func (c *comparison) retry() {
	tasks := c.batch(6)
	c.do(fmt.Sprintf("retry %v", keysOfTasks(tasks)), c.model.retry(tasks), func(ctx context.Context, d *driver) (any, error) {
		return d.Retry(ctx, d.job, tasks)
	})
}

func (c *comparison) lookup() {
	keys := keysOfTasks(c.batch(9))
	want := map[string]seine.State{}
	for _, key := range keys {
		if t := c.model.tasks[key]; t != nil && t.Final {
			want[key] = t.State
		} else if t != nil {
			want[key] = seine.Pending
		}
	}
	c.do(fmt.Sprintf("look up %v", keys), want, func(ctx context.Context, d *driver) (any, error) {
		return d.Lookup(ctx, d.job, keys)
	})
}

func (c *comparison) reserve() {
	c.reserveOn(one(c, laneKeys[:4]), time.Duration(c.rand.IntN(4_000_000))*time.Microsecond)
}

// ease reserves starts on a slowed lane of assets, which give its pace back bit by bit.
func (c *comparison) ease() {
	lane := laneKeys[3]
	for range 30 {
		l := c.model.lanes[lane]
		if l.Slow <= 1 || l.Paused || c.model.paused {
			return
		}
		c.clock.Move(250 * time.Millisecond)
		c.model.now = c.clock.Now()
		c.reserveOn(lane, 24*time.Hour)
	}
}

func (c *comparison) reserveOn(lane string, most time.Duration) {
	draw := c.rand.Float64()
	l, turn := c.model.lanes[lane].Reserve(c.model.now, draw, most, c.model.paused, frontier.IsAssetLane(lane))
	c.model.lanes[lane] = l
	c.do(fmt.Sprintf("reserve a start on %s, at most %v away", lane, most), turn, func(ctx context.Context, d *driver) (any, error) {
		return d.Reserve(ctx, d.job, lane, draw, most)
	})
}

func (c *comparison) backoff() {
	lanes := []string{one(c, laneKeys)}
	var b frontier.Backoff
	switch c.rand.IntN(4) {
	case 0:
		b = frontier.Backoff{For: c.delay(), Why: "Retry-After"}
	case 1:
		b = frontier.Backoff{For: c.delay(), Why: "connection refused", Faults: 1 + c.rand.IntN(3)}
	case 2:
		b, lanes = frontier.Backoff{For: (c.delay() / 40).Truncate(time.Microsecond), Why: "Retry-After"}, taskLanes // about Soon
	default:
		b = frontier.Backoff{Why: "HTTP 429", Slow: true, Ago: time.Duration(c.rand.IntN(2_000_000)) * time.Microsecond}
	}
	for _, lane := range lanes {
		c.model.lanes[lane] = c.model.lanes[lane].Back(c.model.now, b)
	}
	c.do(fmt.Sprintf("back off from %v: %+v", lanes, b), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.Backoff(ctx, d.job, lanes, b)
	})
}

func (c *comparison) setDelay() {
	lane, least := one(c, laneKeys), time.Duration(c.rand.IntN(3))*time.Duration(c.rand.IntN(800_000))*time.Microsecond
	c.model.lanes[lane] = c.model.lanes[lane].Ask(c.model.now, least, c.model.pace(lane))
	c.do(fmt.Sprintf("delay %s by at least %s", lane, least), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.SetDelay(ctx, d.job, lane, least)
	})
}

func (c *comparison) pauseJob() {
	paused := !c.model.paused && c.rand.IntN(3) == 0
	c.model.paused = paused
	c.do(fmt.Sprintf("pause the job: %v", paused), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.PauseJob(ctx, d.job, paused)
	})
}

func (c *comparison) pauseHost() {
	host := one(c, taskLanes[:3])
	paused := !c.model.lanes[host].Paused && c.rand.IntN(2) == 0
	for _, key := range []string{host, frontier.AssetLane(host)} {
		if l, ok := c.model.lanes[key]; ok {
			c.model.lanes[key] = l.Pause(c.model.now, paused)
		}
	}
	c.do(fmt.Sprintf("pause %s: %v", host, paused), true, func(ctx context.Context, d *driver) (any, error) {
		return d.PauseHost(ctx, d.job, host, paused)
	})
}

func (c *comparison) rescue() {
	before := map[string]bool{}
	for w := range c.model.leases {
		before[w] = true
	}
	want := c.model.rescue()
	for w := range before {
		if c.model.leases[w] == nil {
			c.dead = append(c.dead, w)
		}
	}
	c.do("rescue", want, func(ctx context.Context, d *driver) (any, error) {
		found, back, died, err := d.Rescue(ctx)
		got := [3]int{0, back, died}
		if found {
			got[0] = 1
		}
		return got, err
	})
}

func (c *comparison) promote() {
	c.do("promote", c.model.promote(), func(ctx context.Context, d *driver) (any, error) {
		return d.Promote(ctx, 1000)
	})
}

func (c *comparison) maintain() {
	c.do("fold and tend", nil, func(ctx context.Context, d *driver) (any, error) {
		if err := d.Fold(ctx); err != nil {
			return nil, err
		}
		return nil, d.Tend(ctx)
	})
	c.model.spare()
}

func (c *comparison) circuit() {
	if c.rand.IntN(2) == 0 {
		n := 0
		for space, k := range c.model.circuits {
			if k.Open() {
				n++
				k.ClosedAt = c.model.now
				c.model.circuits[space] = k
			}
		}
		c.do("close the circuits", n, func(ctx context.Context, d *driver) (any, error) {
			return d.CloseCircuits(ctx, d.job)
		})
		return
	}
	space, reason := c.rand.IntN(2), one(c, []string{"no hits", "doubt"})
	opened := !c.model.circuits[space].Open()
	if opened {
		c.model.circuits[space] = frontier.Circuit{Space: space, Reason: reason, OpenedAt: c.model.now}
	}
	c.do(fmt.Sprintf("open the circuit of space %d", space), opened, func(ctx context.Context, d *driver) (any, error) {
		return d.OpenCircuit(ctx, d.job, space, reason)
	})
}

func (c *comparison) explore() {
	tasks, space, want := c.batch(3), c.rand.IntN(2), 0
	if c.model.idle().Idle && !c.model.circuits[space].Open() {
		want, _ = c.model.add(tasks)
	}
	c.do(fmt.Sprintf("explore space %d with %v", space, keysOfTasks(tasks)), want, func(ctx context.Context, d *driver) (any, error) {
		return d.Explore(ctx, d.job, space, tasks)
	})
}

func (c *comparison) hostDown() {
	host := one(c, taskLanes[:3])
	if c.rand.IntN(3) == 0 {
		c.model.lanes[host] = c.model.lanes[host].Up()
		c.do(host+" answered", nil, func(ctx context.Context, d *driver) (any, error) {
			return nil, d.HostUp(ctx, d.job, host)
		})
		return
	}
	after := time.Duration(c.rand.IntN(120)) * time.Second
	down, ended := c.model.hostDown(host, after, "host down")
	c.do(fmt.Sprintf("end the tasks of %s if it is down for %v", host, after), [2]any{down, ended}, func(ctx context.Context, d *driver) (any, error) {
		down, ended, err := d.HostDown(ctx, d.job, host, after, "host down")
		return [2]any{down, ended}, err
	})
}

// filter returns a random filter of tasks for a comparison of all reports.
func (c *comparison) filter(full bool) (f frontier.Filter) {
	if !full {
		return f
	}
	if c.rand.IntN(2) == 0 {
		f.States = []seine.State{one(c, seine.States), one(c, seine.States)}
	}
	if c.rand.IntN(4) == 0 {
		f.Reason = one(c, []string{"oo", "died", "HTTP", "late"})
	}
	if c.rand.IntN(4) == 0 {
		f.Host = one(c, taskLanes)
	}
	if c.rand.IntN(4) == 0 {
		f.Page = one(c, pageKinds)
	}
	if c.rand.IntN(4) == 0 {
		f.After, f.Limit = c.newTask(c.rand.IntN(c.keys)).Key, 1+c.rand.IntN(20)
	}
	return f
}
