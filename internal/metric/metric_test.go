package metric_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/metric"
)

func scrape(t *testing.T, m *metric.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func source(depth func() (frontier.Depth, error)) metric.Source {
	return metric.Source{
		Jobs:    map[string]frontier.JobID{"j": 1},
		Depth:   func(context.Context, frontier.JobID) (frontier.Depth, error) { return depth() },
		Browser: func() (int, int64) { return 7, 1 << 20 },
		Share:   func() float64 { return 0.5 },
		Clean:   func(s string) string { return strings.ReplaceAll(s, "hunter2", "xxxxx") },
	}
}

// A thousand reasons make thirty labels and "other", in all scrapes together; no
// secret is one.
func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	m := metric.New("dev", "j")
	d := frontier.Depth{Counts: frontier.NewCounts(), States: map[seine.State]int64{seine.Error: 1002}}
	d.Reasons = append(d.Reasons, frontier.ReasonCount{State: seine.Error, Reason: "hunter2 was refused", Count: 1},
		frontier.ReasonCount{State: seine.Error, Reason: strings.Repeat("long ", 100), Count: 1})
	for i := range 1000 {
		d.Reasons = append(d.Reasons, frontier.ReasonCount{State: seine.Error, Reason: fmt.Sprintf("reason %d", i), Count: 1})
	}
	m.Observe(source(func() (frontier.Depth, error) { return d, nil }))
	text := scrape(t, m)
	if n := strings.Count(text, "\nseine_task_reasons{"); n != 31 {
		t.Errorf("%d reasons; want 30 and other", n)
	}
	if want := `seine_task_reasons{job="j",reason="other",state="error"} 972`; !strings.Contains(text, want) {
		t.Errorf("want %s", want)
	}
	if strings.Contains(text, "hunter2") {
		t.Error("a secret is told")
	}
}

// Scrapes in a hurry read the frontier once; a frontier that fails leaves its
// gauges out and the others in.
func TestDepthIsKept(t *testing.T) {
	t.Parallel()
	m, away := metric.New("dev", "j"), metric.New("dev", "j")
	var reads atomic.Int64
	m.Observe(source(func() (frontier.Depth, error) {
		reads.Add(1)
		return frontier.Depth{States: map[seine.State]int64{seine.Pending: 5}, Lanes: 4, Busy: 1}, nil
	}))
	for range 20 {
		if text := scrape(t, m); !strings.Contains(text, `seine_queue_ready{job="j"} 5`) || !strings.Contains(text, `seine_pace_use_ratio{job="j"} 0.25`) {
			t.Fatal(text)
		}
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("20 scrapes read %d times; want once", n)
	}
	away.Observe(source(func() (frontier.Depth, error) { return frontier.Depth{}, errors.New("away") }))
	text := scrape(t, away)
	if strings.Contains(text, "\nseine_tasks{") || strings.Contains(text, "\nseine_queue_ready{") {
		t.Errorf("gauges of a frontier that failed:\n%s", text)
	}
	for _, want := range []string{"seine_frontier_errors_total 1", "seine_browser_processes 7", "seine_browser_memory_bytes 1.048576e+06", "seine_concurrency_ratio 0.5", `seine_claims_total{job="j"} 0`} {
		if !strings.Contains(scrape(t, away), "\n"+want+"\n") {
			t.Errorf("want %s", want)
		}
	}
}
