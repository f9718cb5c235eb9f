package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "gocloud.dev/blob/s3blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/wiring"
)

// A store that accepts connections and never answers holds no task until its deadline. It is
// reported once, and no task is done without its bytes.
func TestStoreThatGoesAway(t *testing.T) {
	t.Parallel()
	memory := s3mem.New()
	if err := memory.CreateBucket("cards"); err != nil {
		t.Fatal(err)
	}
	amazon := gofakes3.New(memory, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	var silent atomic.Int64 // so many uploads more get no answer
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPut && silent.Add(-1) >= 0 {
			_, _ = io.Copy(io.Discard, q.Body) // only then a server sees the client go
			<-q.Context().Done()
			return
		}
		amazon.ServeHTTP(w, q)
	}))
	t.Cleanup(front.Close)
	bucket, err := wiring.Store(t.Context(), "s3://cards?region=us-east-1&anonymous=true&use_path_style=true&endpoint="+front.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })

	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Concurrency = 4
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			return seine.Result{
				Records: []seine.Record{{Fields: map[string]any{"id": task.ID}}},
				Assets:  []seine.Asset{{Name: "a", URL: page.URL, Path: task.ID}},
			}, nil
		})
	}))
	j.Keeper = asset.New(bucket, asset.Options{Patience: 3 * time.Second})
	r.add(j, "1", "2", "3", "4")
	silent.Store(4)
	r.run(j)
	if got, want := r.states(j), "1:done 2:done 3:done 4:done"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	for i := range 4 {
		if body, err := bucket.ReadAll(t.Context(), fmt.Sprint(i+1)); err != nil || len(body) == 0 {
			t.Errorf("file %d: %d bytes, %v", i+1, len(body), err)
		}
	}
	log := r.log.String()
	for _, once := range []string{`msg="store does not answer`, `msg="store is back`} {
		if n := strings.Count(log, once); n != 1 {
			t.Errorf("%q is logged %d times; want once\n%s", once, n, log)
		}
	}
	if !strings.Contains(log, `reason="asset a: store does not answer"`) {
		t.Errorf("no task tells its reason:\n%s", log)
	}
}
