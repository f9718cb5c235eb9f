package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// distant is a real frontier whose answers to claims are long on their way.
type distant struct {
	frontier.Frontier
	by time.Duration
}

func (d distant) Claim(ctx context.Context, l frontier.Lease, args frontier.ClaimArgs) ([]frontier.Claimed, error) {
	got, err := d.Frontier.Claim(ctx, l, args)
	select {
	case <-ctx.Done():
	case <-time.After(d.by):
	}
	return got, err
}

// If the time of a start has passed before the worker could make it, the worker takes another one,
// so that it does not collide with other workers' starts.
func TestLateStartsDoNotCrowdTheHost(t *testing.T) {
	t.Parallel()
	const delay, tasks = 50 * time.Millisecond, 40
	pulse := testkit.NewPulse(t)
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Concurrency: 8}
	}))
	var keys []string
	for i := range tasks {
		keys = append(keys, string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	r.add(j, keys...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var both sync.WaitGroup
	for _, f := range []frontier.Frontier{r.f, distant{r.f, 350 * time.Millisecond}} {
		e := r.engine(j, func(c *engine.Config) { c.Frontier = f })
		both.Go(func() {
			if err := e.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	at := r.site.Starts("")
	slices.SortFunc(at, time.Time.Compare)
	if len(at) != tasks {
		t.Fatalf("%d requests; want %d", len(at), tasks)
	}
	evenly(t, pulse, at, delay)
}
