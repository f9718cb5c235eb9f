package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// cards answers like a registry, with runs of forty wanted IDs, a thousand apart, in the last
// quarter of the space.
func cards(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/p/"))
	if !wantedCard(id) {
		http.NotFound(w, r)
		return
	}
	_, _ = fmt.Fprint(w, "card")
}

func wantedCard(id int) bool { return id >= 60_000 && id%500 < 40 }

// known returns the statistics of a job's spaces.
func (r *rig) known(j *engine.Job) (sum explore.Sums) {
	r.Helper()
	for _, s := range discovery.Spaces(&j.Job) {
		blocks, err := r.f.Blocks(r.Context(), j.ID, s.Number, time.Time{})
		if err != nil {
			r.Fatal(err)
		}
		for _, b := range blocks {
			sum = sum.Add(b)
		}
	}
	return sum
}

// A space is explored where wanted IDs are. No ID is requested twice, each answer counts once, and
// a budget ends the run.
func TestTheForagerFindsWhatIsWanted(t *testing.T) {
	t.Parallel()
	const budget = 2000
	for _, tt := range []struct {
		strategy seine.Strategy
		least    float64
		most     float64
	}{
		// 2 % of the space is wanted. The forager's yield with 2,000 requests depends on its first
		// hits and lies between 0.3 and 0.5.
		{seine.StrategyForager, 0.2, 1},
		{seine.StrategyRandom, 0.005, 0.05},
	} {
		t.Run(string(tt.strategy), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, cards)
			j := r.register(r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 80_000}}
				j.Explore = seine.Explore{Strategy: tt.strategy, Budget: budget, Blocks: 256}
				j.Concurrency = 8
			}))
			r.run(j)
			hits := 0
			for path, n := range r.site.Counts() {
				if n != 1 {
					t.Errorf("%s was asked for %d times", path, n)
				}
				if id, _ := strconv.Atoi(strings.TrimPrefix(path, "/p/")); wantedCard(id) {
					hits++
				}
			}
			// Requests in flight at the end of the budget may exceed it.
			if n := len(r.site.Counts()); n < budget || n > budget+budget/10 {
				t.Errorf("%d requests; want about %d", n, budget)
			}
			if yield := float64(hits) / float64(len(r.site.Counts())); yield < tt.least || yield > tt.most {
				t.Errorf("%.3f wanted by request; want %.3f to %.3f", yield, tt.least, tt.most)
			}
			sum := r.known(j)
			if sum.Done != int64(len(r.site.Counts())) || sum.ProbeHits+sum.WalkHits != int64(hits) {
				t.Errorf("counted %+v; %d were answered, %d wanted", sum, len(r.site.Counts()), hits)
			}
		})
	}
}

// An error is no evidence about an ID. The ID is retried and counted once, and the local search
// continues past it.
func TestErrorsAreNoMisses(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
		id, _ := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/p/"))
		if id%7 == 0 && r.site.Count(q.URL.Path) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		cards(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 60_000, To: 60_999}}
		j.Explore = seine.Explore{Strategy: seine.StrategyForager}
		j.Concurrency = 4
	}))
	r.run(j) // until the space is exhausted
	ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, x := range ts {
		id, _ := strconv.Atoi(x.Key)
		if want := map[bool]seine.State{true: seine.Done, false: seine.Skipped}[wantedCard(id)]; x.State != want {
			t.Errorf("%s is %v (%s); want %v", x.Key, x.State, x.Reason, want)
		}
		if x.State == seine.Done {
			done++
		}
		most := 1
		if id%7 == 0 {
			most = 2
		}
		if n := r.site.Count("/p/" + x.Key); n != most {
			t.Errorf("%s was asked for %d times; want %d", x.Key, n, most)
		}
	}
	sum := r.known(j)
	if done != 80 || len(ts) != 1000 || sum.Done != 1000 || sum.ProbeHits+sum.WalkHits != 80 {
		t.Errorf("%d ids asked for, %d done, counted %+v; want all of 1000, 80, and the same counted", len(ts), done, sum)
	}
}

// A run ends when each ID was requested, also by chance, and also with fewer than a fiftieth of all
// IDs left.
func TestASpaceIsExhausted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		strategy seine.Strategy
		postgres bool
	}{{"forager", seine.StrategyForager, false}, {"random", seine.StrategyRandom, false}, {"forager at PostgreSQL", seine.StrategyForager, true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const size = 1286
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				id, _ := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/p/"))
				switch {
				case id%9 == 0:
					w.WriteHeader(http.StatusInternalServerError)
				case id%3 == 0:
					http.NotFound(w, q)
				}
			})
			if tt.postgres {
				r.f = testkit.Postgres(t)
			}
			j := r.register(r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 1, To: size}}
				j.Explore = seine.Explore{Strategy: tt.strategy, Blocks: 4}
				j.Concurrency, j.Retry.Error = 8, 1
			}))
			r.run(j)
			if n := len(r.site.Counts()); n != size {
				t.Errorf("%d of %d ids were asked for", n, size)
			}
		})
	}
}

// crowded is a real frontier that first reports all IDs as known, and then a ready task.
type crowded struct {
	frontier.Frontier
	lulls *atomic.Int64
}

func (c crowded) Idle(ctx context.Context, job frontier.JobID) (frontier.IdleState, error) {
	l, err := c.Frontier.Idle(ctx, job)
	l.Idle = c.lulls.Add(1) == 1 && l.Idle
	return l, err
}

func (c crowded) Lookup(_ context.Context, _ frontier.JobID, keys []string) (map[string]seine.State, error) {
	out := map[string]seine.State{}
	for _, k := range keys {
		out[k] = seine.Done
	}
	return out, nil
}

// A worker that searched in vain pauses if another task comes first.
func TestLookingIsNoIdleRound(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 0, To: 99_999}}
		j.Explore = seine.Explore{Strategy: seine.StrategyRandom}
	}))
	var lulls atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	end := make(chan error, 1)
	go func() { end <- r.engine(j, func(c *engine.Config) { c.Frontier = crowded{r.f, &lulls} }).Run(ctx) }()
	<-time.After(3 * time.Second)
	if n := lulls.Load(); n > 100 {
		t.Errorf("it looked %d times in 3 s whether something is ready; want now and then", n)
	}
	for lulls.Load() < 2 && ctx.Err() == nil { // a busy machine takes longer
		<-time.After(20 * time.Millisecond)
	}
	if n := lulls.Load(); n < 2 {
		t.Errorf("it looked %d times whether something is ready; want now and then", n)
	}
	cancel()
	if err := <-end; err != nil {
		t.Fatal(err)
	}
}
