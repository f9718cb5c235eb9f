package litefrontier_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
)

func migrated(t *testing.T) (*litefrontier.Frontier, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seine.db")
	f := open(t, path, nil)
	if _, err := f.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f, path
}

func register(t *testing.T, f frontier.Frontier) frontier.JobID {
	t.Helper()
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func db(t *testing.T, path string) *sql.DB {
	t.Helper()
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// Finished tasks are not in the table that claims read.
func TestFinishedTasksAreNotClaimedPast(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	job := register(t, f)
	var all []frontier.New
	for i := range 100 {
		all = append(all, frontier.New{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1})
	}
	if _, err := f.Add(t.Context(), job, all); err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 40})
	if err != nil || len(got) != 40 {
		t.Fatalf("claimed %d, %v", len(got), err)
	}
	var batch []frontier.Completion
	for _, c := range got {
		batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done})
	}
	if _, err := f.Complete(t.Context(), l, job, batch); err != nil {
		t.Fatal(err)
	}
	var open, ever int
	if err := db(t, path).QueryRowContext(t.Context(), `select (select count(*) from queue), (select count(*) from task)`).Scan(&open, &ever); err != nil {
		t.Fatal(err)
	}
	if open != 60 || ever != 100 {
		t.Errorf("%d tasks to claim from of %d; want 60 of 100", open, ever)
	}
}

func TestWorkQueueShowsEveryState(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	job := register(t, f)
	for i := range 4 {
		if _, err := f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := f.OpenLease(t.Context(), "pod-1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: 3})
	if err != nil || len(got) != 3 {
		t.Fatalf("claimed %d, %v", len(got), err)
	}
	if _, err := f.Complete(t.Context(), l, job, []frontier.Completion{{Claimed: got[0], State: seine.Done}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Fail(t.Context(), l, job, []frontier.Failure{{Claimed: got[1], State: seine.Stale, Delay: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	var all string
	if err := db(t, path).QueryRowContext(t.Context(), `select group_concat(s, ', ') from (select status || ' ' || count(*) as s from work_queue group by status order by 1)`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	if want := "done 1, in_progress 1, pending 1, stale 1"; all != want {
		t.Errorf("work_queue: %s; want %s", all, want)
	}
}

func TestNewerMajorSchemaIsRefused(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	if _, err := db(t, path).ExecContext(t.Context(), `insert into goose_db_version(version_id, is_applied) values (2001, 1)`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Migrate(t.Context()); !errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), "newer seine") {
		t.Errorf("migrate: %v; want %v", err, frontier.ErrSchema)
	}
}

func TestFilesThatCantBeUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a text": text, "a folder": dir, "a folder that is a file": filepath.Join(text, "x.db")} {
		f, err := litefrontier.Open(t.Context(), path, litefrontier.Options{})
		if err == nil {
			_, err = f.Migrate(t.Context())
			_ = f.Close()
		}
		if !errors.Is(err, frontier.ErrUnavailable) {
			t.Errorf("%s: %v; want %v", name, err, frontier.ErrUnavailable)
		}
	}
}

// Two processes on one file. Here they are two frontiers that share nothing else.
func TestTwoOnOneFile(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	job := register(t, f)
	const n = 400
	var finished atomic.Int64
	var wg sync.WaitGroup
	for w := range 2 {
		other := open(t, path, nil)
		wg.Go(func() {
			for i := w; i < n; i += 2 {
				// Both add each key.
				if _, err := other.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i), Lane: "h:80", Priority: 1}, {Key: fmt.Sprint(n - 1 - i), Lane: "h:80", Priority: 1}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		worker := open(t, path, nil)
		wg.Go(func() { finished.Add(drain(t, worker, job, n)) })
	}
	wg.Wait()
	if c, err := f.Counts(t.Context(), job); err != nil || c.Final[seine.Done] != n || c.Records != n {
		t.Errorf("counts %+v, %v; want %d done once", c, err, n)
	}
}

func drain(t *testing.T, f frontier.Frontier, job frontier.JobID, n int64) int64 {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := f.OpenLease(ctx, "w", time.Minute)
	if err != nil {
		t.Error(err)
		return 0
	}
	done := int64(0)
	for ctx.Err() == nil {
		got, err := f.Claim(ctx, l, frontier.ClaimArgs{Job: job, N: 7})
		if err != nil {
			t.Error(err)
			return done
		}
		var batch []frontier.Completion
		for _, c := range got {
			batch = append(batch, frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{{Key: c.Key, Kind: "record", Fields: []byte(`{}`), FetchedAt: time.Now()}}})
		}
		out, err := f.Complete(ctx, l, job, batch)
		if err != nil || out.Kept != len(batch) {
			t.Errorf("completed %d of %d: %v", out.Kept, len(batch), err)
			return done
		}
		done += int64(out.Kept)
		if c, err := f.Counts(ctx, job); err != nil || c.Final[seine.Done] == n {
			return done
		}
	}
	t.Error("it did not end")
	return done
}

// A full disk rejects the write and keeps the stored tasks.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	job := register(t, f)
	if _, err := f.Add(t.Context(), job, []frontier.New{{Key: "first", Lane: "h:80", Priority: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Limit(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; i < 2000 && err == nil; i++ {
		_, err = f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i, strings.Repeat("x", 1500)), Lane: "h:80", Priority: 1}})
	}
	if !errors.Is(err, frontier.ErrDiskFull) {
		t.Fatalf("adding beyond the disk: %v; want %v", err, frontier.ErrDiskFull)
	}
	if err := f.Limit(t.Context(), 1<<30); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(t.Context(), job, []frontier.New{{Key: "last", Lane: "h:80", Priority: 1}}); err != nil {
		t.Errorf("adding when there is room again: %v", err)
	}
	var check string
	if err := db(t, path).QueryRowContext(t.Context(), `pragma integrity_check`).Scan(&check); err != nil || check != "ok" {
		t.Errorf("integrity: %s, %v", check, err)
	}
	if st, err := f.Lookup(t.Context(), job, []string{"first", "last"}); err != nil || len(st) != 2 {
		t.Errorf("tasks %v, %v; want the first and the last", st, err)
	}
}

// A caller that gives up while another process holds the write lock leaves no open transaction. The
// next transactions work, and no other process is locked out.
func TestGivingUpOnTheLockLeavesNoTransaction(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	lease, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	other := db(t, path)
	for i := range 5 {
		c, err := other.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ExecContext(t.Context(), `begin immediate`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		// The lock is released only after ctx has ended.
		free := context.AfterFunc(ctx, func() {
			<-time.After(30 * time.Millisecond)
			_, _ = c.ExecContext(context.WithoutCancel(ctx), `commit`)
			_ = c.Close()
		})
		err = f.Heartbeat(ctx, lease, nil)
		cancel()
		free()
		if err == nil {
			continue // it had the lock, and the call returned nil
		}
		if err := f.Heartbeat(t.Context(), lease, nil); err != nil {
			t.Fatalf("try %d: after a heartbeat that gave up: %v", i, err)
		}
		if _, err := other.ExecContext(t.Context(), `pragma busy_timeout = 2000; begin immediate; commit`); err != nil {
			t.Fatalf("try %d: another process is locked out: %v", i, err)
		}
	}
}

// A list finds each open task once. The queue has no index by key, and a joined list took minutes.
func TestListingOfManyOpenTasks(t *testing.T) {
	t.Parallel()
	f, _ := migrated(t)
	job := register(t, f)
	const n = 40_000
	var all []frontier.New
	for i := range n {
		all = append(all, frontier.New{Key: fmt.Sprintf("%06d", i), Lane: "h:80", Priority: 1})
	}
	if _, err := f.Add(t.Context(), job, all); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a hundred times the usual time
	defer cancel()
	seen, after := 0, ""
	for {
		page, err := f.Tasks(ctx, job, frontier.Filter{States: []seine.State{seine.Pending}, After: after, Limit: 20_000})
		if err != nil {
			t.Fatalf("after %d tasks: %v", seen, err)
		}
		if len(page) == 0 {
			break
		}
		seen, after = seen+len(page), page[len(page)-1].Key
	}
	if seen != n {
		t.Errorf("listed %d tasks; want %d", seen, n)
	}
}
