package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/testkit"
)

// A WebDataset whose export was killed holds complete shards, and the next export gives the bytes
// of an export that nothing stopped.
func TestKilledWebDataset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	job := cardJob(t, dir, serve(t, cardsite.Config{From: firstID, To: lastID, Calm: true}))
	run(t, dir, 0, "run", job)
	export := []string{"export", job, "--shard-size", "300kB", "-o"}
	run(t, dir, 0, append(export, "whole/")...)
	want := shardsOf(t, filepath.Join(dir, "whole"))
	if len(want) < 9 {
		t.Fatalf("%d files: too few shards to stop in their middle", len(want))
	}
	p := start(t, dir, nil, append(export, "killed/")...)
	await(t, "the first shard", func() bool {
		_, err := os.Stat(filepath.Join(dir, "killed", "000000.tar"))
		return err == nil
	})
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	for name, body := range shardsOf(t, filepath.Join(dir, "killed")) {
		if body != want[name] {
			t.Errorf("%s of the killed export is not as in the whole one", name)
		}
	}
	run(t, dir, 0, append(export, "killed/")...)
	if d := cmp.Diff(shardsOf(t, filepath.Join(dir, "killed")), want); d != "" {
		t.Errorf("the export that went on differs: %.300s", d)
	}
}

// The queries of docs/dataset.md work on the export of a run.
func TestDocumentedQueries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	job := cardJob(t, dir, serve(t, cardsite.Config{From: firstID, To: lastID, Calm: true, Stamps: true}))
	run(t, dir, 0, "run", job)
	run(t, dir, 0, "export", job, "-o", "cards.parquet")
	text, err := os.ReadFile("../../docs/dataset.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(text, -1)
	if len(queries) == 0 {
		t.Fatal("the page has no query")
	}
	for _, q := range queries {
		query := strings.ReplaceAll(string(q[1]), "'cards.", "'"+dir+"/cards.")
		if rows := testkit.DuckDB(t, query); len(rows) == 0 {
			t.Errorf("no row of %s", query)
		}
	}
}

// shardsOf returns the files of shards. A writer that was killed may leave partial files, with
// names of their own.
func shardsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "000") || strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(body)
	}
	return out
}
