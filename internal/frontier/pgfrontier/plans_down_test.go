package pgfrontier_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// The end of a host's tasks does not read the tasks of other hosts, ready or waiting. A list of
// images may name very many hosts that do not resolve. The tables are not analyzed in between.
func TestPlansOfHostsThatAreDownLast(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	exec := executing(t, dsn)
	for _, table := range []string{"task", "queue", "lane"} {
		exec(`alter table seine.` + table + ` set (autovacuum_enabled = off)`)
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	costs := explained(t, f)
	n := 0
	down := func() map[string]cost {
		t.Helper()
		costs.take()
		for range 12 { // by then every statement keeps its plan
			n++
			host := fmt.Sprintf("h%d:80", n)
			if _, err := f.Add(ctx, job, []frontier.New{{Key: fmt.Sprint("ready", n), Lane: host, Priority: 1}, {Key: fmt.Sprint("waits", n), Lane: host, Priority: 1}}); err != nil {
				t.Fatal(err)
			}
			exec(`update seine.queue set run_at = now() where key = $1`, fmt.Sprint("waits", n))
			exec(`update seine.lane set faults = 1, down_since = now() - interval '1 hour' where lane_key = $1`, host)
			if is, ended, err := f.HostDown(ctx, job, host, time.Minute, "down"); err != nil || !is || ended != 2 {
				t.Fatalf("%s is down: %v, %d tasks ended, %v; want 2", host, is, ended, err)
			}
		}
		return costs.take()
	}
	few := down()
	for _, at := range []string{`null`, `now()`} {
		exec(`insert into seine.task(job_id, key, lane_id) select $1, 'k' || i || $2, 1000 + i from generate_series(1, 10000) i`, job, at)
		exec(`insert into seine.queue(job_id, key, lane_id, prio, run_at) select $1, 'k' || i || $2, 1000 + i, 1, `+at+` from generate_series(1, 10000) i`, job, at)
	}
	many := down()
	for _, name := range []string{"sqlDown", "sqlEndHost"} {
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
