package pgfrontier_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// A claim in doubt that was committed is not forgotten. Otherwise its tasks would stay leased for
// the life of the worker.
func TestAClaimWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		pace frontier.LanePace
		text string // of the claim's commit
	}{
		{"unpaced", frontier.LanePace{Inflight: 1000}, "synchronous_commit = off"},
		{"paced", frontier.LanePace{Inflight: 1, Delay: seine.Span{Min: time.Millisecond, Max: time.Millisecond}}, "commit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Through(t, pgtest.Migrated(t)+"&default_query_exec_mode=exec")
			f := open(t, proxy.DSN, nil)
			job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: tt.pace}, false)
			if err != nil {
				t.Fatal(err)
			}
			var tasks []frontier.New
			for i := range 100 {
				tasks = append(tasks, frontier.New{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1})
			}
			if _, err := f.Add(t.Context(), job, tasks); err != nil {
				t.Fatal(err)
			}
			l, err := f.OpenLease(t.Context(), "w", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			proxy.Swallow(tt.text)
			got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 14})
			if err != nil || len(got) == 0 {
				t.Fatalf("claimed %d, %v", len(got), err)
			}
			if n, err := f.InProgress(t.Context(), job, ""); err != nil || n != int64(len(got)) {
				t.Errorf("%d tasks are in progress and %d were given to the worker, %v", n, len(got), err)
			}
		})
	}
}

// InProgress waits for a claim in flight.
func TestInProgressWaitsForClaims(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(t.Context(), job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 1}}); err != nil {
		t.Fatal(err)
	}
	claim, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = claim.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{`begin`, `select from seine.lane for update`, `update seine.lane set inflight = 1`} {
		if _, err := claim.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.PauseJob(t.Context(), job, true); err != nil {
		t.Fatal(err)
	}
	counted := make(chan int64, 1)
	go func() {
		n, err := f.InProgress(t.Context(), job, "")
		if err != nil {
			t.Error(err)
		}
		counted <- n
	}()
	select {
	case n := <-counted:
		t.Fatalf("%d in progress while a claim is under way", n)
	case <-time.After(300 * time.Millisecond):
	}
	if _, err := claim.Exec(t.Context(), `commit`); err != nil {
		t.Fatal(err)
	}
	if n := <-counted; n != 1 {
		t.Errorf("%d in progress; want the one that was claimed", n)
	}
}

// A server that does not answer in time is unreachable: workers wait for it.
func TestNoAnswerInTimeIsAway(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if _, err := f.Jobs(ctx); !errors.Is(err, frontier.ErrUnavailable) {
		t.Errorf("%v; want %v", err, frontier.ErrUnavailable)
	}
	// An idle session that the server ended, and a statement that an operator canceled, are
	// retried.
	query[bool](t, dsn, `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
	if _, err := f.Jobs(t.Context()); err != nil {
		t.Error(err)
	}
}
