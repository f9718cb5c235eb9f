package frontiertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Driver is a driver under comparison: an empty, migrated frontier whose clock and draws are the
// suite's, and a reader of its tables.
type Driver struct {
	Name   string
	Open   func(t *testing.T, now func() time.Time, draw func() float64) frontier.Frontier
	Tables func(ctx context.Context) (Tables, error)

	// Dump returns the rows of all tables by table, as text that is equal for all drivers.
	Dump func(ctx context.Context) (map[string][]string, error)
}

// driver is an open driver with the numbers that it gave.
type driver struct {
	frontier.Frontier
	name   string
	tables func(ctx context.Context) (Tables, error)
	dump   func(ctx context.Context) (map[string][]string, error)
	job    frontier.JobID
	other  frontier.JobID             // a second job with the same keys
	ids    map[string]frontier.LaneID // by lane key, as of the last comparison
	leases map[string]frontier.Lease
	held   map[string]frontier.Claimed // by holding
	steps  map[explore.Step]map[int]*slotTrial
	sweeps []frontier.Sweep // of the drivers, by the number in the model
}

// slotTrial is a row of the table of steps.
type slotTrial struct {
	explore.Trial
	at time.Time
}

// holding names a task that a worker claimed. A task that was requeued has another seq.
func holding(worker string, h held) string { return fmt.Sprintf("%s/%s/%d", worker, h.key, h.seq) }

// outcome is the part of frontier.Outcome that is equal for all drivers.
type outcome struct {
	Kept          int
	OverBudget    int
	Lost, Refused []string
	Taken         map[string]string // keys and owners of records by task
}

// A comparison runs operations on all drivers and on the model.
type comparison struct {
	*testing.T
	seed    uint64
	n       int
	rand    *rand.Rand
	clock   *Clock
	model   *model
	drivers []*driver
	holds   map[string][]held // what a worker claimed and has not ended, as far as it knows
	dead    []string          // workers without a lease
	workers int
	open    []int // sweeps that have not ended
	keys    int   // the number of tasks that may exist
	ran     bool  // the current step ran an operation on the drivers
	log     []string
}

// The tables are compared after each operation. The answers and the reports follow from the tables
// and cost many statements, so they are compared after some operations.
const (
	everyAnswer = 3
	everyReport = 25
)

// Compare runs n random operations, chosen by the seed, on all drivers and on the model. After each
// operation it compares the result and every lane, task and lease, and regularly the answers to
// readers.
func Compare(t *testing.T, seed uint64, n int, drivers ...Driver) {
	c := &comparison{
		T: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), holds: map[string][]held{},
		clock: &Clock{now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	if c.keys = manyTasks; seed%2 == 1 {
		c.keys = fewTasks
	}
	c.model = newModel(c.clock.Now())
	for _, d := range drivers {
		c.drivers = append(c.drivers, &driver{
			Frontier: d.Open(t, c.clock.Now, func() float64 { return c.model.draw }), name: d.Name, tables: d.Tables, dump: d.Dump,
			leases: map[string]frontier.Lease{}, held: map[string]frontier.Claimed{}, steps: map[explore.Step]map[int]*slotTrial{},
		})
	}
	c.begin()
	for c.n = 1; c.n <= n; c.n++ {
		c.step()
		full := c.n%everyReport == 0 || c.n == n
		c.compare(c.n%everyAnswer == 0, full)
		if full {
			c.compareDumps()
		}
	}
}

// step moves the clock and runs one operation.
func (c *comparison) step() {
	d := time.Duration(1+c.rand.IntN(300_000)) * time.Microsecond
	switch c.rand.IntN(20) {
	case 0:
		d += time.Duration(c.rand.IntN(30)) * time.Second
	case 1:
		d += time.Duration(c.rand.IntN(15)) * time.Minute
	}
	c.clock.Move(d)
	c.model.over = 0
	c.model.now, c.model.draw = c.clock.Now(), c.rand.Float64()
	total := 0
	for _, op := range operations {
		total += op.weight
	}
	for c.ran = false; !c.ran; { // some operations need a lease or a held task
		pick := c.rand.IntN(total)
		for _, op := range operations {
			if pick -= op.weight; pick < 0 {
				op.run(c)
				break
			}
		}
	}
}

// do runs an operation on every driver and compares the result with the model's.
func (c *comparison) do(what string, want any, call func(ctx context.Context, d *driver) (any, error)) {
	c.Helper()
	c.ran = true
	c.log = append(c.log, fmt.Sprintf("%d %s: %s", c.n, c.model.now.Format("15:04:05.000000"), what))
	for _, d := range c.drivers {
		got, err := call(c.Context(), d)
		if wantErr, ok := want.(error); ok {
			if !errors.Is(err, wantErr) {
				c.fail(d, fmt.Sprintf("error %v; want %v", err, wantErr))
			}
			continue
		}
		if err != nil {
			c.fail(d, fmt.Sprintf("error: %v", err))
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			c.fail(d, "result (-model +driver):\n"+diff)
		}
	}
}

// compare compares the drivers' states with the model's.
func (c *comparison) compare(ask, full bool) {
	c.Helper()
	c.observe()
	want := c.model.tables()
	filter := c.filter(full)
	var first *answers
	for _, d := range c.drivers {
		got, err := d.tables(c.Context())
		if err != nil {
			c.fail(d, fmt.Sprintf("read the tables: %v", err))
		}
		d.ids = got.IDs
		// A quick comparison comes first, because cmp is slow.
		if !maps.Equal(want.Lanes, got.Lanes) || !maps.Equal(want.Tasks, got.Tasks) || !maps.Equal(want.Leases, got.Leases) {
			c.fail(d, "tables (-model +driver):\n"+cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Tables{}, "IDs")))
		}
		if !ask && !full {
			continue
		}
		asked, err := d.ask(c.Context(), full, filter)
		if err != nil {
			c.fail(d, fmt.Sprintf("read the answers: %v", err))
		}
		options := cmp.Options{
			cmpopts.EquateEmpty(), cmp.Comparer(roundSums),
			cmpopts.SortSlices(func(a, b frontier.HostStatus) bool { return a.Host < b.Host }),
			cmpopts.SortSlices(func(a, b frontier.LeftOut) bool { return a.Reason < b.Reason }),
			cmpopts.SortSlices(func(a, b frontier.ReasonCount) bool { return fmt.Sprint(a) < fmt.Sprint(b) }),
		}
		expected := c.model.answers(full, filter, d.table())
		if first == nil {
			first = &asked
		}
		expected.adopt(*first)
		if reflect.DeepEqual(expected, asked) {
			continue
		}
		if diff := cmp.Diff(expected, asked, options...); diff != "" {
			c.fail(d, "answers (-model +driver):\n"+diff)
		}
	}
}

// compareDumps compares all tables of the drivers with each other.
func (c *comparison) compareDumps() {
	c.Helper()
	var first map[string][]string
	for _, d := range c.drivers {
		all, err := d.dump(c.Context())
		switch {
		case err != nil:
			c.fail(d, fmt.Sprintf("dump: %v", err))
		case first == nil:
			first = all
		}
		for table, rows := range first {
			if !slices.Equal(rows, all[table]) {
				c.fail(d, fmt.Sprintf("table %s (-%s +%s):\n%s", table, c.drivers[0].name, d.name, cmp.Diff(rows, all[table])))
			}
		}
	}
}

// observe adds the answers of the last operation to the steps that each driver must have: by the
// row of the worker's lease.
func (c *comparison) observe() {
	for _, o := range c.model.observed {
		for _, d := range c.drivers {
			d.merge(d.leases[o.worker].Slot(), o.Step, float64(o.Trials), float64(o.Hits), c.model.now)
			d.merge(d.leases[o.worker].Slot(), explore.Recent, float64(o.Answers), float64(o.Found), c.model.now)
		}
	}
	c.model.observed = nil
}

func (d *driver) merge(slot int, step explore.Step, trials, hits float64, now time.Time) {
	if trials == 0 {
		return
	}
	if d.steps[step] == nil {
		d.steps[step] = map[int]*slotTrial{}
	}
	was := d.steps[step][slot]
	if was == nil {
		was = &slotTrial{}
		d.steps[step][slot] = was
	}
	was.Trial, was.at = was.Merge(step, trials, hits), now
}

// table returns the sums of the steps. Recent answers of a writer that was silent for an hour
// longer than the others do not count.
func (d *driver) table() map[explore.Step]explore.Trial {
	var last time.Time
	for _, slots := range d.steps {
		for _, s := range slots {
			if s.at.After(last) {
				last = s.at
			}
		}
	}
	out := map[explore.Step]explore.Trial{}
	for step, slots := range d.steps {
		for _, s := range slots {
			if step == explore.Recent && s.at.Before(last.Add(-explore.RecentFor)) {
				continue
			}
			out[step] = explore.Trial{Trials: out[step].Trials + s.Trials, Hits: out[step].Hits + s.Hits}
		}
	}
	return out
}

// fail ends the test with what reproduces it.
func (c *comparison) fail(d *driver, message string) {
	c.Helper()
	c.Fatalf("seed %d, operation %d: %s differs from the model: %s\nlast operations:\n  %s", c.seed, c.n, d.name, message,
		strings.Join(c.log[max(0, len(c.log)-12):], "\n  "))
}

// one returns a random element.
func one[T any](c *comparison, list []T) T { return list[c.rand.IntN(len(list))] }

// live returns a worker with a lease, and now and then one without. It returns "" if there is none.
func (c *comparison) live() string {
	if len(c.dead) > 0 && c.rand.IntN(15) == 0 {
		return one(c, c.dead)
	}
	var out []string
	for w := range c.model.leases {
		out = append(out, w)
	}
	if len(out) == 0 {
		return ""
	}
	slices.Sort(out)
	return one(c, out)
}
