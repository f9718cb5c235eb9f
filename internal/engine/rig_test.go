package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/internal/wiring"
)

// rig is a frontier, a site and a job that scrapes it.
type rig struct {
	*testing.T
	f    frontier.Frontier
	path string // of the frontier's file, or empty
	site *testkit.Site
	log  *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newRig(t *testing.T, h http.HandlerFunc) *rig {
	t.Helper()
	return newRigAt(t, nil, h)
}

// newRigAt gives the frontier a clock of its own.
func newRigAt(t *testing.T, now func() time.Time, h http.HandlerFunc) *rig {
	t.Helper()
	f, path := testkit.SQLite(t, now)
	r := newRigOn(t, f, h)
	r.path = path
	return r
}

// newRigOn makes a rig of an open frontier.
func newRigOn(t *testing.T, f frontier.Frontier, h http.HandlerFunc) *rig {
	t.Helper()
	return &rig{T: t, f: f, site: testkit.Serve(t, h), log: &syncBuffer{}}
}

// job is a job without a pace whose scraper records the body.
func (r *rig) job(change func(j *seine.Job)) seine.Job {
	j := seine.Job{
		Name:  "j",
		Seeds: seine.Seeds{URL: r.site.URL + "/p/{id}"},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}, Timeout: 5 * time.Second},
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}, Concurrency: seine.Unlimited},
		Retry: seine.Retries{Backoff: 10 * time.Millisecond},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if v, bad := seine.StatusVerdict(page.Status); bad {
				return seine.Result{Verdict: v}, nil
			}
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"id": task.ID, "body": string(page.Body)}}}}, nil
		}),
	}
	if change != nil {
		change(&j)
	}
	return j
}

func (r *rig) register(j seine.Job) *engine.Job {
	r.Helper()
	out, err := wiring.Register(r.Context(), r.f, j, wiring.Options{})
	if err != nil {
		r.Fatal(err)
	}
	done, err := wiring.Equip(out, asset.New(memblob.OpenBucket(nil), asset.Options{}), nil, "test", nil)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(done)
	if err := discovery.Seed(r.Context(), r.f, &out.Job, out.ID, nil); err != nil {
		r.Fatal(err)
	}
	return out
}

// seed is the seed of every draw of exploring in this package's tests.
const seed = 18

func (r *rig) engine(j *engine.Job, change func(c *engine.Config)) *engine.Engine {
	r.Helper()
	cfg := engine.Config{Seed: seed, Frontier: r.f, Near: true, Jobs: []*engine.Job{j}, Worker: "w", UntilDone: true, Log: slog.New(slog.NewTextHandler(r.log, nil))}
	if change != nil {
		change(&cfg)
	}
	e, err := engine.New(cfg)
	if err != nil {
		r.Fatal(err)
	}
	return e
}

// patience ends a test that hangs. A busy machine may take minutes for what takes seconds.
const patience = 5 * time.Minute

func (r *rig) run(j *engine.Job) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := r.engine(j, nil).Run(ctx); err != nil {
		r.Fatalf("%v\n%s", err, r.log)
	}
	if ctx.Err() != nil {
		r.Fatalf("the run did not end\n%s", r.log)
	}
}

func (r *rig) add(j *engine.Job, keys ...string) {
	r.Helper()
	in := discovery.NewAdder(r.f, &j.Job, j.ID)
	for _, k := range keys {
		if err := in.Add(r.Context(), frontier.Seed{Key: k}); err != nil {
			r.Fatal(err)
		}
	}
	if err := in.Flush(r.Context()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) states(j *engine.Job) string {
	r.Helper()
	ts, err := r.f.Tasks(r.Context(), j.ID, frontier.Filter{})
	if err != nil {
		r.Fatal(err)
	}
	var out []string
	for _, x := range ts {
		s := x.Key + ":" + x.State.String()
		if x.Reason != "" {
			s += "(" + x.Reason + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") }

// steal rescues every lease of at most ttl, as if its time were over. The tasks are due again after
// that time.
func (r *rig) steal(ttl time.Duration) {
	r.Helper()
	late, err := litefrontier.Open(r.Context(), r.path, litefrontier.Options{Now: func() time.Time { return time.Now().Add(ttl + time.Second) }})
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = late.Close() }()
	for {
		found, _, _, err := late.Rescue(r.Context())
		if err != nil {
			r.Fatal(err)
		}
		if !found {
			return
		}
	}
}
