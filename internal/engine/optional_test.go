package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// An optional asset never fails its task, neither a missing one nor an asset of a host that stays
// down.
func TestAnOptionalAssetDoesNotFailItsTask(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"a host that is down": "http://127.0.0.1:1/a.png", "no base64": "data:image/png;base64,!!", "no URL": "javascript:1"} {
		r := newRig(t, hello)
		j := r.register(r.job(func(j *seine.Job) {
			j.Retry = seine.Retries{Error: 2, Backoff: 10 * time.Millisecond, HostDown: 100 * time.Millisecond}
			j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
				return seine.Result{
					Records: []seine.Record{{Fields: map[string]any{"id": task.ID}}},
					Assets:  []seine.Asset{{Name: "a", URL: url, Path: "a.{ext}", Optional: true}},
				}, nil
			})
		}))
		r.add(j, "a")
		r.run(j)
		if got := r.task(j, "a"); got.State != seine.Done {
			t.Errorf("%s: task %+v; want it done", name, got)
		}
	}
}
