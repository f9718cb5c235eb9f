package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// When the host requests a backoff, reserved starts are dropped, at once by the worker with that
// answer and soon by the others.
func TestStartsAheadHeedTheHost(t *testing.T) {
	t.Parallel()
	t.Run("this worker heard it", func(t *testing.T) { startsAhead(t, false) })
	t.Run("another one did", func(t *testing.T) { startsAhead(t, true) })
}

func startsAhead(t *testing.T, another bool) {
	t.Parallel()
	const delay, backoff = 150 * time.Millisecond, 3 * time.Second
	var (
		mu      sync.Mutex
		at      []time.Time
		refused time.Time
	)
	var (
		r *rig
		j *engine.Job
	)
	r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, time.Now())
		if len(at) == 4 {
			refused = time.Now()
			if another {
				if err := r.f.Backoff(q.Context(), j.ID, []string{q.Host}, frontier.Backoff{For: backoff, Why: "Retry-After"}); err != nil {
					t.Error(err)
				}
				hello(w, q)
				return
			}
			// By a clock that is an hour behind ours.
			there := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
			w.Header().Set("Date", there.Format(http.TimeFormat))
			w.Header().Set("Retry-After", there.Add(backoff).Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		hello(w, q)
	})
	j = r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Concurrency: 40}
		j.Concurrency = 20
	}))
	var keys []string
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("k%02d", i))
	}
	r.add(j, keys...)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var workers sync.WaitGroup
	for i := range 2 {
		workers.Go(func() {
			if err := r.engine(j, func(c *engine.Config) { c.Worker = fmt.Sprintf("w%d", i) }).Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	want := 41
	if another {
		want = 40
	}
	if len(at) != want {
		t.Fatalf("%d requests; want %d\n%s", len(at), want, r.log)
	}
	heldAfter := time.Second
	if !another {
		heldAfter = delay // what was on its way is there by then
	}
	late := 0
	for _, a := range at {
		if since := a.Sub(refused); since > heldAfter && since < backoff-50*time.Millisecond {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d requests came while the host wanted to be left alone", late)
	}
}

// Tasks whose assets are on a host in backoff wait for it at no attempt's cost and delay no other
// task.
func TestABusyAssetHostCostsNoAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	images := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Concurrency = 2
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
			res := seine.Result{Records: []seine.Record{{Fields: map[string]any{"id": task.ID}}}}
			if strings.HasPrefix(task.ID, "a") {
				res.Assets = []seine.Asset{{Name: "a", URL: images.URL + "/" + task.ID, Path: task.ID}}
			}
			return res, nil
		})
	}))
	for i := range 12 {
		r.add(j, fmt.Sprintf("a%02d", i), fmt.Sprintf("b%02d", i))
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	end := make(chan error)
	go func() { end <- r.engine(j, nil).Run(ctx) }()
	for ctx.Err() == nil {
		c, err := r.f.Counts(t.Context(), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		if c.Final[seine.Done] == 12 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond)
	stop()
	if err := <-end; err != nil {
		t.Fatal(err)
	}
	st, err := r.f.Status(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if st.Final[seine.Done] != 12 || st.Open != 12 {
		t.Fatalf("%+v; want 12 done and 12 open: %s", st, r.states(j))
	}
	waits := "waits for " + strings.TrimPrefix(images.URL, "http://")
	named := int64(0)
	for _, reason := range st.Reasons {
		if reason.Reason == waits && reason.State == seine.Pending {
			named = reason.Count
		}
	}
	// Two tasks may have heard it themselves.
	if named < 10 {
		t.Errorf("%d tasks wait for the host; want at least 10: %+v", named, st.Reasons)
	}
}
