package pgfrontier_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/frontiertest"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func open(t *testing.T, dsn string, now func() time.Time) *pgfrontier.Frontier {
	t.Helper()
	f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{Now: now, Conns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestFrontier(t *testing.T) {
	t.Parallel()
	frontiertest.Run(t, func(t *testing.T, now func() time.Time) frontier.Frontier {
		return open(t, pgtest.Migrated(t), now)
	})
}

// The suite through PgBouncer in transaction mode: without prepared statements, and with another
// connection to the server for each transaction.
func TestFrontierThroughPgBouncer(t *testing.T) {
	t.Parallel()
	frontiertest.Run(t, func(t *testing.T, now func() time.Time) frontier.Frontier {
		return open(t, pgtest.Bouncer(t, pgtest.Migrated(t)), now)
	})
}

// The error about a DSN without the exec mode names the missing part.
func TestPgBouncerNeedsExecMode(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.Bouncer(t, pgtest.Migrated(t)))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("default_query_exec_mode")
	u.RawQuery = q.Encode()
	f := open(t, u.String(), nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	said := ""
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := f.Jobs(t.Context()); err != nil {
					mu.Lock()
					said = err.Error()
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	if !strings.Contains(said, "add default_query_exec_mode=exec to the DSN") {
		t.Errorf("it says %q; want what to add to the DSN", said)
	}
}

// A claim reads the queue, which contains no ended task: its cost does not depend on the number of
// done tasks.
func TestFinishedTasksAreNotClaimedPast(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1000}}, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var all []frontier.New
	for i := range 300 {
		all = append(all, frontier.New{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1})
	}
	if _, err := f.Add(t.Context(), job, all); err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 250})
	if err != nil || len(got) != 250 {
		t.Fatalf("claimed %d, %v", len(got), err)
	}
	var batch []frontier.Completion
	for _, c := range got {
		batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done})
	}
	if _, err := f.Complete(t.Context(), l, job, batch); err != nil {
		t.Fatal(err)
	}
	if open, ever := query[int64](t, dsn, `select count(*) from seine.queue`)[0], query[int64](t, dsn, `select count(*) from seine.task`)[0]; open != 50 || ever != 300 {
		t.Errorf("%d tasks to claim from of %d; want 50 of 300", open, ever)
	}
}
