package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// poisonSite names the site of the job whose worker this process is.
const poisonSite = "WORKER_TEST_SITE"

func TestMain(m *testing.M) {
	if site := os.Getenv(poisonSite); site != "" {
		if err := runPoisoned(site); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runPoisoned runs a job with one task that kills its worker, like a task that uses up all memory.
func runPoisoned(site string) error {
	return runner.Run(context.Background(), runner.Config{
		Frontier: "sqlite:seine.db", Store: "file:store", Migrate: true, UntilDone: true, Lease: time.Second,
		Jobs: []seine.Job{{
			Name:  "poisoned",
			Seeds: seine.Seeds{URL: site + "/{id}", IDs: []seine.IDSpace{{From: 1, To: 20}}}, Explore: seine.Explore{Strategy: seine.StrategyOff},
			Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
			Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}, Concurrency: seine.Unlimited},
			Retry: seine.Retries{Error: 4, Backoff: 20 * time.Millisecond},
			Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
				if task.Key == "7" {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
				return seine.Result{}, nil
			}),
		}},
	})
}

// A task that kills its worker uses up its attempts and ends in error with that reason. The workers
// that follow do all other tasks.
func TestATaskThatKillsItsWorker(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "x") })
	dir := t.TempDir()
	died := 0
	for ended := false; !ended; {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Dir, c.Env = dir, append(os.Environ(), poisonSite+"="+site.URL)
		out, err := c.CombinedOutput()
		if ended = err == nil; ended {
			break
		}
		if s, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() {
			t.Fatalf("a worker: %v\n%s", err, out)
		}
		if died++; died > 8 {
			t.Fatal("eight workers died of one task with four attempts")
		}
	}
	f := testkit.Open(t, "sqlite:"+filepath.Join(dir, "seine.db"), drivers.Options{})
	jobs, err := f.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs %v, %v", jobs, err)
	}
	tasks, err := f.Tasks(t.Context(), jobs[0].ID, frontier.Filter{})
	if err != nil || len(tasks) != 20 {
		t.Fatalf("%d tasks, %v; want 20", len(tasks), err)
	}
	for _, x := range tasks {
		switch {
		case x.Key == "7":
			if x.State != seine.Error || !x.Final || x.Reason != "worker died" || x.Attempt != 4 {
				t.Errorf("the task that kills: %+v; want a final error, worker died, after 4 attempts", x)
			}
		case x.State != seine.Done:
			t.Errorf("task %s beside it: %v (%s) at attempt %d; want done", x.Key, x.State, x.Reason, x.Attempt)
		}
	}
	if died != 4 {
		t.Errorf("%d workers died; want 4", died)
	}
}
