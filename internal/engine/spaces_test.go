package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path"
	"slices"
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
)

func (r *rig) runs(j *engine.Job, want error) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := r.engine(j, nil).Run(ctx); !errors.Is(err, want) {
		r.Fatalf("the run ended with %v; want %v\n%s", err, want, r.log)
	}
}

func (r *rig) requests() int {
	return len(r.site.Counts())
}

// Several spaces are explored together, mostly the one with the best yield, and each space has its
// notation of IDs.
func TestSeveralSpaces(t *testing.T) {
	t.Parallel()
	// In runs of a hundred, a local search ends and another space is chosen often enough that each
	// is visited.
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if id := path.Base(q.URL.Path); !strings.HasPrefix(id, "B-") || id[len(id)-3:] > "099" {
			http.NotFound(w, q)
			return
		}
		_, _ = fmt.Fprint(w, "card")
	})
	day := seine.Day(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{
			{From: 0, To: 99_999, Prefix: "A-", Width: 5},
			{From: 0, To: 99_999, Prefix: "B-", Width: 5},
			{From: day, To: day + 365, Date: "20060102"},
		}
		j.Explore.Budget = 3000
		j.Concurrency = 8
	}))
	r.run(j)
	in := map[string]int{}
	for p, n := range r.site.Counts() {
		id := path.Base(p)
		in[id[:2]] += n
		if n != 1 || len(id) < 7 {
			t.Errorf("%s was asked for %d times", id, n)
		}
	}
	if in["B-"] < 2500 || in["A-"] < 1 || in["20"] < 1 {
		t.Errorf("asked in %v; want nearly all of 3000 in B-, and a look at the others", in)
	}
	if sum := r.known(j); sum.Done != int64(r.requests()) {
		t.Errorf("counted %+v; %d were answered", sum, r.requests())
	}
}

// Every id of every space is enumerated, in other spaces too after a change.
func TestSpacesAreEnumerated(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "card") })
	run := func(spaces ...seine.IDSpace) []string {
		r.run(r.register(r.job(func(j *seine.Job) {
			j.Seeds.IDs, j.Explore.Strategy = spaces, seine.StrategyOff
		})))
		var ids []string
		for p, n := range r.site.Counts() {
			ids = append(ids, path.Base(p))
			if n != 1 {
				t.Errorf("%s was asked for %d times", p, n)
			}
		}
		slices.Sort(ids)
		return ids
	}
	two := seine.IDSpace{From: 10, To: 30, Step: 10}
	luhn := seine.IDSpace{From: 7992739871, To: 7992739872, Check: seine.CheckLuhn}
	letters := seine.IDSpace{To: 2, Alphabet: seine.Letters, Width: 2}
	if got, want := fmt.Sprint(run(two, letters)), "[10 20 30 AA AB AC]"; got != want {
		t.Errorf("asked for %s; want %s", got, want)
	}
	if got, want := fmt.Sprint(run(luhn, two, letters)), "[10 20 30 79927398713 79927398721 AA AB AC]"; got != want {
		t.Errorf("asked for %s; want %s", got, want)
	}
}

// Spaces that differ only in leading zeros are distinct. Every strategy requests each ID of both.
func TestSpacesOfTwoWidths(t *testing.T) {
	t.Parallel()
	for _, s := range []seine.Strategy{seine.StrategyForager, seine.StrategyRandom, seine.StrategyOff, seine.StrategyChain} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "card") })
			r.run(r.register(r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 9, Width: 3, Start: []int64{5}}, {From: 1, To: 9, Width: 4, Start: []int64{5}}}
				j.Explore.Strategy = s
				j.Concurrency = 4
			})))
			if n := r.requests(); n != 18 {
				t.Errorf("%d ids were requested of 18: %v", n, r.site.Counts())
			}
		})
	}
}

// A site that gives other pages soon stops the space for every worker. After a resume the space
// continues and finds the rest.
func TestADarkSiteStopsTheSpace(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"empty pages", "stale pages"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			var dark atomic.Bool
			wanted := func(p string) bool { // runs of forty, two hundred apart
				id, _ := strconv.Atoi(path.Base(p))
				return id%200 < 40
			}
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				if dark.Load() {
					_, _ = fmt.Fprint(w, how)
				} else if !wanted(q.URL.Path) {
					http.NotFound(w, q)
				}
			})
			job := r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 60_000, To: 79_999}}
				j.Explore = seine.Explore{Budget: 2000, Blocks: 64}
				j.Concurrency, j.Retry.Stale = 4, 1
				scrape := j.Scraper
				j.Scraper = seine.ScraperFunc(func(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
					switch string(page.Body) {
					case "empty pages":
						return seine.Result{Verdict: seine.Verdict{State: seine.Skipped, Reason: "no card"}}, nil
					case "stale pages":
						return seine.Result{Verdict: seine.Verdict{State: seine.Stale, Reason: "no card"}}, nil
					}
					return scrape.Scrape(ctx, task, page)
				})
			})
			r.run(r.register(job))
			dark.Store(true)
			job.Explore.Budget = 0
			j := r.register(job)
			before := r.requests()
			other := make(chan error)
			go func() { other <- r.engine(j, func(c *engine.Config) { c.Worker = "other" }).Run(t.Context()) }()
			r.runs(j, discovery.ErrDark)
			if err := <-other; !errors.Is(err, discovery.ErrDark) {
				t.Errorf("the other worker ended with %v", err)
			}
			spent := r.requests() - before
			t.Logf("%d requests to a dark site", spent)
			if spent > 1000 {
				t.Errorf("%d requests to a dark site; want some hundred at most", spent)
			}
			circuits, err := r.f.Circuits(t.Context(), j.ID)
			if err != nil || len(circuits) != 1 || !circuits[0].Open() || !strings.Contains(circuits[0].Reason, map[string]string{"empty pages": "were wanted", "stale pages": "were stale"}[how]) {
				t.Fatalf("circuits %+v, %v", circuits, err)
			}
			if strings.Count(r.log.String(), "exploring stops") != 2 {
				t.Errorf("who stops says so once each:\n%s", r.log)
			}
			// It stays so for whoever comes later, and costs nothing.
			r.runs(j, discovery.ErrDark)
			if n := r.requests() - before - spent; n != 0 {
				t.Errorf("%d requests while it is stopped", n)
			}
			// The site has recovered, and its earlier answers are requested again.
			dark.Store(false)
			if n, err := r.f.CloseCircuits(t.Context(), j.ID); err != nil || n != 1 {
				t.Fatalf("closed %d, %v", n, err)
			}
			again, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{Reason: "no card"})
			if err != nil {
				t.Fatal(err)
			}
			var back []frontier.New
			for _, x := range again {
				task, err := frontier.Admit(&j.Job, frontier.Seed{Key: x.Key})
				if err != nil {
					t.Fatal(err)
				}
				back = append(back, task)
			}
			if n, err := r.f.Retry(t.Context(), j.ID, back); err != nil || n != len(back) || n > spent {
				t.Fatalf("sent %d of %d back, %v; %d were spent", n, len(back), err, spent)
			}
			job.Explore.Budget = 4000
			r.run(r.register(job))
			hits := 0
			for p := range r.site.Counts() {
				if wanted(p) {
					hits++
				}
			}
			sum := r.known(j)
			if sum.Done != int64(r.requests()) || sum.ProbeHits+sum.WalkHits != int64(hits) || hits < 2000 {
				t.Errorf("counted %+v; %d were answered, %d wanted", sum, r.requests(), hits)
			}
		})
	}
}

// `hit` defines a hit of local search, and a changed rule applies to the stored data.
func TestHitIsJudgedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		id, _ := strconv.Atoi(path.Base(q.URL.Path))
		if id%3 == 0 && wantedCard(id) {
			_, _ = fmt.Fprint(w, "no images")
			return
		}
		cards(w, q)
	})
	job := r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 60_000, To: 79_999}}
		j.Explore = seine.Explore{Budget: 1500, Blocks: 64, Hit: func(_ string, v seine.Verdict) bool {
			return v.State == seine.Done || v.Reason == "images missing"
		}}
		j.Concurrency = 4
		scrape := j.Scraper
		j.Scraper = seine.ScraperFunc(func(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if string(page.Body) == "no images" {
				return seine.Result{Verdict: seine.Verdict{State: seine.Skipped, Reason: "images missing"}}, nil
			}
			return scrape.Scrape(ctx, task, page)
		})
	})
	j := r.register(job)
	r.run(j)
	hits, wanted := int64(0), int64(0)
	for p := range r.site.Counts() {
		if id, _ := strconv.Atoi(path.Base(p)); wantedCard(id) {
			hits++
			if id%3 != 0 {
				wanted++
			}
		}
	}
	check := func(what string, hits int64) explore.Sums {
		t.Helper()
		sum := r.known(j)
		if sum.Done != int64(r.requests()) || sum.ProbeHits+sum.WalkHits != hits {
			t.Errorf("%s: counted %+v; %d answers, want %d hits", what, sum, r.requests(), hits)
		}
		if sum.Wanted != wanted {
			t.Errorf("%s: found %d; want %d", what, sum.Wanted, wanted)
		}
		return sum
	}
	first := check("as it ran", hits)
	job.Explore.Hit = nil
	for _, step := range []struct {
		what string
		hit  func(string, seine.Verdict) bool
		hits int64
	}{{"images are needed", nil, wanted}, {"as it was", j.Explore.Hit, hits}} {
		job.Explore.Hit = step.hit
		if n, err := discovery.Recount(t.Context(), r.f, j.ID, job); err != nil || n != int64(r.requests()) {
			t.Fatalf("%s: recounted %d, %v", step.what, n, err)
		}
		if sum := check(step.what, step.hits); step.hit != nil && math.Abs(sum.Doubt-first.Doubt)+math.Abs(sum.StaleDoubt-first.StaleDoubt) > 1e-6 {
			t.Errorf("doubts %v and %v after a recount; want %v and %v", sum.Doubt, sum.StaleDoubt, first.Doubt, first.StaleDoubt)
		} else if sum.Doubt, sum.StaleDoubt, sum.Expected = first.Doubt, first.StaleDoubt, first.Expected; step.hit != nil && sum != first {
			t.Errorf("counted %+v again; want %+v", sum, first)
		}
	}
}

// A run ends when no block promises as much as the limit asks for.
func TestNoLongerWorthIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if id, _ := strconv.Atoi(path.Base(q.URL.Path)); id >= 1000 {
			http.NotFound(w, q)
		}
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 0, To: 49_999}}
		j.Explore = seine.Explore{Blocks: 64}
		j.Limit.Yield = 0.1
		j.Concurrency = 4
	}))
	r.runs(j, engine.ErrLimit)
	found := 0
	for p := range r.site.Counts() {
		if id, _ := strconv.Atoi(path.Base(p)); id < 1000 {
			found++
		}
	}
	// TestWorthIt of the simulator checks the number of requests. Here pages arrive faster than
	// their results are read, by a factor that depends on the machine.
	if n := r.requests(); found < 980 || n > 10_000 {
		t.Errorf("%d requests, %d for the thousand that are wanted; want nearly all of those, and no more than a fifth of the space", n, found)
	}
}
