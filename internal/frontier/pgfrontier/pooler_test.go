package pgfrontier_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// TestPooler counts the connections of a server while workers work, with and without PgBouncer.
// docs/scaling.md shows the figures.
//
//	scripts/with-postgres go test -run TestPooler -v ./internal/frontier/pgfrontier
func TestPooler(t *testing.T) {
	t.Parallel()
	t.Logf("workers   direct   PgBouncer (default_pool_size = 4)")
	for _, n := range []int{1, 5, 10, 20, 40} {
		direct, pooled := connections(t, n, false), connections(t, n, true)
		t.Logf("%7d   %6d   %9d", n, direct, pooled)
		if direct > 2*n {
			t.Errorf("%d workers hold %d connections; want at most two each", n, direct)
		}
		if pooled > 4 {
			t.Errorf("%d workers hold %d connections behind PgBouncer; want at most its 4", n, pooled)
		}
	}
}

// connections returns the largest number of connections to the server while a fleet works.
func connections(t *testing.T, workers int, pooled bool) int {
	t.Helper()
	dsn := pgtest.Migrated(t)
	at := dsn
	if pooled {
		at = pgtest.Bouncer(t, dsn)
	}
	looker, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = looker.Close(context.WithoutCancel(t.Context())) }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var working sync.WaitGroup
	for i := range workers {
		f, err := pgfrontier.Open(t.Context(), at, pgfrontier.Options{}) // as a worker does
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
		if err != nil {
			t.Fatal(err)
		}
		lease, err := f.OpenLease(t.Context(), fmt.Sprint("w", i), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		working.Go(func() { work(ctx, t, f, job, lease, i) })
		working.Go(func() {
			for ctx.Err() == nil {
				if err := f.Heartbeat(ctx, lease, nil); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				<-time.After(10 * time.Millisecond)
			}
		})
	}
	most := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		var n int
		if err := looker.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
	}
	stop()
	working.Wait()
	return most
}

// work adds, claims and completes until ctx ends.
func work(ctx context.Context, t *testing.T, f *pgfrontier.Frontier, job frontier.JobID, lease frontier.Lease, worker int) {
	for round := 0; ctx.Err() == nil; round++ {
		var more []frontier.New
		for k := range 10 {
			more = append(more, frontier.New{Key: fmt.Sprintf("%d-%d-%d", worker, round, k), Lane: fmt.Sprintf("shard/%02d", worker%16)})
		}
		_, err := f.Add(ctx, job, more)
		var got []frontier.Claimed
		if err == nil {
			got, err = f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: 10})
		}
		if err == nil && len(got) > 0 {
			var batch []frontier.Completion
			for _, c := range got {
				batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done})
			}
			_, err = f.Complete(ctx, lease, job, batch)
		}
		if err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
	}
}

// The DSN sets the number of connections of a process.
func TestPoolMaxConns(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	for query, want := range map[string]int32{"": 2, "&pool_max_conns=1": 1, "&pool_max_conns=5": 5} {
		f, err := pgfrontier.Open(t.Context(), dsn+query, pgfrontier.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.MaxConns(); got != want {
			t.Errorf("%q: %d connections; want %d", query, got, want)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
