package dataset_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/dataset"
)

// A folder holds the shards of the last export alone, whatever the splits of the earlier ones. What
// Seine did not write stays.
func TestWebDatasetOtherSplits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), false)
	f.fill(30)
	var (
		names = func(dir string) []string { return slices.Sorted(maps.Keys(contents(t, dir))) }
		split = func(first, second string) dataset.ExportOptions {
			return dataset.ExportOptions{Splits: []dataset.Split{{Name: first, Share: 0.5}, {Name: second, Share: 0.5}}}
		}
		layouts = []dataset.ExportOptions{{}, split("train", "test"), split("train", "dev"), {}}
		dir     = t.TempDir()
	)
	stays := map[string]string{
		"notes.txt": "x", "theirs/000000.tar": "x", "theirs/000000_stats.json": "{}",
		"apart/manifest.json": "{}", "apart/000000.tar": "x", "apart/000000_stats.json": `{"form": 1, "source_sha256": "ab"}`,
		"train/deep/000000.tar": "x", "other.tmp": "x", "a.17.tmp": "x",
	}
	for name, body := range stays {
		f.check(os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
		f.check(os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600))
	}
	for i, opts := range layouts {
		// Files that a killed export was writing.
		for _, name := range []string{"000007.tar.18ed215422fc705d.tmp", "manifest.json.18ed215422fc705d.tmp"} {
			f.check(os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
		alone := t.TempDir()
		_, err := f.shards(alone, opts)
		f.check(err)
		_, err = f.shards(dir, opts)
		f.check(err)
		want := slices.Sorted(slices.Values(append(names(alone), slices.Collect(maps.Keys(stays))...)))
		if d := cmp.Diff(names(dir), want); d != "" {
			t.Errorf("layout %d (-got +want):\n%s", i, d)
		}
	}
}

// A shard whose file lost its end is written again.
func TestWebDatasetCutShard(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.fill(30)
	dir := t.TempDir()
	_, err := f.shards(dir, dataset.ExportOptions{})
	f.check(err)
	want := contents(t, dir)
	for _, name := range []string{"000000.tar", "000001.parquet"} {
		f.check(os.Truncate(filepath.Join(dir, name), 1000))
	}
	f.check(os.Remove(filepath.Join(dir, "000002.tar")))
	about, err := f.shards(dir, dataset.ExportOptions{})
	f.check(err)
	if d := cmp.Diff(contents(t, dir), want); d != "" {
		t.Errorf("%.300s", d)
	}
	for _, file := range about.Files {
		if body := want[file.Name]; file.Bytes != int64(len(body)) || file.SHA256 != sum(body) {
			t.Errorf("the manifest says %+v", file)
		}
	}
}

// The file of a killed export goes when the next one begins. Files of exports that go on, and of
// other names, stay.
func TestKilledExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".x.csv.17.tmp", ".x.csv.gz.17.tmp", ".x.csv.notes.tmp", ".y.csv.17.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first, err := dataset.ToFile(filepath.Join(dir, "x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := dataset.ToFile(filepath.Join(dir, "x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".x.csv.17.tmp")); err == nil && !strings.Contains(os.Getenv("OS"), "Windows") {
		t.Error("the file of a killed export stays")
	}
	for _, name := range []string{".x.csv.gz.17.tmp", ".x.csv.notes.tmp", ".y.csv.17.tmp"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for i, target := range []*dataset.Target{second, first} {
		if _, err := target.Write([]byte{byte('0' + i)}); err != nil {
			t.Fatal(err)
		}
		if err := target.Commit(); err != nil {
			t.Errorf("two exports at the same time: %v", err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "x.csv")); err != nil || string(text) != "1" {
		t.Errorf("%q, %v", text, err)
	}
}

// A message of a write names the remedy.
func TestWhereToWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"none/x.csv": "make the folder " + filepath.Join(dir, "none"), "file/x.csv": "give a path in a folder that this user may write to",
	} {
		if _, err := dataset.ToFile(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
}
