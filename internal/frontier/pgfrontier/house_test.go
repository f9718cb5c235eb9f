package pgfrontier_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// A worker costs the server two connections, whatever its number of goroutines.
func TestTwoConnectionsAtMost(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 5 {
				if _, err := f.Jobs(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// The connections stay open for a while: the same ones exist later.
	got := query[int64](t, dsn, `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = 'seine'`)
	if got[0] < 1 || got[0] > 2 {
		t.Errorf("%d connections; want one or two", got[0])
	}
}

// Folding rewrites rows and changes no sum, not even by reason, while others count.
func TestFoldKeepsSums(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	step := func(i int) {
		t.Helper()
		if _, err := f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i), Lane: fmt.Sprintf("h%d:80", i%3), Priority: 1}}); err != nil {
			t.Fatal(err)
		}
		got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 1})
		if err != nil || len(got) != 1 {
			t.Fatalf("claimed %d, %v", len(got), err)
		}
		end := frontier.Completion{Claimed: got[0], State: seine.Done}
		if i%4 == 0 {
			end.State, end.Reason = seine.Skipped, fmt.Sprintf("why %d", i%8)
		}
		if out, err := f.Complete(t.Context(), l, job, []frontier.Completion{end}); err != nil || out.Kept != 1 {
			t.Fatalf("completed %+v, %v", out, err)
		}
	}
	for i := range n / 2 {
		step(i)
	}
	before, rows := status(t, f, job), query[int64](t, dsn, `select count(*) from seine.stat`)[0]
	var wg sync.WaitGroup
	for range 3 {
		other := open(t, dsn, nil)
		wg.Go(func() {
			for range 5 {
				if err := other.Fold(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := n / 2; i < n; i++ {
		step(i)
	}
	wg.Wait()
	if err := f.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := status(t, f, job)
	if after.Total != n || after.Open != 0 || after.Final[seine.Done] != 30 || after.Final[seine.Skipped] != 10 || before.Total != n/2 {
		t.Errorf("counts %+v, before %+v; want %d tasks, 30 done, 10 skipped", after.Counts, before.Counts, n)
	}
	slices.SortFunc(after.Reasons, func(a, b frontier.ReasonCount) int {
		return int(a.Reason[len(a.Reason)-1]) - int(b.Reason[len(b.Reason)-1])
	})
	if d := cmp.Diff([]frontier.ReasonCount{{State: seine.Skipped, Reason: "why 0", Count: 5}, {State: seine.Skipped, Reason: "why 4", Count: 5}}, after.Reasons); d != "" {
		t.Errorf("reasons (-want +got):\n%s", d)
	}
	if folded := query[int64](t, dsn, `select count(*) from seine.stat`)[0]; folded >= rows {
		t.Errorf("%d rows after the fold, %d before half of them were written: nothing was folded", folded, rows)
	}
}

func status(t *testing.T, f frontier.Frontier, job frontier.JobID) frontier.Status {
	t.Helper()
	s, err := f.Status(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	s.Reasons = slices.DeleteFunc(s.Reasons, func(r frontier.ReasonCount) bool { return r.Reason == "" })
	return s
}

// churn adds, claims and completes n tasks and ends its sessions, so that the server has counted
// the dead rows.
func churn(t *testing.T, dsn string, n int) {
	t.Helper()
	f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	job, err := f.Register(t.Context(), frontier.Spec{Name: "churn", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		t.Fatal(err)
	}
	var all []frontier.New
	for i := range n {
		all = append(all, frontier.New{Key: fmt.Sprint(i), Lane: fmt.Sprintf("shard/%02d", i%16), Priority: 1})
	}
	if _, err := f.Add(t.Context(), job, all); err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for left := n; left > 0; {
		got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 100})
		if err != nil {
			t.Fatal(err)
		}
		var batch []frontier.Completion
		for _, c := range got {
			batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done})
		}
		if _, err := f.Complete(t.Context(), l, job, batch); err != nil {
			t.Fatal(err)
		}
		left -= len(got)
	}
}

const vacuumed = `select count(*) from pg_stat_user_tables where schemaname = 'seine' and relname = 'queue' and vacuum_count > 0`

// A worker vacuums the queue once.
func TestTendVacuumsTheQueue(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	alter(t, dsn, `alter table seine.queue set (autovacuum_enabled = off)`)
	churn(t, dsn, 3000)
	f := open(t, dsn, nil)
	// Another session holds the table. Tend passes over it and does not wait.
	held := session(t, dsn)
	if _, err := held.Exec(t.Context(), `begin; lock table seine.queue in share update exclusive mode`); err != nil {
		t.Fatal(err)
	}
	if err := f.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := query[int64](t, dsn, vacuumed)[0]; n != 0 {
		t.Fatal("the queue was vacuumed while another held it")
	}
	if _, err := held.Exec(t.Context(), `rollback`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := f.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := query[int64](t, dsn, `select vacuum_count from pg_stat_user_tables where schemaname = 'seine' and relname = 'queue'`)[0]; n != 1 {
		t.Errorf("the queue was vacuumed %d times; want once", n)
	}
	if dead := query[int64](t, dsn, `select n_dead_tup from pg_stat_user_tables where schemaname = 'seine' and relname = 'queue'`)[0]; dead > 0 {
		t.Errorf("%d dead rows are left in the queue", dead)
	}
}

// A role that does not own the tables leaves them to the server, without an error.
func TestTendWithoutOwnership(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	churn(t, dsn, 2000)
	role := fmt.Sprintf("seine_worker_%d", os.Getpid())
	alter(t, dsn, `create role `+role+` login; grant usage on schema seine to `+role+`; grant select, insert, update, delete on all tables in schema seine to `+role)
	t.Cleanup(func() {
		c, err := pgx.Connect(context.Background(), dsn)
		if err == nil {
			_, err = c.Exec(context.Background(), `drop owned by `+role+`; drop role `+role)
			_ = c.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	f := open(t, u.String(), nil)
	if err := f.Tend(t.Context()); err != nil {
		t.Errorf("tend: %v", err)
	}
	if n := query[int64](t, dsn, vacuumed)[0]; n != 0 {
		t.Error("a role without the tables vacuumed one")
	}
}

func session(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func alter(t *testing.T, dsn, sql string) {
	t.Helper()
	if _, err := session(t, dsn).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// Overlapping adders, and completions with the same keys as follow-ups, never deadlock. The server
// counts deadlocks, although the driver retries.
func TestAddersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	const n = 2000
	spec := frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}
	task := func(i int) frontier.New {
		return frontier.New{Key: fmt.Sprint(i), Lane: fmt.Sprintf("h%d:80", i%17), Priority: i % 4}
	}
	var wg sync.WaitGroup
	for a := range 6 {
		f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		job, err := f.Register(t.Context(), spec, false)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if a%3 == 2 { // a worker
				l, err := f.OpenLease(t.Context(), "w", time.Minute)
				for i := 0; err == nil && i < 20; i++ {
					var got []frontier.Claimed
					got, err = f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 40})
					var batch []frontier.Completion
					for j, c := range got {
						batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done, Follow: []frontier.New{task((i*41 + j*7) % n), task((n - i*13 + j) % n)}})
					}
					if err == nil {
						_, err = f.Complete(t.Context(), l, job, batch)
					}
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
			for at := 0; at < n; at += 100 {
				var batch []frontier.New
				for i := at; i < at+100; i++ {
					if k := i; a%2 == 0 {
						batch = append(batch, task(k))
					} else {
						batch = append(batch, task(n-1-k))
					}
				}
				if _, err := f.Add(t.Context(), job, batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if c := query[int64](t, dsn, `select count(*) from seine.task`)[0]; c != n {
		t.Errorf("%d tasks; want %d", c, n)
	}
	if d := query[int64](t, dsn, `select deadlocks from pg_stat_database where datname = current_database()`)[0]; d != 0 {
		t.Errorf("%d deadlocks; want none", d)
	}
}
