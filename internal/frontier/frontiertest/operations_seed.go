package frontiertest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// agree runs an operation that the model does not know, and compares the results of the drivers. It
// returns the result.
func (c *comparison) agree(what string, call func(ctx context.Context, d *driver) (any, error)) any {
	c.Helper()
	first, err := call(c.Context(), c.drivers[0])
	if err != nil {
		c.fail(c.drivers[0], fmt.Sprintf("%s: error: %v", what, err))
	}
	c.ran = true
	c.log = append(c.log, fmt.Sprintf("%d %s: %s", c.n, c.model.now.Format("15:04:05.000000"), what))
	for _, d := range c.drivers[1:] {
		got, err := call(c.Context(), d)
		if err != nil {
			c.fail(d, fmt.Sprintf("%s: error: %v", what, err))
		}
		if diff := cmp.Diff(first, got, cmpopts.EquateEmpty(), cmp.Comparer(roundSums)); diff != "" {
			c.fail(d, fmt.Sprintf("result (-%s +%s):\n%s", c.drivers[0].name, d.name, diff))
		}
	}
	return first
}

// returnStart takes back the start of a task that a worker claimed.
func (c *comparison) returnStart() {
	worker := c.live()
	if len(c.holds[worker]) == 0 {
		return
	}
	h := one(c, c.holds[worker])
	c.model.lanes[h.lane] = c.model.lanes[h.lane].Return(c.model.now, h.start)
	c.do(fmt.Sprintf("%s returns the start of %s", worker, h.key), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.ReturnStart(ctx, d.held[holding(worker, h)])
	})
}

// due compares the times at which something is due.
func (c *comparison) due() {
	type times struct {
		Wait    time.Duration
		Due     bool
		Next    time.Time
		Visits  bool
		Waiting []string
	}
	idle := c.model.idle()
	want := times{Wait: idle.Wait, Due: idle.Due, Next: c.model.fresh().Next}
	want.Visits = !want.Next.IsZero()
	shards := c.rand.IntN(2) == 0
	for _, t := range c.model.sorted(func(t *task) bool {
		return !t.Final && t.Holder == "" && frontier.IsHost(t.Lane) != shards
	}) {
		want.Waiting = append(want.Waiting, t.Key)
	}
	c.do("look for due tasks", want, func(ctx context.Context, d *driver) (any, error) {
		var got times
		var err error
		if got.Wait, got.Due, err = d.Due(ctx, []frontier.JobID{d.job}); err != nil {
			return nil, err
		}
		if got.Next, got.Visits, err = d.NextRecrawl(ctx, d.job); err != nil {
			return nil, err
		}
		waiting, err := d.Waiting(ctx, d.job, shards, 0, 1000)
		for _, t := range waiting {
			got.Waiting = append(got.Waiting, t.Key)
		}
		slices.Sort(got.Waiting)
		return got, err
	})
}

// seeds marks seeds as admitted, or asks whether they are.
func (c *comparison) seeds() {
	digest := []byte{byte(c.rand.IntN(3))}
	if c.rand.IntN(2) == 0 {
		c.model.seeded = digest
		c.do(fmt.Sprintf("mark the seeds %v", digest), nil, func(ctx context.Context, d *driver) (any, error) {
			return nil, d.MarkSeeded(ctx, d.job, digest)
		})
		return
	}
	want := slices.Equal(c.model.seeded, digest)
	c.do(fmt.Sprintf("ask for the seeds %v", digest), want, func(ctx context.Context, d *driver) (any, error) {
		return d.Seeded(ctx, d.job, digest)
	})
}

// changed registers the job with another identity.
func (c *comparison) changed() {
	s := c.model.spec
	s.SeedURL = "http://other.example/{id}"
	c.do("register another identity", frontier.ErrChanged, func(ctx context.Context, d *driver) (any, error) {
		return d.Register(ctx, s, false)
	})
}

// idRange is a range of IDs to enumerate.
type idRange struct{ lo, hi, next int64 }

func (c *comparison) setSpace() {
	from := int64(c.rand.IntN(c.keys))
	to := from + int64(c.rand.IntN(c.keys))
	m := c.model
	switch old := m.ids; {
	case old == nil:
		m.ids = &idRange{from, to, from}
	case old.lo != from || old.hi != to:
		next := from
		if old.lo <= from {
			next = max(from, old.next)
		}
		m.ids = &idRange{from, to, min(to+1, next)}
	}
	c.do(fmt.Sprintf("enumerate %d to %d", from, to), nil, func(ctx context.Context, d *driver) (any, error) {
		return nil, d.SetSpace(ctx, d.job, from, to)
	})
}

func (c *comparison) fill() {
	n := 1 + c.rand.IntN(4)
	admit := func(id int64) (frontier.New, error) { return c.newTask(int(id)), nil }
	type filled struct {
		Taken int
		Left  bool
	}
	var want filled
	m := c.model
	if s := m.ids; s != nil && s.next <= s.hi {
		want.Left = true
		lanes, err := frontier.NextLanes(s.next, s.hi, admit)
		if err != nil {
			c.Fatal(err)
		}
		ready := 0
		for _, key := range lanes {
			if m.lanes[key].Ready {
				ready++
			}
		}
		if 2*ready <= len(lanes) {
			tasks, to, err := frontier.Block(s.next, s.hi, n, admit)
			if err != nil {
				c.Fatal(err)
			}
			m.add(tasks)
			want.Taken, s.next = len(tasks), to
		}
	}
	c.do(fmt.Sprintf("fill in %d IDs", n), want, func(ctx context.Context, d *driver) (any, error) {
		taken, left, err := d.Fill(ctx, d.job, n, admit)
		return filled{taken, left}, err
	})
}

// known reads the knowledge about a space, or stores a worker's view of it.
func (c *comparison) known() {
	space := c.rand.IntN(2)
	if c.rand.IntN(2) == 0 {
		w := explore.Watch{
			Doubt: float64(c.rand.IntN(8)) / 8, Expected: float64(c.rand.IntN(8)) / 8, Asked: int64(c.rand.IntN(9)), Hits: int64(c.rand.IntN(9)),
			At: c.model.now, StaleDoubt: float64(c.rand.IntN(8)) / 8, Answers: int64(c.rand.IntN(9)), Stale: int64(c.rand.IntN(9)),
			Done: int64(c.rand.IntN(9)), Errors: int64(c.rand.IntN(9)),
		}
		closed := c.model.circuits[space].ClosedAt
		if c.rand.IntN(4) == 0 {
			closed = c.model.now // of another end
		}
		c.agree(fmt.Sprintf("watch space %d: %+v, closed %v", space, w, closed), func(ctx context.Context, d *driver) (any, error) {
			return nil, d.Watched(ctx, d.job, space, closed, w)
		})
		return
	}
	since := c.model.now.Add(-time.Duration(c.rand.IntN(60)) * time.Minute)
	c.agree(fmt.Sprintf("the knowledge about space %d", space), func(ctx context.Context, d *driver) (any, error) {
		k, err := d.Known(ctx, d.job, space, since)
		if err != nil {
			return nil, err
		}
		answers, err := d.Answers(ctx, d.job)
		k.Now = k.Now.UTC()
		return []any{k, answers}, err
	})
}

// drift stores the windows of the job. A state that is not the next version is refused.
func (c *comparison) drift() {
	version, state := int64(c.rand.IntN(3)), json.RawMessage(fmt.Sprintf(`{"n":%d}`, c.rand.IntN(9)))
	if c.rand.IntN(2) == 0 {
		version = c.model.drifts + 1
	}
	want := version == c.model.drifts+1
	if want {
		c.model.drifts = version
	}
	c.do(fmt.Sprintf("store version %d of the windows", version), want, func(ctx context.Context, d *driver) (any, error) {
		return d.SetDrift(ctx, d.job, frontier.DriftState{Version: version, State: state})
	})
}

// other changes a second job with the same keys and lanes. The drivers' tables are compared.
func (c *comparison) other() {
	tasks, lane := c.batch(6), one(c, laneKeys[:4])
	draw, most := c.rand.Float64(), c.delay()
	which := c.rand.IntN(6)
	c.agree(fmt.Sprintf("change %d of another job: %v, %s", which, keysOfTasks(tasks), lane), func(ctx context.Context, d *driver) (any, error) {
		switch which {
		case 0:
			return d.Add(ctx, d.other, tasks)
		case 1:
			return d.Reserve(ctx, d.other, lane, draw, most)
		case 2:
			return nil, d.Backoff(ctx, d.other, []string{lane}, frontier.Backoff{For: most, Why: "Retry-After"})
		case 3:
			return nil, d.SetSpace(ctx, d.other, 0, most.Microseconds())
		case 4:
			return nil, d.MarkSeeded(ctx, d.other, []byte(lane))
		}
		return frontier.PrioritizeAll(ctx, d, d.other, frontier.Filter{Host: lane}, int(most.Microseconds()%4), nil)
	})
}

// share makes several tasks of a batch write one record, mostly with other fields each.
func (c *comparison) share(batch []frontier.Completion) {
	key := fmt.Sprintf("each%d", c.rand.IntN(20))
	for i := range batch {
		b := &batch[i]
		if len(b.Records) == 0 || slices.ContainsFunc(b.Records, func(r frontier.Record) bool { return r.Key == key }) {
			continue
		}
		r := c.record(key)
		r.Merge = true
		b.Records = append(b.Records, r)
	}
}

// files gives files, a quarantined record, a recording and a fetcher to some completions.
func (c *comparison) files(b *frontier.Completion, key string) {
	content := c.rand.IntN(3)
	sum := sha256.Sum256([]byte{byte(content)})
	plain := !b.Unchanged && !b.Gone
	if plain && b.State == seine.Done && b.Again == nil && c.rand.IntN(3) == 0 {
		for _, name := range []string{"front", "back"}[:1+c.rand.IntN(2)] {
			b.Assets = append(b.Assets, frontier.Asset{Key: key, Stored: assetfile.Stored{
				Name: name, Path: key + name + ".png", Bytes: int64(c.rand.IntN(9)), SHA256: sum[:], OriginalSHA256: sum[:], Width: c.rand.IntN(3), Height: 1, URL: "u",
			}})
		}
	}
	if plain && b.State == seine.Error && c.rand.IntN(2) == 0 {
		b.Quarantined = append(b.Quarantined, frontier.Quarantined{Record: c.record(key), Page: "item", Field: "/n", Reason: "got " + one(c, numbers)})
	}
	if plain && c.rand.IntN(4) == 0 {
		at := c.model.now.Add(-time.Second)
		b.Recording = &frontier.Recording{
			Key: key, At: at, Head: frontier.Frame{Segment: "s", Pos: int64(c.rand.IntN(99)), Bytes: 7}, Body: frontier.Frame{Segment: "s", Pos: int64(100 + 9*content), Bytes: 9}, SHA256: sum[:], Size: 3, Digest: []byte{1},
		}
	}
	if c.rand.IntN(4) == 0 {
		b.Via = one(c, []seine.Via{seine.ViaHTTP, seine.ViaChrome})
	}
	if c.rand.IntN(4) == 0 {
		b.Judged, b.Unmatched = []byte{1}, []string{"follow[0]: css a"}
	}
}

// adopt copies the values that the model does not know from the first driver, so that the drivers
// are compared with each other.
func (a *answers) adopt(first answers) {
	a.Counts.Assets, a.Counts.Unseen = first.Counts.Assets, first.Counts.Unseen
	if a.Reports == nil {
		return
	}
	own, s, d := &a.Reports.Status, first.Reports.Status, &a.Reports.Depth
	own.Assets, own.Unseen, own.Quarantined, own.Via, own.Leases = s.Assets, s.Unseen, s.Quarantined, s.Via, s.Leases
	own.NullFields, own.Unmatched = s.NullFields, s.Unmatched
	d.Assets, d.Unseen, d.Reasons, d.Quarantined = s.Assets, s.Unseen, first.Reports.Depth.Reasons, s.Quarantined
}
