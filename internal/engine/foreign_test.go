package engine_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// The target host of a redirect gets its own backoff, and the first host does not.
func TestARedirectsTargetIsHeeded(t *testing.T) {
	t.Parallel()
	target := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/p/a" {
			http.Redirect(w, q, target.URL+"/", http.StatusFound)
			return
		}
		hello(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: 10 * time.Millisecond, Max: 10 * time.Millisecond}, Concurrency: 1}
	}))
	r.add(j, "a", "b", "c", "d")
	r.until(j, 3)
	st, err := r.f.Status(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range st.Hosts {
		if own := strings.TrimPrefix(r.site.URL, "http://"); h.Host == own && (h.Reason != "" || h.Slow > 1) {
			t.Errorf("%+v: it did not refuse", h)
		}
	}
	hosts, err := r.f.Unhealthy(t.Context(), j.ID)
	if want := strings.TrimPrefix(target.URL, "http://"); err != nil || len(hosts) != 1 || hosts[0] != want {
		t.Errorf("unhealthy hosts: %v, %v; want %s", hosts, err, want)
	}
}

// until runs a job in the background until a number of tasks is done.
func (r *rig) until(j *engine.Job, done int64) {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	end := make(chan error)
	go func() { end <- r.engine(j, func(c *engine.Config) { c.UntilDone = false }).Run(ctx) }()
	for ctx.Err() == nil {
		c, err := r.f.Counts(r.Context(), j.ID)
		if err != nil {
			r.Fatal(err)
		}
		if c.Final[seine.Done] >= done {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if ctx.Err() != nil {
		r.Errorf("%s\n%s", r.states(j), r.log)
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	if err := <-end; err != nil {
		r.Fatal(err)
	}
}

// An unreachable host of a redirect or an asset backs off. The tasks wait for it at no attempt's
// cost.
func TestAnotherHostThatCantBeReached(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"redirect", "asset"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			var at atomic.Value
			at.Store(closedPort(t))
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				if by == "redirect" {
					http.Redirect(w, q, "http://"+at.Load().(string)+"/", http.StatusFound)
					return
				}
				hello(w, q)
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Retry.Error = 1
				if by == "asset" {
					j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
						return seine.Result{Records: []seine.Record{{}}, Assets: []seine.Asset{{Name: "a", URL: "http://" + at.Load().(string) + "/" + task.ID, Path: task.ID}}}, nil
					})
				}
			}))
			r.add(j, "a", "b", "c", "d")
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			end := make(chan error)
			go func() { end <- r.engine(j, nil).Run(ctx) }()
			time.Sleep(1500 * time.Millisecond)
			ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range ts {
				if ok := x.State == seine.InProgress || x.State == seine.Pending && x.Reason == "waits for "+at.Load().(string); !ok { // the first wait in their slots
					t.Errorf("%s is %v (%s)", x.Key, x.State, x.Reason)
				}
			}
			l, err := net.Listen("tcp", at.Load().(string))
			if err != nil {
				t.Fatal(err)
			}
			back := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: time.Second}}
			back.Start()
			defer back.Close()
			if err := <-end; err != nil || ctx.Err() != nil {
				t.Fatalf("%v, %v\n%s", err, ctx.Err(), r.log)
			}
			if got := r.states(j); got != "a:done b:done c:done d:done" {
				t.Errorf("%s\n%s", got, r.log)
			}
		})
	}
}
