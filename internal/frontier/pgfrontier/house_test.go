package pgfrontier_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// A worker costs the server two connections, however many goroutines ask.
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
	// They stay open for a while: those that were there are still there.
	got := query[int64](t, dsn, `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = 'seine'`)
	if got[0] < 1 || got[0] > 2 {
		t.Errorf("%d connections; want one or two", got[0])
	}
}

// Folding rewrites rows and changes no sum, by reason either, while others count.
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
