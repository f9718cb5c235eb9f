package frontiertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// canonical returns completions whose records have fields as a frontier stores them.
func canonical(batch []frontier.Completion) []frontier.Completion {
	out := slices.Clone(batch)
	for i := range out {
		out[i].Records = slices.Clone(out[i].Records)
		for j := range out[i].Records {
			// The space is jsonb's, which the export of a file repeats.
			out[i].Records[j].Fields = frontier.CleanJSON(out[i].Records[j].Fields)
		}
	}
	return out
}

func (c *comparison) giveUp() {
	worker, hs := c.some()
	if len(hs) == 0 {
		return
	}
	follow := c.follow(len(hs))
	batch := make([]frontier.Failure, len(hs))
	for i := range hs {
		batch[i] = frontier.Failure{
			State: one(c, []seine.State{seine.Error, seine.Stale}), Reason: one(c, []string{"boom", "late"}), Delay: c.delay(),
			Refused: c.rand.IntN(3) == 0, Mark: frontier.Mark(c.rand.IntN(4)), Follow: follow[i],
		}
		if c.rand.IntN(4) == 0 {
			batch[i].State, batch[i].Free = seine.Pending, true
		}
	}
	if c.rand.IntN(2) == 0 {
		batch[c.rand.IntN(len(batch))].Explored = c.explored()
	}
	model := func() outcome { return c.model.fail(worker, hs, batch) }
	c.end("fails", worker, hs, model, func(ctx context.Context, d *driver) (frontier.Outcome, error) {
		mine := slices.Clone(batch)
		for i, h := range hs {
			mine[i].Claimed = d.held[holding(worker, h)]
		}
		return d.Fail(ctx, d.leases[worker], d.job, mine)
	})
}

func (c *comparison) release() {
	worker, hs := c.some()
	if len(hs) == 0 {
		return
	}
	model := func() outcome { return c.model.release(worker, hs) }
	c.end("releases", worker, hs, model, func(ctx context.Context, d *driver) (frontier.Outcome, error) {
		var mine []frontier.Claimed
		for _, h := range hs {
			mine = append(mine, d.held[holding(worker, h)])
		}
		return d.Release(ctx, d.leases[worker], mine)
	})
}

// end ends held tasks on the model and on the drivers.
func (c *comparison) end(
	verb, worker string, hs []held, model func() outcome, call func(ctx context.Context, d *driver) (frontier.Outcome, error),
) {
	var want any = frontier.ErrLeaseLost
	if c.model.leases[worker] != nil {
		o := model()
		slices.Sort(o.Lost)
		slices.Sort(o.Refused)
		want = o
	}
	c.do(fmt.Sprintf("%s %s %v", worker, verb, keysOfHeld(hs)), want, func(ctx context.Context, d *driver) (any, error) {
		out, err := call(ctx, d)
		o := outcome{Kept: out.Kept, OverBudget: out.OverBudget, Refused: slices.Sorted(slices.Values(out.Refused))}
		for _, h := range hs {
			seq := d.held[holding(worker, h)].Seq
			if slices.Contains(out.Lost, seq) {
				o.Lost = append(o.Lost, h.key)
			}
			if taken, ok := out.Taken[seq]; ok {
				if o.Taken == nil {
					o.Taken = map[string]string{}
				}
				o.Taken[h.key] = taken.Key + " of " + taken.Owner
			}
		}
		slices.Sort(o.Lost)
		return o, err
	})
}
