package engine_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// HTTP 503 costs no attempt. A task with one attempt is done when the host recovers.
func TestARefusalCostsNoAttempt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		var asked atomic.Int32
		r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
			if asked.Add(1) <= 4 {
				w.WriteHeader(status)
				return
			}
			hello(w, q)
		})
		j := r.register(r.job(func(j *seine.Job) {
			j.Retry = seine.Retries{Error: 1, Backoff: 20 * time.Millisecond}
		}))
		r.add(j, "a")
		r.run(j)
		if got := r.task(j, "a"); got.State != seine.Done || got.Attempt != 1 {
			t.Errorf("HTTP %d: task %+v; want it done at attempt 1", status, got)
		}
	}
}

// A host that refuses a task for retry.refused ends it, with the last status as the reason.
func TestARefusedTaskEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	j := r.register(r.job(func(j *seine.Job) {
		j.Retry = seine.Retries{Error: 8, Backoff: 20 * time.Millisecond, Refused: 100 * time.Millisecond}
	}))
	r.add(j, "a")
	r.run(j)
	if got := r.task(j, "a"); got.State != seine.Error || !got.Final || got.Reason != "HTTP 429" || got.Attempt != 1 {
		t.Errorf("task %+v; want it ended in error with HTTP 429 at attempt 1", got)
	}
}

// A host that refuses connections ends its tasks together after retry.host_down.
func TestAHostThatIsDownEndsItsTasks(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.URL = "http://127.0.0.1:1/p/{id}"
		j.Retry = seine.Retries{HostDown: time.Second}
	}))
	keys := strings.Split("abcdefghijklmnopqrstuvwxyz", "")
	r.add(j, keys...)
	r.run(j)
	list, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{States: []seine.State{seine.Error}})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(keys) {
		t.Fatalf("%d tasks ended in error; want %d", len(list), len(keys))
	}
	for _, task := range list {
		if !task.Final || task.Reason != "connection refused" || task.Attempt > 1 {
			t.Errorf("task %+v; want it final: connection refused", task)
		}
	}
}

// A failure that another attempt would repeat is final at once.
func TestAFinalFailureIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, scraper := range map[string]seine.Scraper{
		"an error": seine.ScraperFunc(func(_ context.Context, _ seine.Task, _ *seine.Page) (seine.Result, error) {
			return seine.Result{}, errors.Join(seine.ErrFinal, errors.New("too deep"))
		}),
		"a verdict": seine.ScraperFunc(func(_ context.Context, _ seine.Task, _ *seine.Page) (seine.Result, error) {
			return seine.Result{Verdict: seine.Verdict{State: seine.Error, Reason: "no price", Final: true}}, nil
		}),
	} {
		r := newRig(t, hello)
		j := r.register(r.job(func(j *seine.Job) {
			j.Scraper = scraper
			j.Retry.Backoff = time.Millisecond
		}))
		r.add(j, "a")
		r.run(j)
		if got := r.task(j, "a"); got.State != seine.Error || got.Attempt != 1 || r.site.Count("/p/a") != 1 {
			t.Errorf("%s: task %+v after %d requests; want one", name, got, r.site.Count("/p/a"))
		}
	}
}

// task returns one task as it is listed.
func (r *rig) task(j *engine.Job, key string) frontier.TaskInfo {
	r.Helper()
	list, err := r.f.Tasks(r.Context(), j.ID, frontier.Filter{Keys: []string{key}})
	if err != nil || len(list) != 1 {
		r.Fatalf("task %s: %v, %v", key, list, err)
	}
	return list[0]
}
