package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

func TestRangeIsEnumerated(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 5, To: 2604, Width: 6}}
		j.Explore.Strategy = seine.StrategyOff
	}))
	r.run(j)
	c, err := r.f.Counts(t.Context(), j.ID)
	if err != nil || c.Final[seine.Done] != 2600 || c.Records != 2600 || c.Open != 0 {
		t.Errorf("counts %+v, %v; want 2600 done", c, err)
	}
	if r.site.Count("/p/000005") != 1 || r.site.Count("/p/002604") != 1 || len(r.site.Counts()) != 2600 {
		t.Errorf("%d pages were requested", len(r.site.Counts()))
	}
}

func TestChainWalksBothWays(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		var id int
		_, _ = fmt.Sscanf(q.URL.Path, "/p/%d", &id)
		if id < 40 || id > 60 || id == 50 {
			http.NotFound(w, q)
			return
		}
		hello(w, q)
	})
	chain := func(patience int) *engine.Job {
		return r.register(r.job(func(j *seine.Job) {
			j.Seeds.IDs = []seine.IDSpace{{From: 0, To: 100, Start: []int64{45}}}
			j.Explore = seine.Explore{Strategy: seine.StrategyChain, Patience: patience}
		}))
	}
	j := chain(1)
	r.run(j)
	if len(r.site.Counts()) != 12 { // 39 to 50
		t.Errorf("%d pages were requested; want 12: %s", len(r.site.Counts()), r.states(j))
	}
	// With more patience the walk restarts at the known hits and skips known misses.
	j = chain(2)
	r.run(j)
	if r.site.Count("/p/50") != 1 || r.site.Count("/p/60") != 1 || r.site.Count("/p/62") != 1 || r.site.Count("/p/63") != 0 || r.site.Count("/p/38") != 1 {
		t.Errorf("requests %v", r.site.Counts())
	}
	// A key that is added begins a walk of its own, with the same patience.
	r.add(j, "20")
	r.run(j)
	if r.site.Count("/p/20") != 1 || r.site.Count("/p/21") != 1 || r.site.Count("/p/19") != 1 || r.site.Count("/p/22") != 0 {
		t.Errorf("requests %v around an added miss", r.site.Counts())
	}
}

func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path == "/p/gone":
			http.NotFound(w, q)
		case q.URL.Path == "/p/never":
			http.Error(w, "no", http.StatusInternalServerError)
		case q.URL.Path == "/p/reset" && r.site.Count(q.URL.Path) == 1:
			panic(http.ErrAbortHandler)
		case q.URL.Path == "/p/once" && r.site.Count(q.URL.Path) == 1:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "later", http.StatusServiceUnavailable)
		default:
			hello(w, q)
		}
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Retry.Error = 3
		j.Pace.Concurrency = 4
	}))
	r.add(j, "gone", "never", "once", "reset", "panic")
	j.Scraper = panicOn{"panic", j.Scraper}
	r.run(j)
	want := "gone:skipped(HTTP 404) never:error(HTTP 500) once:done panic:error(scrape: panic: oh) reset:done"
	if got := r.states(j); got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if n := r.site.Count("/p/never"); n != 3 {
		t.Errorf("a page that fails was asked %d times; want 3", n)
	}
}

type panicOn struct {
	id string
	seine.Scraper
}

func (p panicOn) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	if task.ID == p.id {
		panic("oh")
	}
	return p.Scraper.Scrape(ctx, task, page)
}

func TestFollowsAreAdmitted(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	var depths sync.Map
	plain := j.Scraper
	j.Scraper = seine.ScraperFunc(func(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
		depths.Store(task.Key, task.Depth)
		res, err := plain.Scrape(ctx, task, page)
		if task.Depth < 2 {
			res.Follow = []seine.Follow{{ID: task.ID + "1"}, {ID: task.ID + "2", Meta: map[string]any{"from": task.ID}}, {URL: "mailto:x", Optional: true}, {URL: "/p/1"}}
		}
		if task.ID == "12" && task.Meta["from"] != "1" {
			t.Errorf("meta of 12: %v", task.Meta)
		}
		return res, err
	})
	r.add(j, "1")
	r.run(j)
	if d, _ := depths.Load("122"); d != 2 {
		t.Errorf("122 has depth %v; want 2", d)
	}
	if n := r.site.Count("/p/1"); n != 2 { // as an id, and as a URL
		t.Errorf("/p/1 was asked %d times", n)
	}
}

func TestHostFaultCostsNoAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) { j.Pace.Concurrency = 4 }))
	r.site.Close()
	r.add(j, "a", "b", "c")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	end := make(chan error, 1)
	go func() { end <- r.engine(j, nil).Run(ctx) }()
	blocked := func() bool {
		st, err := r.f.Status(t.Context(), j.ID)
		return err != nil || len(st.Hosts) > 0 && st.Hosts[0].Blocked
	}
	for !blocked() && ctx.Err() == nil {
		<-time.After(20 * time.Millisecond)
	}
	cancel()
	if err := <-end; err != nil {
		t.Fatal(err)
	}
	st, err := r.f.Status(t.Context(), j.ID)
	if err != nil || st.States[seine.Pending] != 3 || len(st.Hosts) != 1 || !st.Hosts[0].Blocked || st.Hosts[0].Reason != "connection refused" {
		t.Errorf("status %+v, %v; want 3 pending and the host parked", st, err)
	}
	ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
	if err != nil || ts[0].Attempt != 0 {
		t.Errorf("tasks %+v, %v; want no attempt used", ts, err)
	}
}

func TestPaceHoldsOverWorkers(t *testing.T) {
	t.Parallel()
	pulse := testkit.NewPulse(t)
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: 60 * time.Millisecond, Max: 60 * time.Millisecond}, Concurrency: 4}
		j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 25}}
		j.Explore.Strategy = seine.StrategyOff
	}))
	var wg sync.WaitGroup
	for range 3 {
		e := r.engine(j, nil)
		wg.Go(func() {
			if err := e.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	at := r.site.Starts("")
	if len(at) != 25 {
		t.Fatalf("%d requests; want 25", len(at))
	}
	// A late first start shortens the whole.
	if span := at[24].Sub(at[0]); span < 23*60*time.Millisecond-pulse.Late(at[0]) {
		t.Errorf("25 requests in %v: faster than the pace", span)
	}
}

func TestStopReleases(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	defer close(block)
	started := make(chan struct{}, 100)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		started <- struct{}{}
		select {
		case <-block:
		case <-q.Context().Done():
		}
	})
	j := r.register(r.job(func(j *seine.Job) { j.Fetch.Timeout = time.Minute }))
	r.add(j, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	e := r.engine(j, func(c *engine.Config) { c.Release, c.Grace = release, time.Hour })
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	<-started
	<-started
	cancel()
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
	if err != nil || len(ts) != 2 || ts[0].State != seine.Pending || ts[0].Attempt != 0 || ts[1].State != seine.Pending {
		t.Errorf("tasks %+v, %v; want both pending, no attempt used", ts, err)
	}
}

func TestLostLeaseStoresNothing(t *testing.T) {
	t.Parallel()
	const lease = 8 * time.Second // the second attempt must not lose its own
	var r *rig
	hold, held := make(chan struct{}), make(chan struct{}, 10)
	r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if r.site.Count(q.URL.Path) == 1 {
			held <- struct{}{}
			<-hold
		}
		_, _ = fmt.Fprintf(w, "answer %d", r.site.Count(q.URL.Path))
	})
	j := r.register(r.job(nil))
	r.add(j, "a")
	e := r.engine(j, func(c *engine.Config) { c.Lease = lease })
	done := make(chan error)
	go func() { done <- e.Run(t.Context()) }()
	<-held
	// The lease's row goes away, as if a rescuer had taken its tasks.
	r.steal(lease)
	close(hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var bodies []string
	if err := r.f.Records(t.Context(), j.ID, func(s frontier.Stored) error { bodies = append(bodies, string(s.Fields)); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 1 || r.site.Count("/p/a") != 2 || !strings.Contains(r.log.String(), "lease lost") {
		t.Errorf("records %q after %d requests\n%s", bodies, r.site.Count("/p/a"), r.log)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 100000}}
		j.Explore.Strategy = seine.StrategyOff
		j.Concurrency = 2
	}))
	e := r.engine(j, func(c *engine.Config) { c.Limit.Records = 20 })
	if err := e.Run(t.Context()); !errors.Is(err, engine.ErrLimit) {
		t.Errorf("run: %v; want %v", err, engine.ErrLimit)
	}
	c, err := r.f.Counts(t.Context(), j.ID)
	if err != nil || c.Records != 20 {
		t.Errorf("%d records, %v; want 20", c.Records, err)
	}
	if st, err := r.f.Status(t.Context(), j.ID); err != nil || st.States[seine.InProgress] != 0 {
		t.Errorf("status %+v, %v; want nothing in progress", st, err)
	}
}

// An image costs one request if its better file exists, and two if not. No request is made ahead,
// by HEAD or otherwise.
func TestAnImageIsAskedForOnce(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		asked []string
	)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		asked = append(asked, q.Method+" "+q.URL.Path)
		mu.Unlock()
		if q.URL.Path == "/large/2" {
			http.NotFound(w, q)
			return
		}
		hello(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Concurrency = 1
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			return seine.Result{Records: []seine.Record{{}}, Assets: []seine.Asset{{
				Name: "a", URL: strings.Replace(page.URL, "/p/", "/small/", 1), Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"}, Path: task.ID,
			}}}, nil
		})
	}))
	r.add(j, "1", "2")
	r.run(j)
	slices.Sort(asked)
	want := []string{"GET /large/1", "GET /large/2", "GET /p/1", "GET /p/2", "GET /small/2"}
	if got := r.states(j); got != "1:done 2:done" || !slices.Equal(asked, want) {
		t.Errorf("%s; asked %q; want %q", got, asked, want)
	}
}

// two is a scraper of two files a page.
type two struct{}

func (two) MostAssets() int { return 2 }

func (two) Scrape(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	n, err := strconv.Atoi(task.ID)
	if err != nil || n%2 == 0 {
		return seine.Result{Verdict: seine.Verdict{State: seine.Skipped, Reason: "even"}}, err
	}
	return seine.Result{
		Records: []seine.Record{{Fields: map[string]any{"id": n}}},
		Assets:  []seine.Asset{{Name: "a", URL: page.URL, Path: task.ID + "a"}, {Name: "b", URL: page.URL, Path: task.ID + "b"}},
	}, nil
}

// One worker goes over a job's limit by less than a task, and over what earlier
// runs did too.
func TestJobsLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	for _, tt := range []struct {
		limit seine.Limit
		want  [2]int64 // assets, records
	}{
		{seine.Limit{Assets: 6}, [2]int64{6, 3}},
		{seine.Limit{Assets: 11}, [2]int64{12, 6}},
		{seine.Limit{Assets: 12}, [2]int64{12, 6}}, // it is met already
		{seine.Limit{Records: 9, Assets: 1000}, [2]int64{18, 9}},
	} {
		j := r.register(r.job(func(j *seine.Job) {
			j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 100000}}
			j.Explore.Strategy = seine.StrategyOff
			j.Concurrency, j.Limit, j.Scraper = 16, tt.limit, two{}
		}))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := r.engine(j, nil).Run(ctx)
		cancel()
		if !errors.Is(err, engine.ErrLimit) {
			t.Errorf("%+v: %v; want %v", tt.limit, err, engine.ErrLimit)
		}
		if c, err := r.f.Counts(t.Context(), j.ID); err != nil || [2]int64{c.Assets, c.Records} != tt.want {
			t.Errorf("%+v: %d assets, %d records, %v; want %v", tt.limit, c.Assets, c.Records, err, tt.want)
		}
	}
}

// A new pace for a job without one moves each host's tasks into one lane.
func TestPaceThatComesLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	r.add(j, "a", "b", "c", "d", "e")
	if ts, err := r.f.Waiting(t.Context(), j.ID, true, 0, 10); err != nil || len(ts) != 5 {
		t.Fatalf("%d tasks in shards, %v; want 5", len(ts), err)
	}
	j = r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: time.Millisecond, Max: time.Millisecond}}
	}))
	ts, err := r.f.Waiting(t.Context(), j.ID, false, 0, 10)
	if err != nil || len(ts) != 5 || ts[0].LaneKey != strings.TrimPrefix(r.site.URL, "http://") {
		t.Fatalf("tasks %+v, %v; want 5 in the host's lane", ts, err)
	}
	r.run(j)
	if c, err := r.f.Counts(t.Context(), j.ID); err != nil || c.Final[seine.Done] != 5 {
		t.Errorf("counts %+v, %v", c, err)
	}
}
