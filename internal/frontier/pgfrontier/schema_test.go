package pgfrontier_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func query[T any](t *testing.T, dsn, sql string) []T {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	rows, err := c.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFourMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Empty(t)
	var wg sync.WaitGroup
	for range 4 {
		f := open(t, dsn, nil)
		wg.Go(func() {
			if v, err := f.Migrate(t.Context()); err != nil || frontier.CheckSchema(v) != nil {
				t.Errorf("migrate: %d, %v", v, err)
			}
		})
	}
	wg.Wait()
	if v, err := open(t, dsn, nil).Migrate(t.Context()); err != nil || v != 1000*frontier.SchemaMajor+frontier.SchemaMinor {
		t.Errorf("migrate once more: %d, %v; want %d.%d", v, err, frontier.SchemaMajor, frontier.SchemaMinor)
	}
}

func TestNewerMajorSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	query[int](t, dsn, `insert into seine.goose_db_version(version_id, is_applied) values (2001, true) returning 1`)
	f := open(t, dsn, nil)
	if _, err := f.Migrate(t.Context()); !errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), "newer seine") {
		t.Errorf("migrate: %v; want %v", err, frontier.ErrSchema)
	}
	if v, _, err := f.Version(t.Context()); err != nil || !errors.Is(frontier.CheckSchema(v), frontier.ErrSchema) {
		t.Errorf("version %d, %v", v, err)
	}
}

// The monitoring query of the original works on the view.
func TestWorkQueueShowsEveryState(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if _, err := f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1, Meta: []byte(`{"set":"base"}`)}}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := f.OpenLease(t.Context(), "pod-1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 5})
	if err != nil || len(got) != 5 {
		t.Fatalf("claimed %d, %v", len(got), err)
	}
	if _, err := f.Complete(t.Context(), l, job, []frontier.Completion{{Claimed: got[0], State: seine.Done}, {Claimed: got[1], State: seine.Skipped}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Fail(t.Context(), l, job, []frontier.Failure{{Claimed: got[2], State: seine.Error, Delay: time.Hour}, {Claimed: got[3], State: seine.Stale, Delay: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	counts := query[string](t, dsn, `SELECT status || ' ' || COUNT(*) FROM work_queue GROUP BY status ORDER BY 1`)
	if got, want := strings.Join(counts, ", "), "done 1, error 1, in_progress 1, pending 1, skipped 1, stale 1"; got != want {
		t.Errorf("work_queue: %s; want %s", got, want)
	}
	row := query[string](t, dsn, `select concat_ws(' ', task_id, status, worker_id, priority, metadata, updated_at is not null) from work_queue where status = 'in_progress'`)
	if want := got[4].Key + ` in_progress pod-1 1 {"set": "base"} t`; len(row) != 1 || row[0] != want {
		t.Errorf("a row of the view: %q; want %q", row, want)
	}
}

// The database of the original has a table of that name. It stays.
func TestAForeignWorkQueueStays(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Empty(t)
	query[int](t, dsn, `with x as (select 1) select 1`)
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), `create table public.work_queue (cert_id bigint primary key, status text); insert into public.work_queue values (7, 'done')`); err != nil {
		t.Fatal(err)
	}
	_ = c.Close(t.Context())
	if _, err := open(t, dsn, nil).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query[int64](t, dsn, `select cert_id from public.work_queue`); len(got) != 1 || got[0] != 7 {
		t.Errorf("the table holds %v; want its row", got)
	}
	if got := query[int64](t, dsn, `select count(*) from seine.work_queue`); got[0] != 0 {
		t.Errorf("seine.work_queue has %d rows", got[0])
	}
}

func TestDatabasesThatCantBeUsed(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(os.Getenv(pgtest.Env))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(u *url.URL)) string {
		u := *server
		u.User = url.UserPassword(server.User.Username(), "opensesame")
		change(&u)
		return u.String()
	}
	for name, dsn := range map[string]string{
		"nobody listens":       with(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
		"no such database":     with(func(u *url.URL) { u.Path = "/nowhere" }),
		"no such role":         with(func(u *url.URL) { u.User = url.UserPassword("nobody", "opensesame") }),
		"no DSN at all":        "postgres://u:opensesame@h:notaport/x",
		"a parameter it lacks": with(func(u *url.URL) { u.RawQuery = "sslmode=perhaps" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{})
			if !errors.Is(err, frontier.ErrUnavailable) || strings.Contains(err.Error(), "opensesame") || strings.Contains(err.Error(), "\n") {
				t.Errorf("open: %v; want %v in one line, without the password", err, frontier.ErrUnavailable)
			}
		})
	}
	empty := open(t, pgtest.Empty(t), nil)
	if _, err := empty.Jobs(t.Context()); !errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), "seine migrate") {
		t.Errorf("a database without the schema: %v; want %v", err, frontier.ErrSchema)
	}
}

// A cut connection, and a session that the server ends, cost nothing.
func TestCutConnectionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		query[bool](t, dsn, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
		if _, err := f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1}}); err != nil {
			t.Fatalf("add %d after the connections were cut: %v", i, err)
		}
	}
	if c, err := f.Counts(t.Context(), job); err != nil || c.Total != 10 {
		t.Errorf("counts %+v, %v; want 10 tasks", c, err)
	}
}
