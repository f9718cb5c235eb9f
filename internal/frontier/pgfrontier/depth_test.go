package pgfrontier_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
)

// depthStaysFlat: the cost of a scrape does not grow with the queue. A million tasks cost as much
// as fifty thousand on as many hosts.
func depthStaysFlat(t *testing.T, million database) {
	t.Helper()
	small, large := depthCosts(t, filled(t, 50_000, true)), depthCosts(t, million)
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

func depthCosts(t *testing.T, in database) map[string]cost {
	t.Helper()
	// An index alone answers for pages that are vacuumed. Autovacuum must not decide which ones
	// are.
	alter(t, in.dsn, `vacuum (analyze) seine.queue, seine.lane`)
	f := open(t, in.dsn, nil)
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
		d, err := f.Depth(t.Context(), in.job)
		if err != nil {
			t.Fatal(err)
		}
		if d.Lanes == 0 || d.Ready() == 0 || d.Oldest == 0 {
			t.Fatalf("%+v", d)
		}
	}
	t.Logf("%v", slices.Sorted(maps.Keys(costs)))
	return costs
}
