package engine_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// refusedOnce calls then after the first batch of which the database refused a
// result.
type refusedOnce struct {
	frontier.Frontier
	once *sync.Once
	then func()
}

func (f refusedOnce) Complete(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Completion) (frontier.Outcome, error) {
	out, err := f.Frontier.Complete(ctx, l, job, batch)
	if len(out.Bad) > 0 {
		f.once.Do(f.then)
	}
	return out, err
}

// A result that the database refuses ends its own task alone, in error. If the lease is lost before
// the result is reported, the task is retried and ends once.
func TestResultThatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lost bool
	}{{"the lease stands", false}, {"the lease is lost meanwhile", true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, hello)
			j := r.register(r.job(nil))
			side, err := sql.Open("sqlite", r.path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = side.Close() }()
			if _, err := side.ExecContext(t.Context(), `create trigger refuse before insert on record when new.key = 'bad' begin select raise(abort, 'no'); end`); err != nil {
				t.Fatal(err)
			}
			r.add(j, "a", "bad", "c")
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			e := r.engine(j, func(c *engine.Config) {
				c.Lease = 400 * time.Millisecond
				c.Frontier = refusedOnce{r.f, &sync.Once{}, func() {
					if tt.lost {
						r.steal(time.Second)
					}
				}}
			})
			if err := e.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if got, want := r.states(j), "a:done bad:error(the database refuses the result) c:done"; got != want {
				t.Errorf("tasks %s; want %s", got, want)
			}
			if n := strings.Count(r.log.String(), `msg="task ended" job=j task=bad`); n != 1 {
				t.Errorf("the refused task ended %d times; want once\n%s", n, r.log)
			}
		})
	}
}

// A neighbor function that panics ends its task in error with that reason, because otherwise a
// chain that just ended would look exhausted.
func TestNeighborThatPanics(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Explore = seine.Explore{Strategy: seine.StrategyChain, Neighbor: func(task seine.Task, _ *seine.Page, dir int) string {
			if task.ID == "b" {
				panic("no such link")
			}
			if dir > 0 {
				return string(task.ID[0] + 1)
			}
			return ""
		}}
	}))
	r.add(j, "a")
	r.run(j)
	if got, want := r.states(j), "a:done b:error(the neighbor function panics: no such link)"; got != want {
		t.Errorf("tasks %s; want %s", got, want)
	}
}
