package pgfrontier_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// A statement that was planned with few tasks does not read more with many. The tables are not
// analyzed in between.
func TestPlansOfAFewTasksLast(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	exec := executing(t, dsn)
	for _, table := range []string{"task", "queue", "lane", "record", "block_stat", "step_stat"} {
		exec(`alter table seine.` + table + ` set (autovacuum_enabled = off)`)
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		t.Fatal(err)
	}
	costs := explained(t, f)
	w := &hot{T: t, f: f, job: job}
	w.lease = w.must2(f.OpenLease(ctx, "w", time.Minute))
	_, err = f.Add(ctx, job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 1}})
	w.must(err)
	n := 0
	follow := func() map[string]cost {
		t.Helper()
		costs.take()
		for range 12 { // by then every statement keeps its plan
			n++
			got, err := f.Claim(ctx, w.lease, frontier.ClaimArgs{Job: job, N: 1})
			w.must(err)
			if len(got) != 1 {
				t.Fatalf("claimed %d tasks; want 1", len(got))
			}
			end := frontier.Completion{
				Claimed: got[0], State: seine.Done,
				Follow:  []frontier.New{{Key: fmt.Sprint("next", n), Lane: "h:80", Priority: 0}},
				Records: []frontier.Record{{Key: got[0].Key, Kind: "record", Fields: []byte(`{}`), FetchedAt: time.Now()}},
			}
			end.Explored = &frontier.Explored{Observation: explore.Observation{Sums: explore.Sums{Done: 1}, Step: explore.Probes, Trials: 1}}
			out, err := f.Complete(ctx, w.lease, job, []frontier.Completion{end})
			w.must(err)
			if out.Kept != 1 || len(out.Refused) != 0 {
				t.Fatalf("completed %+v", out)
			}
			_, err = f.Lookup(ctx, job, []string{got[0].Key, "b", "k000001"})
			w.must(err)
		}
		return costs.take()
	}
	few := follow()
	exec(`insert into seine.task(job_id, key, lane_id) select $1, 'k' || i, 1 from generate_series(1, 20000) i`, job)
	exec(`insert into seine.queue(job_id, key, lane_id, prio) select $1, 'k' || i, (select lane_id from seine.lane where lane_key = 'h:80'), 1 from generate_series(1, 20000) i`, job)
	many := follow()
	for _, name := range []string{"sqlMine", "sqlStill", "sqlAdd", "sqlRecords", "sqlLock", "sqlWake", "sqlFinishGood", "sqlAnswers", "sqlLookup"} {
		if len(few[name].runs) == 0 {
			t.Errorf("%s was not run", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(few)) {
		s, l := few[name].buffers(), many[name].buffers()
		t.Logf("%-14s %3d runs %6d buffers, %6d of many", name, len(few[name].runs), s, l)
		if l > 2*s+slack/2 {
			t.Errorf("%s touches %d buffers of a few tasks and %d of twenty thousand:\n%s", name, s, l, many[name].plan)
		}
	}
}

// A list handles each task a few times, not all tasks for each one. The queue has no index by key.
// The statistics of the tables are first from the time when they were empty, and then current.
func TestListingHandlesEachTaskOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	exec := executing(t, dsn)
	for _, table := range []string{"task", "queue"} {
		exec(`alter table seine.` + table + ` set (autovacuum_enabled = off)`)
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(ctx, job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 1}}); err != nil {
		t.Fatal(err)
	}
	const n = 10_000
	exec(`insert into seine.task(job_id, key, lane_id, state) select $1, 'k' || i, 1, i % 2 from generate_series(1, 2 * $2::int) i`, job, n)
	exec(`insert into seine.queue(job_id, key, lane_id, prio) select $1, 'k' || i, (select lane_id from seine.lane where lane_key = 'h:80'), 1
 from generate_series(1, 2 * $2::int) i where i % 2 = 0`, job, n)
	var (
		mu   sync.Mutex
		most float64
		plan string
	)
	if err := f.Explained(ctx, func(text string) {
		_, body, found := strings.Cut(text, "plan:\n")
		if !found {
			return
		}
		var explained struct{ Plan node }
		if err := json.Unmarshal([]byte(body), &explained); err != nil {
			t.Errorf("auto_explain: %v in %.200s", err, body)
		}
		mu.Lock()
		defer mu.Unlock()
		if s := explained.Plan.handled(); s > most {
			most, plan = s, body
		}
	}); err != nil {
		t.Fatal(err)
	}
	list := func(filter frontier.Filter) (seen int) {
		t.Helper()
		for filter.Limit = 4_000; ; {
			page, err := f.Tasks(ctx, job, filter)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				return seen
			}
			seen, filter.After = seen+len(page), page[len(page)-1].Key
		}
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			exec(`analyze seine.task, seine.queue`)
		}
		if got := list(frontier.Filter{}); got != 2*n+1 {
			t.Errorf("listed %d tasks; want %d", got, 2*n+1)
		}
		if got := list(frontier.Filter{States: []seine.State{seine.Pending}, Host: "h:80"}); got != n+1 {
			t.Errorf("listed %d pending tasks; want %d", got, n+1)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if most == 0 || most > 20*2*n {
		t.Errorf("a page of %d tasks handles %.0f rows:\n%s", 2*n, most, plan)
	}
}

// executing runs statements outside the frontier.
func executing(t *testing.T, dsn string) func(sql string, args ...any) {
	t.Helper()
	side := session(t, dsn)
	return func(sql string, args ...any) {
		t.Helper()
		if _, err := side.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
}
