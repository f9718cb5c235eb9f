package frontiertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

func sitemapKey(n int) string {
	return fmt.Sprintf("http://a.example/%03d%s", n, frontier.SitemapMark)
}

// sitemap returns the key of a sitemap, empty for the job itself.
func (c *comparison) sitemap() string {
	if c.rand.IntN(4) == 0 {
		return ""
	}
	return sitemapKey(c.rand.IntN(c.keys/15)*15 + 14)
}

// reading returns the time of a reading of a sitemap: of the last one, or now.
func (c *comparison) reading(list string) time.Time {
	var at time.Time
	for _, of := range c.model.listed {
		if l, ok := of[list]; ok && l.readAt.After(at) {
			at = l.readAt
		}
	}
	if at.IsZero() || c.rand.IntN(3) > 0 {
		return c.model.now
	}
	return at
}

// list records the entries of a sitemap. Only pages have a shortest time between visits. A sitemap
// that is listed is a task.
func (c *comparison) list() {
	list := c.sitemap()
	at := c.reading(list)
	var pages []frontier.Listed
	for range 1 + c.rand.IntN(6) {
		p := frontier.Listed{Key: c.newTask(c.rand.IntN(c.keys)).Key}
		if c.rand.IntN(5) == 0 {
			p.Key = sitemapKey(c.rand.IntN(c.keys/15)*15 + 14)
		}
		if c.rand.IntN(2) == 0 {
			p.LastMod = c.model.now.Add(-time.Duration(c.rand.IntN(7200)) * time.Second)
		}
		if c.rand.IntN(2) == 0 && !frontier.IsSitemap(p.Key) {
			p.Least = time.Duration(1+c.rand.IntN(90)) * time.Second
		}
		if !frontier.IsSitemap(p.Key) || c.model.tasks[p.Key] != nil {
			pages = append(pages, p)
		}
	}
	if len(pages) == 0 {
		return
	}
	// Of two entries with one key the first of the latest counts, whatever its shortest time is.
	pages = slices.CompactFunc(frontier.Distinct(pages), func(a, b frontier.Listed) bool { return a.Key == b.Key })
	c.model.enlist(list, at, pages)
	c.do(fmt.Sprintf("sitemap %q lists %+v at %v", list, pages, at.Format("15:04:05.000000")), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.List(ctx, d.job, list, at, pages)
	})
}

func (c *comparison) unlist() {
	list := c.sitemap()
	at := c.reading(list)
	if !slices.ContainsFunc(sortedKeys(c.model.listed), func(key string) bool { _, ok := c.model.listed[key][list]; return ok }) {
		return
	}
	want := c.model.unlist(list, at)
	c.do(fmt.Sprintf("sitemap %q was read at %v", list, at.Format("15:04:05.000000")), want, func(ctx context.Context, d *driver) (any, error) {
		return d.Unlist(ctx, d.job, list, at)
	})
}

// move puts waiting tasks into other lanes.
func (c *comparison) move() {
	shards := c.rand.IntN(2) == 0
	tasks := c.model.sorted(func(t *task) bool { return !t.Final && t.Holder == "" && frontier.IsHost(t.Lane) != shards })
	if len(tasks) == 0 {
		return
	}
	to := map[string]string{}
	for range 1 + c.rand.IntN(4) {
		to[one(c, tasks).Key] = one(c, taskLanes)
	}
	for _, key := range sortedKeys(to) {
		t := c.model.tasks[key]
		if t.Lane = to[key]; t.ready() {
			c.model.lanes[t.Lane] = c.model.lanes[t.Lane].Wake(c.model.now, t.Priority)
		}
	}
	c.do(fmt.Sprintf("move %v", to), nil, func(ctx context.Context, d *driver) (any, error) {
		waiting, err := d.Waiting(ctx, d.job, shards, 0, 1000)
		if err != nil {
			return nil, err
		}
		var lanes []string
		waiting = slices.DeleteFunc(waiting, func(t frontier.Claimed) bool { return to[t.Key] == "" })
		for _, t := range waiting {
			lanes = append(lanes, to[t.Key])
		}
		if len(lanes) != len(to) {
			return nil, fmt.Errorf("%d of the tasks wait; want %d", len(lanes), len(to))
		}
		return nil, d.Move(ctx, d.job, waiting, lanes)
	})
}

// judged is a task that a recount asks about.
type judged struct {
	Key     string
	State   seine.State
	Final   bool
	Attempt int
	Reason  string
	Mark    frontier.Mark
}

// recount computes the statistics of a space by a rule that depends on keys and states.
func (c *comparison) recount() {
	rule := func(t judged) *frontier.Explored {
		sum := 0
		for _, b := range []byte(t.Key) {
			sum += int(b)
		}
		if sum%4 == 0 {
			return nil
		}
		x := &frontier.Explored{}
		x.Block = int64(sum % 3)
		x.Sums = explore.Sums{Done: 1, Probes: int64(sum % 2), Newest: int64(sum), Doubt: float64(sum%8) / 8}
		x.Step, x.Trials = explore.Step{Context: explore.Context(sum % 2), M: sum / 2 % 2}, 1+sum%400
		if t.State == seine.Done {
			x.Sums.Wanted, x.Hits = 1, 1
		}
		return x
	}
	want := c.model.judged()
	c.do("recount", want, func(ctx context.Context, d *driver) (any, error) {
		var got []judged
		n, err := d.Recount(ctx, d.job, func(t frontier.TaskInfo) *frontier.Explored {
			j := judged{t.Key, t.State, t.Final, t.Attempt, t.Reason, t.Mark}
			got = append(got, j)
			return rule(j)
		})
		if err == nil && int(n) != len(got) {
			err = fmt.Errorf("counted %d tasks; asked about %d", n, len(got))
		}
		slices.SortFunc(got, func(a, b judged) int { return cmp.Compare(a.Key, b.Key) })
		return got, err
	})
	c.model.recount(want, rule)
	var sums frontier.Recounted
	for _, j := range want {
		sums.Add(rule(j))
	}
	_, steps := sums.Rows()
	for _, d := range c.drivers {
		for step, slots := range d.steps {
			for _, s := range slots {
				if step != explore.Recent {
					s.Trial = explore.Trial{}
				}
			}
		}
		for _, s := range steps {
			d.merge(0, s.Step, s.Trials, s.Hits, c.model.now)
		}
	}
}
