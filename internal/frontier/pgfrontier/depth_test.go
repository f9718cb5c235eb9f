package pgfrontier_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// The cost of a scrape does not grow with the queue: a million tasks cost as much as fifty thousand
// on as many hosts.
func TestDepthStaysFlat(t *testing.T) {
	t.Parallel()
	small, large := depthCosts(t, 50_000), depthCosts(t, 1_000_000)
	for _, name := range []string{"sqlDepth", "sqlDepthOldest", "sqlDepthWaits", "sqlDepthReady", "sqlDepthReasons"} {
		s, l := small[name].buffers(), large[name].buffers()
		t.Logf("%-16s %6d buffers, %6d at a million", name, s, l)
		if len(large[name].runs) == 0 || len(small[name].runs) == 0 {
			t.Errorf("%s was not run", name)
		}
		if l > 2*s+slack {
			t.Errorf("%s touches %d buffers at a million tasks and %d at fifty thousand:\n%s", name, l, s, large[name].plan)
		}
	}
}

func depthCosts(t *testing.T, n int) map[string]cost {
	t.Helper()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, dsn, job, n, true)
	var (
		mu    sync.Mutex
		costs = map[string]cost{}
	)
	if err := f.Explained(t.Context(), func(text string) {
		mu.Lock()
		defer mu.Unlock()
		note(t, costs, text)
	}); err != nil {
		t.Fatal(err)
	}
	for range 8 { // from the sixth run on, a prepared statement keeps its plan
		d, err := f.Depth(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		if d.Lanes == 0 || d.Ready() == 0 || d.Oldest == 0 {
			t.Fatalf("%+v", d)
		}
	}
	t.Logf("%d tasks: %v", n, slices.Sorted(maps.Keys(costs)))
	return costs
}
