package dataset_test

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/fileblob"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/testkit"
)

// shards exports a WebDataset into a folder.
func (f *fixture) shards(dir string, opts dataset.ExportOptions) (dataset.About, error) {
	f.Helper()
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
	f.check(err)
	defer func() { _ = bucket.Close() }()
	if opts.Shards == nil {
		opts.Shards = &dataset.Shards{Bytes: 18_000}
	}
	opts.Shards.Bucket, opts.Format = bucket, dataset.WebDataset
	return f.Export(f.Context(), opts)
}

// contents returns the files of a folder by their names.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// samples returns the files of a tar archive by the name of their sample.
func samples(t *testing.T, archive string) (order []string, bodies map[string]string) {
	t.Helper()
	bodies = map[string]string{}
	for r := tar.NewReader(strings.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return order, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, h.Name)
		bodies[h.Name] = string(body)
	}
}

func TestWebDataset(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(12)
		f.doneWith("2000", `{"caption": "a card\nof two lines"}`)
		dir := f.TempDir()
		about, err := f.shards(dir, dataset.ExportOptions{})
		f.check(err)
		files := contents(f.T, dir)
		var names []string
		records := int64(0)
		for _, file := range about.Files {
			names = append(names, file.Name)
			if file.Bytes != int64(len(files[file.Name])) || file.SHA256 != sum(files[file.Name]) {
				f.Errorf("file %+v of %d bytes", file, len(files[file.Name]))
			}
			if strings.HasSuffix(file.Name, ".tar") {
				records += file.Records
			}
		}
		if !slices.Equal(names, []string{"000000.tar", "000000.parquet", "000001.tar", "000001.parquet", "000002.tar", "000002.parquet"}) || records != 13 || about.Records != 13 {
			f.Fatalf("files %q, %d records", names, records)
		}
		order, bodies := samples(f.T, files["000000.tar"])
		if !slices.Equal(order[:3], []string{"1000.back.png", "1000.front.png", "1000.json"}) || bodies["1000.front.png"] != string(picture(path("1000", "1", "front"))) {
			f.Errorf("samples %q", order)
		}
		var line struct {
			Key    string
			Assets map[string]struct{ Path string }
		}
		f.check(json.Unmarshal([]byte(bodies["1000.json"]), &line))
		if line.Key != "1000" || line.Assets["front"].Path != path("1000", "1", "front") {
			f.Errorf("line %s", bodies["1000.json"])
		}
		if _, bodies := samples(f.T, files["000002.tar"]); bodies["2000.txt"] != "a card\nof two lines" {
			f.Errorf("caption %q", bodies["2000.txt"])
		}
		var stats struct {
			Count, Files int
			First        string         `json:"first_key"`
			Last         string         `json:"last_key"`
			State        map[string]int `json:"status_dict"`
		}
		f.check(json.Unmarshal([]byte(files["000000_stats.json"]), &stats))
		if stats.First != "1000" || stats.Count != len(order)/3 || stats.State["success"] != stats.Files || stats.Files != 2*stats.Count {
			f.Errorf("stats %+v of %d files", stats, len(order))
		}
		// tar lists the same, and DuckDB reads the rows of all shards.
		list, err := exec.CommandContext(f.Context(), "tar", "tf", filepath.Join(dir, "000000.tar")).Output()
		f.check(err)
		if got := strings.Fields(string(list)); !slices.Equal(got, order) {
			f.Errorf("tar lists %q; want %q", got, order)
		}
		rows := testkit.DuckDB(f.T, `select count(*)::int as n, min(key) as first, max(fields.caption) as caption from '`+dir+`/*.parquet'`)
		if d := cmp.Diff(rows, []map[string]any{{"n": 13.0, "first": "1000", "caption": "a card\nof two lines"}}); d != "" {
			t.Error(d)
		}
	})
}

// An export that is stopped leaves complete shards. The next one gives the bytes of an export that
// nothing stopped, and does not read the files of complete shards again.
func TestWebDatasetGoesOn(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(30)
		whole, dir := f.TempDir(), f.TempDir()
		_, err := f.shards(whole, dataset.ExportOptions{})
		f.check(err)
		want := contents(f.T, whole)
		broken := path("1020", "10", "back")
		body, err := f.Store.ReadAll(f.Context(), broken)
		f.check(err)
		f.gone(broken)
		if _, err := f.shards(dir, dataset.ExportOptions{}); !errors.Is(err, dataset.ErrStore) || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "seine audit --fix") {
			f.Fatalf("a file is missing: %v", err)
		}
		partly := contents(f.T, dir)
		for name, body := range partly {
			if want[name] != body {
				f.Errorf("%s is not as in the whole export", name)
			}
		}
		if len(partly) == 0 || len(partly)%3 != 0 || len(partly) >= len(want) {
			f.Errorf("%d files of %d: want complete shards, not all", len(partly), len(want))
		}
		f.put(broken, body)
		// Files of complete shards are not read again: they may be gone.
		first := path("1000", "1", "front")
		f.gone(first)
		_, err = f.shards(dir, dataset.ExportOptions{})
		f.check(err)
		if d := cmp.Diff(contents(f.T, dir), want); d != "" {
			f.Errorf("the export that went on differs: %.300s", d)
		}
		// Another record in the first shard replaces it.
		if _, err = f.shards(dir, dataset.ExportOptions{Where: func(env map[string]any) (bool, error) { return env["key"] != "1001", nil }}); err == nil || !strings.Contains(err.Error(), first) {
			f.Errorf("a shard with other records was kept: %v", err)
		}
	})
}

// An export with fewer shards leaves none of an earlier one.
func TestWebDatasetShrinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.fill(30)
	dir := t.TempDir()
	_, err := f.shards(dir, dataset.ExportOptions{})
	f.check(err)
	f.check(os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	few := func(env map[string]any) (bool, error) { return env["key"].(string) < "1002", nil }
	_, err = f.shards(dir, dataset.ExportOptions{Where: few})
	f.check(err)
	var names []string
	for name := range contents(f.T, dir) {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"000000.parquet", "000000.tar", "000000_stats.json", "notes.txt"}; !slices.Equal(names, want) {
		t.Errorf("files %q; want %q", names, want)
	}
}

func TestWebDatasetSplitsAndBuckets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), false)
	f.fill(30)
	opts := dataset.ExportOptions{
		Splits: []dataset.Split{{Name: "train", Share: 0.7}, {Name: "test", Share: 0.3}}, Shards: &dataset.Shards{Prefix: "sets/a/"},
	}
	about, err := f.shards(t.TempDir(), opts)
	f.check(err)
	if names := []string{about.Files[0].Name, about.Files[2].Name}; !slices.Equal(names, []string{"sets/a/train/000000.tar", "sets/a/test/000000.tar"}) {
		t.Errorf("files %q", names)
	}
	if n := about.Files[0].Records + about.Files[2].Records; n != 30 || about.Files[0].Records < 12 {
		t.Errorf("%d records, %d in train", n, about.Files[0].Records)
	}
}

// A sample's name has no dot, and two keys never share one.
func TestSampleNames(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, key := range []string{"7", "a.jpg", "a_jpg", "a.b.c", "a.b.d", "https://a.example/x.html", "https://a.example/x_html", "../../etc", "é", strings.Repeat("x", 300), "a\x00b"} {
		name := dataset.SampleName(key)
		if strings.ContainsAny(name, "./\\\x00") || name == "" || len(name) > 140 || names[name] != "" {
			t.Errorf("%q and %q have the name %q", key, names[name], name)
		}
		names[name] = key
	}
}

func sum(body string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
}
