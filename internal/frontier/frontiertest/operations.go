package frontiertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// operations are the random operations with their weights.
var operations = []struct {
	weight int
	run    func(c *comparison)
}{
	{30, (*comparison).claim}, {60, (*comparison).complete}, {16, (*comparison).giveUp}, {4, (*comparison).release},
	{8, (*comparison).add}, {5, (*comparison).retry}, {1, (*comparison).lookup}, {4, (*comparison).explore},
	{7, (*comparison).reserve}, {6, (*comparison).backoff}, {3, (*comparison).hostDown}, {2, (*comparison).circuit},
	{4, (*comparison).pauseHost}, {2, (*comparison).pauseJob}, {2, (*comparison).register}, {2, (*comparison).setDelay},
	{6, (*comparison).heartbeat}, {3, (*comparison).openLease}, {1, (*comparison).closeLease},
	{6, (*comparison).rescue}, {6, (*comparison).promote}, {1, (*comparison).maintain},
	{4, (*comparison).returnStart}, {2, (*comparison).due}, {1, (*comparison).seeds}, {1, (*comparison).changed},
	{2, (*comparison).setSpace}, {4, (*comparison).fill}, {3, (*comparison).known}, {1, (*comparison).drift}, {3, (*comparison).other},
	{2, (*comparison).tune}, {1, (*comparison).drop}, {3, (*comparison).prioritize},
	{3, (*comparison).holdBack}, {2, (*comparison).forget}, {6, (*comparison).replay}, {4, (*comparison).adopt},
	{5, (*comparison).list}, {4, (*comparison).unlist}, {4, (*comparison).move}, {1, (*comparison).recount},
	{3, (*comparison).beginSweep}, {3, (*comparison).endSweep}, {2, (*comparison).ease},
}

const (
	leaseTTL   = 30 * time.Second
	mostLeases = 4

	// A run has many tasks or few. With few, all are often leased or finished, and the job is idle.
	manyTasks = 90
	fewTasks  = 15
)

// laneKeys are three hosts, the lane of one's assets and two shards.
var laneKeys = []string{"a:80", "b:80", "c:80", frontier.AssetLane("a:80"), "shard/00", "shard/01"}

// taskLanes are the lanes with tasks.
var taskLanes = []string{"a:80", "b:80", "c:80", "shard/00", "shard/01"}

// numbers are written in different ways by databases.
var numbers = []string{"1e21", "1e-7", "-0.0", "1.50", "12345678901234567890", "0.1", "1E+2", "100000000000000000000000"}

// pageKinds of tasks. Some tasks have none.
var pageKinds = []string{"", "", "list", "item"}

func laneOf(n int) string { return taskLanes[n%len(taskLanes)] }

func (c *comparison) newTask(n int) frontier.New {
	out := frontier.New{Key: fmt.Sprintf("k%03d", n), Lane: laneOf(n), Priority: n / 5 % 4, Page: pageKinds[n%len(pageKinds)]}
	if n%15 == 14 {
		out.Key = sitemapKey(n)
	}
	if n%7 == 3 {
		out.Budgets = []frontier.Budget{{Name: "seven", Max: 4}}
	}
	return out
}

// batch returns tasks of one lane in the order in which both drivers number them: by priority and
// key. The lanes of an operation on several lanes would be due at the same time.
func (c *comparison) batch(most int) (out []frontier.New) {
	lane := c.rand.IntN(len(taskLanes))
	for range 1 + c.rand.IntN(most) {
		n := c.rand.IntN(c.keys/len(taskLanes))*len(taskLanes) + lane
		if t := c.newTask(n); !slices.ContainsFunc(out, func(o frontier.New) bool { return o.Key == t.Key }) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b frontier.New) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Key, b.Key))
	})
	return out
}

func keysOfTasks(tasks []frontier.New) (out []string) {
	for _, t := range tasks {
		out = append(out, t.Key)
	}
	return out
}

// begin registers the job, creates the lanes and opens a lease.
func (c *comparison) begin() {
	c.register()
	other := c.model.spec
	other.Name = "other"
	c.do("register another job", nil, func(ctx context.Context, d *driver) (_ any, err error) {
		d.other, err = d.Register(ctx, other, false)
		return nil, err
	})
	c.do("create the lanes", nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.Backoff(ctx, d.job, laneKeys, frontier.Backoff{})
	})
	for _, key := range laneKeys {
		c.model.lanes[key] = c.model.lane(key).Back(c.model.now, frontier.Backoff{})
	}
	c.openLease()
}

func (c *comparison) register() {
	span := func() seine.Span {
		switch c.rand.IntN(3) {
		case 0:
			return seine.Span{}
		case 1:
			d := time.Duration(c.rand.IntN(2_000_000)) * time.Microsecond
			return seine.Span{Min: d, Max: d}
		}
		low := time.Duration(c.rand.IntN(500_000)) * time.Microsecond
		return seine.Span{Min: low, Max: low + time.Duration(1+c.rand.IntN(900_000))*time.Microsecond}
	}
	pace := func() frontier.LanePace {
		p := frontier.LanePace{Delay: span(), Inflight: 1 + c.rand.IntN(9)}
		if c.rand.IntN(2) == 0 {
			p.Rest = seine.Rest{Every: 2 + c.rand.IntN(6), For: time.Duration(c.rand.IntN(3_000_000)) * time.Microsecond}
		}
		if c.rand.IntN(2) == 0 {
			p.Cooldown = seine.Cooldown{After: 2 + c.rand.IntN(3), For: time.Duration(c.rand.IntN(20_000_000)) * time.Microsecond}
		}
		return p
	}
	s := frontier.Spec{Name: "j", Config: json.RawMessage(`{}`), MaxAttempts: 4, Page: pace(), Asset: pace()}
	if c.rand.IntN(2) == 0 {
		s.Digest = []byte{byte(c.rand.IntN(9))}
	}
	c.do(fmt.Sprintf("register %+v %+v digest %v", s.Page, s.Asset, s.Digest), nil, func(ctx context.Context, d *driver) (_ any, err error) {
		d.job, err = d.Register(ctx, s, false)
		return nil, err
	})
	c.model.register(s)
}

func (c *comparison) openLease() {
	if len(c.model.leases) >= mostLeases {
		return
	}
	c.workers++
	worker := fmt.Sprintf("w%d", c.workers)
	c.do("open the lease of "+worker, nil, func(ctx context.Context, d *driver) (_ any, err error) {
		d.leases[worker], err = d.OpenLease(ctx, worker, leaseTTL)
		return nil, err
	})
	c.model.leases[worker] = &lease{ExpiresAt: c.model.now.Add(leaseTTL)}
}

func (c *comparison) heartbeat() {
	worker := c.live()
	if worker == "" {
		return
	}
	rate := float64(c.rand.IntN(40)) / 4
	var want any
	if l := c.model.leases[worker]; l == nil {
		want = frontier.ErrLeaseLost
	} else {
		l.ExpiresAt, l.rate = c.model.now.Add(leaseTTL), &rate
	}
	c.do("heartbeat of "+worker, want, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.Heartbeat(ctx, d.leases[worker], map[frontier.JobID]float64{d.job: rate})
	})
}

func (c *comparison) closeLease() {
	worker := c.live()
	l := c.model.leases[worker]
	if l == nil {
		return
	}
	c.do("close the lease of "+worker, nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.CloseLease(ctx, d.leases[worker])
	})
	l.ExpiresAt = c.model.now.Add(-time.Millisecond)
	if len(c.model.sorted(func(t *task) bool { return t.Holder == worker })) == 0 {
		c.lose(worker)
	}
}

// lose notes that a worker has no lease.
func (c *comparison) lose(worker string) {
	delete(c.model.leases, worker)
	c.dead = append(c.dead, worker)
}

func (c *comparison) claim() {
	worker := c.live()
	if worker == "" {
		return
	}
	args := frontier.ClaimArgs{N: 1 + c.rand.IntN(6)}
	if c.rand.IntN(3) == 0 {
		args.Ahead = time.Duration(c.rand.IntN(900)) * time.Millisecond
	}
	if c.rand.IntN(3) == 0 {
		args.Lead = time.Duration(c.rand.IntN(400_000)) * time.Microsecond
	}
	if c.rand.IntN(4) == 0 {
		args.Each = 1 + c.rand.IntN(3)
	}
	var not []string
	if c.rand.IntN(5) == 0 {
		not = append(not, one(c, taskLanes))
	}
	lanes := c.model.claimable(args, not)
	if c.model.ambiguous(args, lanes) {
		args.N = 1000 // takes all of them, in any order
	}
	want, got := c.model.claim(worker, args, lanes)
	byKey := func(a, b claimed) int { return cmp.Compare(a.Key, b.Key) }
	slices.SortFunc(want, byKey)
	c.do(fmt.Sprintf("%s claims %+v, not %v: %v", worker, args, not, keysOfHeld(got)), want, func(ctx context.Context, d *driver) (any, error) {
		args := args
		args.Job = d.job
		for _, key := range not {
			args.Not = append(args.Not, d.ids[key])
		}
		tasks, err := d.Claim(ctx, d.leases[worker], args)
		var out []claimed
		for _, t := range tasks {
			out = append(out, claimed{
				t.Key, t.LaneKey, t.Priority, t.Attempt, t.StartAt.UTC(), t.Wait, t.Faults, t.Mark, t.Waited, t.Refused, string(t.Owed), t.Page, t.Visit,
			})
			for _, h := range got {
				if h.key == t.Key {
					d.held[holding(worker, h)] = t
				}
			}
		}
		slices.SortFunc(out, byKey)
		return out, err
	})
	// A task that the worker released or failed has the seq of before.
	earlier := slices.DeleteFunc(c.holds[worker], func(h held) bool { return slices.Contains(keysOfHeld(got), h.key) })
	c.holds[worker] = append(earlier, got...)
}

func keysOfHeld(hs []held) (out []string) {
	for _, h := range hs {
		out = append(out, h.key)
	}
	return out
}

// some takes held tasks of one lane from a worker, and now and then one that it ended before.
func (c *comparison) some() (worker string, hs []held) {
	worker = c.live()
	all := c.holds[worker]
	if len(all) == 0 {
		return "", nil
	}
	lane, most := one(c, all).lane, 1+c.rand.IntN(4)
	var rest []held
	for _, h := range all {
		if h.lane == lane && len(hs) < most {
			hs = append(hs, h)
		} else {
			rest = append(rest, h)
		}
	}
	if c.rand.IntN(10) > 0 { // else it brings them again
		c.holds[worker] = rest
	}
	return worker, hs
}

func (c *comparison) explored() *frontier.Explored {
	hit := c.rand.IntN(3) / 2
	x := &frontier.Explored{}
	x.Block = int64(c.rand.IntN(3))
	x.Sums = explore.Sums{
		Done: 1, Probes: int64(c.rand.IntN(2)), Wanted: int64(hit),
		Doubt: float64(c.rand.IntN(8)) / 8, Expected: float64(c.rand.IntN(8)) / 8,
		Absent: int64(c.rand.IntN(2)), Stale: int64(c.rand.IntN(2)), StaleDoubt: float64(c.rand.IntN(8)) / 8,
		Newest: int64(c.rand.IntN(1000)),
	}
	x.Step = explore.Step{Context: explore.Context(c.rand.IntN(2)), M: c.rand.IntN(2)}
	x.Trials, x.Hits = 1+c.rand.IntN(350), hit
	if c.rand.IntN(2) == 0 {
		x.Step = explore.Probes
	}
	x.Answers, x.Found = c.rand.IntN(20), hit
	return x
}

func (c *comparison) delay() time.Duration {
	return time.Duration(c.rand.IntN(20_000_000)) * time.Microsecond
}

// follow deals follow-ups out to the tasks of a batch, in order.
func (c *comparison) follow(n int) [][]frontier.New {
	out := make([][]frontier.New, n)
	if c.rand.IntN(4) == 0 {
		for i, t := range c.batch(3) {
			at := min(i, n-1)
			out[at] = append(out[at], t)
		}
	}
	return out
}

func (c *comparison) complete() {
	worker, hs := c.some()
	if len(hs) == 0 {
		return
	}
	follow := c.follow(len(hs))
	batch := make([]frontier.Completion, len(hs))
	for i, h := range hs {
		b := frontier.Completion{State: seine.Done, Follow: follow[i]}
		switch c.rand.IntN(7) {
		case 0:
			b.State, b.Reason = seine.Skipped, "no record"
		case 1:
			b.State, b.Reason = seine.Error, "boom"
		case 2:
			b.State, b.Reason = seine.Stale, "old"
		case 3:
			b.Failed = []frontier.FailedAsset{{Key: h.key, Name: "front", URL: "u", Reason: "HTTP 500"}}
			b.Again = &frontier.Again{State: seine.Error, Reason: "asset", Delay: c.delay(), Owed: json.RawMessage(`{"front":"u"}`)}
			if c.rand.IntN(2) == 0 {
				b.Again.State, b.Again.Free = seine.Pending, true
			}
		default:
			b.Records = c.records(h.key)
		}
		c.visit(&b)
		c.files(&b, h.key)
		if c.rand.IntN(3) == 0 {
			b.LeftOut = []frontier.LeftOut{{Reason: "out of scope", N: int64(1 + c.rand.IntN(3))}, {Reason: "over the limit", N: 1}}
		}
		batch[i] = b
	}
	c.share(batch)
	if c.rand.IntN(2) == 0 {
		batch[c.rand.IntN(len(batch))].Explored = c.explored()
	}
	model := func() outcome { return c.model.complete(worker, hs, canonical(batch)) }
	c.end("completes", worker, hs, model, func(ctx context.Context, d *driver) (frontier.Outcome, error) {
		mine := slices.Clone(batch)
		for i, h := range hs {
			mine[i].Claimed = d.held[holding(worker, h)]
		}
		return d.Complete(ctx, d.leases[worker], d.job, mine)
	})
}
