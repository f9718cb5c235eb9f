package worker

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
)

// stuck never answers a claim and ignores its context.
type stuck struct {
	frontier.Frontier
	free chan struct{}
}

func (s stuck) Claim(context.Context, frontier.Lease, frontier.ClaimArgs) ([]frontier.Claimed, error) {
	<-s.free
	return nil, nil
}

// A worker whose claim loop hangs is not alive, and it is alive again when the loop continues.
func TestStuckLoopIsNotAlive(t *testing.T) {
	t.Parallel()
	f, err := litefrontier.Open(t.Context(), filepath.Join(t.TempDir(), "seine.db"), litefrontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	job := seine.Job{Name: "j", Seeds: seine.Seeds{URLs: []string{"http://a.example/"}}, Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil })}
	w := &Worker{cfg: Config{HTTP: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Jobs: []seine.Job{job}}, frontier: f}
	hang := stuck{f, make(chan struct{})}
	if w.engine, err = engine.New(engine.Config{Frontier: hang, Jobs: []*engine.Job{{Job: job, ID: 1}}, Worker: "w", Times: engine.Times{StuckAfter: 300 * time.Millisecond}}); err != nil {
		t.Fatal(err)
	}
	if err := w.tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.started()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	live := func() (int, string) {
		u := url.URL{Scheme: "http", Host: w.HTTP(), Path: "/livez"}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	status := func(want int, says string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
			got, body := live()
			if got == want && strings.Contains(body, says) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d %s; want %d that says %q", got, body, want, says)
			}
		}
	}
	status(http.StatusServiceUnavailable, "job j: claim loop: claiming for ")
	close(hang.free)
	status(http.StatusOK, `{"name":"loop","ok":true}`)
	status(http.StatusOK, `"why":["job j: nothing is ready"]`)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
