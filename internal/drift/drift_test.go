package drift

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const seed = 20261130

// site gives pages one after another. miss returns whether a task's field lacks its value, and fail
// whether the page fails.
type site struct {
	watch  Watch
	counts Counts
	now    time.Time
	every  int // tasks between two looks
}

func newSite(every int) *site {
	return &site{counts: Counts{Missing: map[string]int64{}}, now: time.Unix(1e9, 0).UTC(), every: every}
}

// run ends n tasks and returns the first alarms, with the number of tasks until then.
func (s *site) run(t *testing.T, n int, miss func(i int) (price, failed, skipped bool)) ([]Alarm, int) {
	t.Helper()
	for i := range n {
		price, failed, skipped := miss(i)
		s.now = s.now.Add(time.Second)
		switch {
		case skipped:
			s.counts.Skipped++
		case failed:
			s.counts.Failed++
		default:
			s.counts.Done++
			s.counts.Records++
			if price {
				s.counts.Missing["price"]++
			}
		}
		if (i+1)%s.every != 0 {
			continue
		}
		w := s.watch
		if i%7 != 0 {
			now := s.counts.plus(Counts{}, 1)
			raised, _ := w.Look("d", s.now, map[string]Counts{"item": now})
			if s.watch = w; len(raised) > 0 {
				return raised, i + 1
			}
			continue
		}
		// The next look reads the stored state.
		text, err := json.Marshal(s.watch)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 100_000 {
			t.Fatalf("the state has %d bytes", len(text))
		}
		w = Watch{}
		if err := json.Unmarshal(text, &w); err != nil {
			t.Fatal(err)
		}
		now := s.counts.plus(Counts{}, 1)
		raised, _ := w.Look("d", s.now, map[string]Counts{"item": now})
		if s.watch = w; len(raised) > 0 {
			return raised, i + 1
		}
	}
	return nil, n
}

func TestALossIsDetectedWithin50Tasks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		warm          int
		before, after float64 // shares of misses
		every         int
		verdict       bool
	}{
		{"all values, after few tasks", 400, 0, 1, 1, false},
		{"all values of a complete field", 3000, 0, 1, 10, false},
		{"all values, three workers", 3000, 0.02, 1, 30, false},
		{"nine of ten values", 3000, 0.05, 0.9, 10, false},
		{"two of three values", 3000, 0.05, 0.7, 10, false},
		{"a field on half of the pages", 3000, 0.5, 1, 5, false},
		{"pages fail", 3000, 0.01, 1, 10, true},
		{"most pages fail", 3000, 0.05, 0.8, 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for k := range 20 {
				r := rand.New(rand.NewPCG(seed, uint64(k)))
				s := newSite(c.every)
				draw := func(share float64) func(int) (bool, bool, bool) {
					return func(int) (bool, bool, bool) {
						hit := r.Float64() < share
						return hit && !c.verdict, hit && c.verdict, false
					}
				}
				if raised, n := s.run(t, c.warm, draw(c.before)); raised != nil {
					t.Fatalf("draw %d: alarm %+v after %d tasks before the change", k, raised, n)
				}
				changed := s.now
				raised, n := s.run(t, 60, draw(c.after))
				if len(raised) != 1 || n > 50 {
					t.Fatalf("draw %d: alarms %+v after %d tasks; want one within 50", k, raised, n)
				}
				a := raised[0]
				want := "price"
				if c.verdict {
					want = ""
				}
				if a.Page != "item" || a.Field != want || a.Since.After(changed) || a.Now >= a.Before || a.At != s.now {
					t.Errorf("draw %d: alarm %+v; the change was at %v", k, a, changed)
				}
			}
		})
	}
}

// Undisturbed runs raise no alarm: 2 million tasks, 4,000 windows, of independent and of clustered
// misses.
func TestNoFalseAlarms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		miss func(r *rand.Rand) func(int) (bool, bool, bool)
	}{
		{"independent misses", func(r *rand.Rand) func(int) (bool, bool, bool) {
			share := []float64{0, 0.001, 0.02, 0.1, 0.3, 0.6, 0.95}[r.IntN(7)]
			return func(int) (bool, bool, bool) { return r.Float64() < share, false, false }
		}},
		{"independent failures", func(r *rand.Rand) func(int) (bool, bool, bool) {
			share := []float64{0.001, 0.02, 0.1, 0.3}[r.IntN(4)]
			return func(int) (bool, bool, bool) { return false, r.Float64() < share, false }
		}},
		{"IDs in clusters: long runs are absent", func(r *rand.Rand) func(int) (bool, bool, bool) {
			absent, left := false, 0
			return func(int) (bool, bool, bool) {
				if left--; left <= 0 {
					absent, left = !absent, 1+int(r.ExpFloat64()*200)
				}
				return r.Float64() < 0.05, false, absent && r.Float64() < 0.98
			}
		}},
		{"categories without the field", func(r *rand.Rand) func(int) (bool, bool, bool) {
			lacks, left := false, 0
			return func(int) (bool, bool, bool) {
				if left--; left <= 0 {
					lacks, left = r.Float64() < 0.4, 1+int(r.ExpFloat64()*15)
				}
				return lacks, false, false
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const runs, tasks = 25, 20_000
			for k := range runs {
				r := rand.New(rand.NewPCG(seed, uint64(k)))
				if raised, n := newSite(10+r.IntN(20)).run(t, tasks, c.miss(r)); raised != nil {
					t.Errorf("draw %d: alarm %+v after %d tasks", k, raised, n)
				}
			}
		})
	}
}

func TestAnAlarmEnds(t *testing.T) {
	t.Parallel()
	s := newSite(5)
	fine := func(int) (bool, bool, bool) { return false, false, false }
	broken := func(int) (bool, bool, bool) { return true, false, false }
	s.run(t, 500, fine)
	if raised, _ := s.run(t, 50, broken); len(raised) != 1 {
		t.Fatalf("alarms %+v", raised)
	}
	// The alarm is raised once, and its tasks do not become the baseline.
	if raised, _ := s.run(t, 2000, broken); raised != nil || len(s.watch.Alarms) != 1 {
		t.Errorf("alarms %+v, raised again %+v", s.watch.Alarms, raised)
	}
	s.run(t, 100, fine)
	if len(s.watch.Alarms) != 0 {
		t.Errorf("alarms %+v after the site is back", s.watch.Alarms)
	}
	if raised, n := s.run(t, 50, broken); len(raised) != 1 || n > 50 {
		t.Errorf("alarms %+v after %d tasks of the second loss", raised, n)
	}
	// A person resumes the job: the loss is the new baseline.
	s.watch.Reset("d", s.now, map[string]Counts{"item": s.counts.plus(Counts{}, 1)})
	if raised, _ := s.run(t, 3000, broken); raised != nil || s.watch.Alarms != nil {
		t.Errorf("alarms %+v after the reset", raised)
	}
	// Other rules start again. The alarm stays until a person resumes the job.
	s.watch.Reset("d", s.now, map[string]Counts{"item": s.counts.plus(Counts{}, 1)})
	s.run(t, 3000, fine)
	s.run(t, 50, broken)
	before := len(s.watch.Alarms)
	s.watch.Look("other", s.now, map[string]Counts{"item": {Done: 9}})
	if before != 1 || len(s.watch.Alarms) != 1 || s.watch.Digest != "other" {
		t.Errorf("%d alarms before and %+v after a change of the rules", before, s.watch.Alarms)
	}
}

// The state is bounded, whatever the numbers of fields and page kinds.
func TestTheStateIsBounded(t *testing.T) {
	t.Parallel()
	var w Watch
	counters := map[string]Counts{}
	for look := range 100 {
		for p := range 150 {
			c := Counts{Done: int64(look+1) * 20, Records: int64(look+1) * 20, Missing: map[string]int64{}}
			for f := range 5 {
				c.Missing[fmt.Sprint("f", f)] = int64(look + 1)
			}
			counters[fmt.Sprint("p", p)] = c
		}
		w.Look("d", time.Unix(int64(look), 0), counters)
	}
	if len(w.Pages) != keptPages {
		t.Errorf("%d page kinds; want %d", len(w.Pages), keptPages)
	}
	for name, p := range w.Pages {
		if len(p.Recent) > recent/chunk+2 || len(p.Windows) > keptWindows {
			t.Fatalf("page kind %s has %d parts and %d windows", name, len(p.Recent), len(p.Windows))
		}
	}
	// Counters that went back start a page kind again.
	if raised, _ := w.Look("d", time.Unix(1000, 0), map[string]Counts{"p0": {Done: 1}}); raised != nil || len(w.Pages["p0"].Windows) != 0 {
		t.Errorf("alarms %+v", raised)
	}
}
