package chaos

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPlanIsDecidedByItsSeed(t *testing.T) {
	t.Parallel()
	f := PlanFor{Duration: time.Minute, Workers: 3, Lease: 2 * time.Second}
	if d := cmp.Diff(Plan(1, f), Plan(1, f)); d != "" {
		t.Errorf("two plans of one seed differ: %s", d)
	}
	if cmp.Equal(Plan(1, f), Plan(2, f)) {
		t.Error("two seeds give one plan")
	}
	kinds, refusals := map[Kind]int{}, 0
	for _, e := range Plan(1, f) {
		kinds[e.Kind]++
		if e.Trouble == "HTTP 429" || e.Trouble == "HTTP 503" {
			refusals++
		}
		if e.At >= f.Duration || e.Worker >= f.Workers || e.Kind == Pause && e.For <= f.Lease {
			t.Errorf("event %+v is outside of what it is for", e)
		}
	}
	if len(kinds) != 8 || refusals != 1 {
		t.Errorf("in a minute come %v with %d refusals; want each kind, and one", kinds, refusals)
	}
	f.OneFile = true
	for _, e := range Plan(1, f) {
		switch e.Kind {
		case StopServer, CrashServer, Cut, Stall:
			t.Errorf("%s on one file", e.Kind)
		default:
		}
	}
}
