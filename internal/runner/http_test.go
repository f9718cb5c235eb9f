package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// ask returns a worker's response to a path of its HTTP server.
func ask(t *testing.T, w *runner.Worker, path string) (status int, body string) {
	t.Helper()
	status, text := testkit.Get(t, "http://"+w.HTTP()+path)
	return status, string(text)
}

// wrong returns a worker's report on one check, or an empty string if it passes.
func wrong(t *testing.T, w *runner.Worker, path, check string) string {
	t.Helper()
	status, body := ask(t, w, path)
	var a health.Answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	if a.OK != (status == http.StatusOK) {
		t.Errorf("%s: %d with %s", path, status, body)
	}
	for _, c := range a.Checks {
		if c.Name == check {
			if a.OK && !c.OK {
				t.Errorf("%s is ok and %s is not: %s", path, check, body)
			}
			return c.Error
		}
	}
	t.Fatalf("%s tells nothing of %q: %s", path, check, body)
	return ""
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so: %s", what)
		}
	}
}

// A worker reports its faults: its database stops, its store disappears, its schema changes while
// it runs, or it shuts down. It stays alive all the while.
func TestReadiness(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	dir := filepath.Join(t.TempDir(), "files")
	asked, answer := make(chan struct{}, 8), make(chan struct{})
	// A test that fails early releases the page too, because the worker waits for its task.
	release := sync.OnceFunc(func() { close(answer) })
	site := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			asked <- struct{}{}
			<-answer
		}
		_, _ = fmt.Fprint(w, "hello")
	})
	w, err := runner.Open(t.Context(), runner.Config{
		Frontier: server.DSN, Store: "file:" + dir, Migrate: true, HTTP: "127.0.0.1:0", Version: "v1.2.3",
		Jobs: []seine.Job{{
			Name: "cards", Seeds: seine.Seeds{URLs: []string{site.URL + "/a", site.URL + "/b"}},
			Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
			Pace:  seine.Pace{Delay: seine.Span{Min: 10 * time.Millisecond, Max: 10 * time.Millisecond}},
			Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
				if strings.HasSuffix(task.URL, "/b") {
					return seine.Result{Verdict: seine.Verdict{State: seine.Skipped, Reason: "not wanted"}}, nil
				}
				return seine.Result{Records: []seine.Record{{Fields: map[string]any{"a": 1}}}}, nil
			}),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() {
		release()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	ready := func() bool { status, _ := ask(t, w, "/readyz"); return status == http.StatusOK }
	until(t, "ready", ready)
	if status, body := ask(t, w, "/startupz"); status != http.StatusOK {
		t.Errorf("/startupz: %d %s", status, body)
	}
	until(t, "both tasks have ended", func() bool {
		s, err := w.Status(t.Context(), "cards")
		return err == nil && s.Open == 0
	})
	metricsTell(t, w)

	// PostgreSQL is stopped, and started again.
	server.Stop()
	until(t, "the frontier does not answer", func() bool { return wrong(t, w, "/readyz", "frontier") != "" })
	if why := wrong(t, w, "/readyz", "frontier"); !strings.Contains(why, "frontier unreachable") {
		t.Errorf("of a frontier that is stopped it says %q", why)
	}
	if why := wrong(t, w, "/livez", "loop"); why != "" {
		t.Errorf("a worker that waits for its frontier is not alive: %s", why)
	}
	if _, text := ask(t, w, "/metrics"); !regexp.MustCompile(`(?m)^seine_frontier_errors_total [1-9]`).MatchString(text) {
		t.Error("the errors of the frontier are not counted")
	}
	server.Start()
	until(t, "ready again", ready)

	// The store's folder is gone, and back.
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	until(t, "the store does not answer", func() bool { return strings.Contains(wrong(t, w, "/readyz", "store"), "store unreachable: file:"+dir) })
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "a file is no folder", func() bool { return strings.Contains(wrong(t, w, "/readyz", "store"), "it is no folder") })
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	until(t, "ready with the store", ready)

	// Somebody migrated to a schema that this program does not know.
	c, err := pgx.Connect(t.Context(), server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	if _, err := c.Exec(t.Context(), `insert into seine.goose_db_version(version_id, is_applied) values (99001, true)`); err != nil {
		t.Fatal(err)
	}
	until(t, "the schema does not fit", func() bool { return strings.Contains(wrong(t, w, "/readyz", "frontier"), "schema") })
	if _, err := c.Exec(t.Context(), `delete from seine.goose_db_version where version_id = 99001`); err != nil {
		t.Fatal(err)
	}
	until(t, "the schema fits", ready)

	// It is asked to stop while a task is in progress.
	if _, err := c.Exec(t.Context(), `with t as (insert into seine.task(job_id, key, lane_id) select job_id, $1, min(lane_id) from seine.lane group by 1 returning *),
 q as (insert into seine.queue(job_id, key, lane_id) select job_id, key, lane_id from t), s as (insert into seine.stat select job_id, lane_id, 0, null, 1 from t)
 update seine.lane set parked = false, prio = 1 where lane_id in (select lane_id from t)`, site.URL+"/slow"); err != nil {
		t.Fatal(err)
	}
	<-asked
	stop()
	until(t, "draining", func() bool { return strings.Contains(wrong(t, w, "/readyz", "draining"), "shutting down") })
	if status, _ := ask(t, w, "/livez"); status != http.StatusOK {
		t.Errorf("while it drains it is not alive: %d", status)
	}
	release()
}

// metricsTell checks a worker's metrics after a done page and a skipped page.
func metricsTell(t *testing.T, w *runner.Worker) {
	t.Helper()
	// Waiting tasks are counted again after at most ten seconds.
	want := []string{
		`seine_build_info{version="v1.2.3"} 1`,
		`seine_claims_total{job="cards"} 2`,
		`seine_tasks_finished_total{job="cards",state="done"} 1`,
		`seine_tasks_finished_total{job="cards",state="skipped"} 1`,
		`seine_tasks_finished_total{job="cards",state="error"} 0`,
		`seine_fetches_total{outcome="2xx",via="http"} 2`,
		`seine_fetch_bytes_total{via="http"} 10`,
		`seine_fetch_seconds_count{via="http"} 2`,
		`seine_leases_lost_total 0`,
		`seine_store_errors_total 0`,
		`seine_workers 1`,
		`seine_tasks{job="cards",state="done"} 1`,
		`seine_tasks{job="cards",state="skipped"} 1`,
		`seine_tasks{job="cards",state="pending"} 0`,
		`seine_task_reasons{job="cards",reason="not wanted",state="skipped"} 1`,
		`seine_queue_ready{job="cards"} 0`,
		`seine_queue_oldest_due_seconds{job="cards"} 0`,
		`seine_browser_processes 0`,
		`seine_browser_memory_bytes 0`,
		`seine_concurrency_ratio 1`,
	}
	var text string
	missing := func() (out []string) {
		_, text = ask(t, w, "/metrics")
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				out = append(out, line)
			}
		}
		return out
	}
	for deadline := time.Now().Add(2 * time.Minute); len(missing()) > 0 && time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
	}
	if lines := missing(); len(lines) > 0 {
		var ours []string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "seine_") {
				ours = append(ours, line)
			}
		}
		t.Errorf("missing:\n%s\n\nof\n%s", strings.Join(lines, "\n"), strings.Join(ours, ""))
	}
}
