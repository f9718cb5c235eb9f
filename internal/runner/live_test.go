package runner

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
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
	f, _ := testkit.SQLite(t, nil)
	job := seine.Job{Name: "j", Seeds: seine.Seeds{URLs: []string{"http://a.example/"}}, Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil })}
	w := &Worker{cfg: Config{HTTP: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Jobs: []seine.Job{job}}, frontier: f}
	hang := stuck{f, make(chan struct{})}
	var err error
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
	status := func(want int, says string) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(20 * time.Millisecond) {
			got, body := testkit.Get(t, "http://"+w.HTTP()+"/livez")
			if got == want && strings.Contains(string(body), says) {
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
