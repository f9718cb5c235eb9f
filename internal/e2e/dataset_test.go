package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// database is a database that can return to an earlier state.
type database struct {
	at      string
	backup  func()
	restore func()
}

// eachDatabase runs a test on SQLite and on PostgreSQL.
func eachDatabase(t *testing.T, test func(t *testing.T, dir string, db database)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		live, kept := filepath.Join(dir, "data", "seine.db"), filepath.Join(dir, "kept.db")
		test(t, dir, database{
			at:     "sqlite:" + live,
			backup: func() { copyFile(t, live, kept) },
			restore: func() {
				for _, name := range []string{live, live + "-wal", live + "-shm"} {
					_ = os.Remove(name)
				}
				copyFile(t, kept, live)
			},
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		at := pgtest.Empty(t)
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		live := strings.TrimPrefix(u.Path, "/")
		kept := live + "_kept"
		t.Cleanup(func() { administer(t, fmt.Sprintf(`drop database if exists %s with (force)`, kept)) })
		test(t, t.TempDir(), database{
			at:     at,
			backup: func() { administer(t, fmt.Sprintf(`create database %s template %s`, kept, live)) },
			restore: func() {
				administer(t, fmt.Sprintf(`drop database %s with (force)`, live))
				administer(t, fmt.Sprintf(`create database %s template %s`, live, kept))
			},
		})
	})
}

// fewLast ends a smaller set, because these tests run it several times.
const fewLast = firstID + 79

func fewCards(t *testing.T, dir string, s *cardsite.Served) string {
	t.Helper()
	path := cardJob(t, dir, s)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), fmt.Sprintf("to: %d", lastID), fmt.Sprintf("to: %d", fewLast), 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func administer(t *testing.T, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // in a cleanup too
	c, err := pgx.Connect(ctx, os.Getenv(pgtest.Env))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// wantCount compares the result of count, by records and by paths, with the truth.
func wantCount(t *testing.T, site *cardsite.Served, dir, at, job string) {
	t.Helper()
	want := map[string]int64{}
	for _, c := range site.Truths() {
		if c.State == seine.Done {
			want[c.Grade]++
		}
	}
	for _, args := range [][]string{{"--frontier", at}, {"--bucket-only"}} {
		var got struct {
			Values []struct {
				Value    string
				Complete int64
			}
			Total              int64
			Incomplete, Double []any
		}
		if err := json.Unmarshal([]byte(run(t, dir, 0, append([]string{"count", job, "--by", "grade", "-o", "json"}, args...)...)), &got); err != nil {
			t.Fatal(err)
		}
		n := map[string]int64{}
		total := int64(0)
		for _, v := range got.Values {
			n[v.Value], total = v.Complete, total+v.Complete
		}
		if fmt.Sprint(n) != fmt.Sprint(want) || got.Total != total || len(got.Incomplete)+len(got.Double) != 0 {
			t.Errorf("count %v: %+v; want %v", args, got, want)
		}
	}
}

// An audit that removes orphans of any age runs in a loop while workers reuse those same files. At
// the end every record has its files.
func TestAuditBesideWorkers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, db database) {
		site := serve(t, cardsite.Config{From: firstID, To: fewLast, Stamps: true})
		job := fewCards(t, dir, site)
		run(t, dir, 0, "migrate", "--frontier", db.at)
		db.backup() // of nothing
		run(t, dir, 0, "run", job, "--frontier", db.at)
		db.restore()

		// The job is in the frontier before its workers, so the first audit begins beside them.
		run(t, dir, 0, "add", job, "--frontier", db.at, fmt.Sprint(firstID))
		workers := []*process{
			start(t, dir, nil, "worker", job, "--frontier", db.at, "--grace", "10s"),
			start(t, dir, nil, "worker", job, "--frontier", db.at, "--grace", "10s"),
		}
		// Without a grace time, each audit takes the files of every task in flight, and the tasks
		// repeat. The number of audits is therefore bounded. So there is an end to it.
		const audits = 15
		removed := int64(0)
		for range audits {
			removed += auditBeside(t, dir, job, db.at)
		}
		await(t, "the end of the run", func() bool {
			s := readStatus(t, dir, db.at, "cardsite")
			return s.left() == 0 && s.States["error"] == 0 && s.States["done"] > 0 && stalesAreFinal(t, dir, db.at, "cardsite")
		})
		for _, w := range workers {
			w.stop(t)
		}
		t.Logf("%d audits removed %d files", audits, removed)
		if removed == 0 {
			t.Error("no audit removed anything: nothing was tried")
		}
		run(t, dir, 0, "audit", job, "--frontier", db.at, "--deep", "--grace", "0s")
		compare(t, site, db.at, folder(t, filepath.Join(dir, "data", "cardsite")))
	})
}

// auditBeside removes orphans of any age, and wants that no record lost a file.
func auditBeside(t *testing.T, dir, job, at string) (removed int64) {
	t.Helper()
	c := command(t, dir, "audit", job, "--frontier", at, "--fix", "--grace", "0s", "-o", "json")
	out, err := c.Output()
	if code := c.ProcessState.ExitCode(); code != 0 && code != 10 {
		t.Fatalf("audit: exit %d, %v\n%s", code, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var last struct {
		Summary struct {
			Fixed map[string]int64
			Tasks int64 `json:"tasks_sent_back"`
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Summary.Tasks > 0 {
		t.Errorf("a record's file was gone:\n%s", out)
	}
	return last.Summary.Fixed["orphaned"]
}

// With a database and a bucket from different times, audit --fix and a run repair both, whichever
// is older.
func TestRestoreOfAnOlderDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, db database) {
		site := serve(t, cardsite.Config{From: firstID, To: fewLast, Stamps: true})
		job := fewCards(t, dir, site)
		run(t, dir, 7, "run", job, "--frontier", db.at, "--limit", "20", "--concurrency", "2")
		db.backup()
		run(t, dir, 0, "run", job, "--frontier", db.at)
		db.restore()

		run(t, dir, 10, "audit", job, "--frontier", db.at, "--grace", "0s") // files that nobody owns
		run(t, dir, 0, "audit", job, "--frontier", db.at, "--grace", "0s", "--fix")
		run(t, dir, 0, "run", job, "--frontier", db.at)
		run(t, dir, 0, "audit", job, "--frontier", db.at, "--grace", "0s", "--deep")
		compare(t, site, db.at, folder(t, filepath.Join(dir, "data", "cardsite")))
		wantCount(t, site, dir, db.at, job)
	})
}

func TestRestoreOfAnOlderBucket(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, db database) {
		site := serve(t, cardsite.Config{From: firstID, To: fewLast, Stamps: true})
		job := fewCards(t, dir, site)
		store, kept := filepath.Join(dir, "data", "cardsite"), filepath.Join(dir, "kept")
		run(t, dir, 7, "run", job, "--frontier", db.at, "--limit", "20", "--concurrency", "2")
		copyFolder(t, store, kept)
		run(t, dir, 0, "run", job, "--frontier", db.at)
		if err := os.RemoveAll(store); err != nil {
			t.Fatal(err)
		}
		// A folder that is not mounted is not an empty one.
		run(t, dir, 5, "audit", job, "--frontier", db.at, "--fix")
		copyFolder(t, kept, store)

		run(t, dir, 10, "audit", job, "--frontier", db.at, "--grace", "0s")
		if out := run(t, dir, 10, "audit", job, "--frontier", db.at, "--grace", "0s", "--fix"); !strings.Contains(out, ": sent back") {
			t.Errorf("no task was sent back:\n%s", out)
		}
		run(t, dir, 0, "run", job, "--frontier", db.at)
		run(t, dir, 0, "audit", job, "--frontier", db.at, "--grace", "0s", "--deep")
		compare(t, site, db.at, folder(t, store))
		wantCount(t, site, dir, db.at, job)
	})
}
