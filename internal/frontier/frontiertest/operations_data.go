package frontiertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// record returns a record by one of two sets of rules, now and then without a value.
func (c *comparison) record(key string) frontier.Record {
	r := record(key, `{"n":`+one(c, numbers)+`}`)
	if c.rand.IntN(8) == 0 {
		r.Fields = []byte(one(c, []string{`{}`, `{"n":null}`, `{"n":[]}`, `{"n":{}}`, `{"n":[[]]}`}))
		r.Missing = []string{"n"}
	}
	r.Digest = []byte{byte(1 + c.rand.IntN(5)/4)}
	return r
}

// records returns the records of a page: one under its own key, and some of a list on the page.
func (c *comparison) records(key string) []frontier.Record {
	out := []frontier.Record{c.record(key)}
	for range c.rand.IntN(4) - 1 {
		r := c.record(fmt.Sprintf("each%d", c.rand.IntN(20)))
		r.Merge = c.rand.IntN(3) == 0
		out = append(out, r)
	}
	return out
}

// holdBack moves the records of done tasks without a value to the quarantine.
func (c *comparison) holdBack() {
	h := frontier.HoldBack{
		Page: one(c, pageKinds), Field: one(c, []string{"n", "n", "m"}), Reason: frontier.HeldBack + ": field n lost its value",
		Since: c.model.now.Add(-time.Duration(c.rand.IntN(3600)) * time.Second),
	}
	if c.rand.IntN(2) == 0 {
		h.Digest = []byte{byte(1 + c.rand.IntN(2))}
	}
	if c.rand.IntN(3) == 0 || h.Field == "m" {
		h.Keys = keysOfTasks(c.batch(4))
	}
	n := c.model.holdBack(h)
	if n == 0 {
		return
	}
	c.do(fmt.Sprintf("hold back %+v", h), n, func(ctx context.Context, d *driver) (any, error) {
		return d.HoldBack(ctx, d.job, h)
	})
}

// forget forgets tasks, or erases files of forgotten ones.
func (c *comparison) forget() {
	if c.rand.IntN(4) == 0 {
		c.agree("erase some", func(ctx context.Context, d *driver) (any, error) {
			list, err := d.Erasures(ctx, d.job, 3)
			if err != nil {
				return nil, err
			}
			return list, d.Erased(ctx, d.job, list)
		})
		return
	}
	keys := keysOfTasks(c.batch(2))
	keys = slices.DeleteFunc(keys, func(key string) bool { return c.model.tasks[key] == nil })
	if len(keys) == 0 {
		return
	}
	want := c.model.forget(keys)
	got := c.agree(fmt.Sprintf("forget %v", keys), func(ctx context.Context, d *driver) (any, error) {
		out, err := d.Forget(ctx, d.job, keys)
		slices.Sort(out.Busy)
		return out, err
	})
	// The model knows no files.
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(want, "Assets", "Quarantined", "Recordings")); diff != "" {
		c.fail(c.drivers[0], "result (-model +driver):\n"+diff)
	}
}

// finding is a completion of a task without a lease.
func (c *comparison) finding(key string) frontier.Completion {
	b := frontier.Completion{State: seine.Done, History: c.rand.IntN(3) == 0}
	switch c.rand.IntN(5) {
	case 0:
		b.State, b.Reason = seine.Skipped, "no record"
	case 1:
		b.State, b.Reason = seine.Error, "boom"
	default:
		b.Records = c.records(key)
	}
	c.files(&b, key)
	b.Via = ""
	return b
}

// replay judges recorded pages by other rules.
func (c *comparison) replay() {
	var (
		batch []frontier.Completion
		wait  = c.rand.IntN(2) == 0
	)
	tasks := c.model.sorted(func(t *task) bool { return t.Final || wait })
	for range 1 + c.rand.IntN(4) {
		if len(tasks) == 0 {
			break
		}
		i := c.rand.IntN(len(tasks))
		t := tasks[i]
		tasks = slices.Delete(tasks, i, i+1)
		b := c.finding(t.Key)
		b.Claimed = frontier.Claimed{Key: t.Key, Page: t.Page, Priority: t.Priority, Attempt: t.Attempt, Seq: int64(len(batch)), Owed: []byte(`{}`)}
		b.Replayed = t.FinishedAt
		if !t.Final || c.rand.IntN(8) == 0 {
			b.Replayed = c.model.now.Add(-time.Minute)
		}
		if c.rand.IntN(3) == 0 {
			b.LeftOut = []frontier.LeftOut{{Reason: "out of scope", N: 1}}
		}
		batch = append(batch, b)
	}
	if len(batch) == 0 {
		return
	}
	for i, follow := range c.follow(len(batch)) {
		batch[i].Follow = follow
	}
	c.share(batch)
	want := c.model.replay(canonical(batch))
	c.found("replay", batch, want, func(ctx context.Context, d *driver) (frontier.Outcome, error) {
		return d.Replay(ctx, d.job, batch)
	})
}

// adopt stores the results of tasks that another program finished.
func (c *comparison) adopt() {
	var (
		batch []frontier.Adoption
		ends  []frontier.Completion
		seen  = map[string]bool{}
	)
	for range 1 + c.rand.IntN(4) {
		t := c.newTask(c.rand.IntN(c.keys))
		if seen[t.Key] {
			continue
		}
		seen[t.Key] = true
		b := c.finding(t.Key)
		b.Key, b.Page, b.Seq = t.Key, t.Page, int64(len(ends))
		ends, batch = append(ends, b), append(batch, frontier.Adoption{Task: t})
	}
	c.share(ends)
	want := c.model.adopt(batch, canonical(ends))
	c.found("adopt", ends, want, func(ctx context.Context, d *driver) (frontier.Outcome, error) {
		for i := range batch {
			batch[i].End = ends[i]
		}
		return d.Adopt(ctx, d.job, batch)
	})
}

// found ends tasks without a lease, whose seqs number the batch.
func (c *comparison) found(verb string, batch []frontier.Completion, want outcome, call func(ctx context.Context, d *driver) (frontier.Outcome, error)) {
	var keys []string
	for _, b := range batch {
		keys = append(keys, b.Key)
	}
	slices.Sort(want.Lost)
	c.do(fmt.Sprintf("%s %v", verb, keys), want, func(ctx context.Context, d *driver) (any, error) {
		out, err := call(ctx, d)
		got := outcome{Kept: out.Kept, OverBudget: out.OverBudget}
		for _, seq := range out.Lost {
			got.Lost = append(got.Lost, keys[seq])
		}
		slices.Sort(got.Lost)
		for seq, taken := range out.Taken {
			if got.Taken == nil {
				got.Taken = map[string]string{}
			}
			got.Taken[keys[seq]] = taken.Key + " of " + taken.Owner
		}
		if err == nil && len(out.Bad) > 0 {
			err = fmt.Errorf("bad: %v", out.Bad)
		}
		return got, err
	})
}

// beginSweep reserves files that no record owns. The model learns from the drivers which these are.
func (c *comparison) beginSweep() {
	var paths []string
	for range 1 + c.rand.IntN(4) {
		key := c.newTask(c.rand.IntN(c.keys)).Key
		paths = append(paths, key+one(c, []string{"front", "back"})+".png")
	}
	if c.rand.IntN(4) == 0 {
		paths = append(paths, "s") // a segment
	}
	ttl := time.Duration(1+c.rand.IntN(90)) * time.Second
	got := c.agree(fmt.Sprintf("begin a sweep of %s for %v", strings.Join(paths, " "), ttl), func(ctx context.Context, d *driver) (any, error) {
		s, err := d.BeginSweep(ctx, paths, ttl)
		d.sweeps = append(d.sweeps, s)
		return slices.Sorted(slices.Values(s.Free)), err
	})
	n := len(c.drivers[0].sweeps) - 1
	c.model.spare()
	for _, path := range got.([]string) {
		c.model.doomed = append(c.model.doomed, doomed{path, n, c.model.now.Add(ttl)})
	}
	c.open = append(c.open, n)
}

func (c *comparison) endSweep() {
	if len(c.open) == 0 {
		return
	}
	i := c.rand.IntN(len(c.open))
	n := c.open[i]
	c.open = slices.Delete(c.open, i, i+1)
	c.model.endSweep(n)
	c.do(fmt.Sprintf("end sweep %d", n), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.EndSweep(ctx, d.sweeps[n])
	})
}
