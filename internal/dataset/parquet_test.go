package dataset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/testkit"
)

// files exports into a folder, a file for each split.
func (f *fixture) files(opts dataset.ExportOptions) (dir string, about dataset.About) {
	f.Helper()
	dir = f.TempDir()
	opts.Open = func(_ context.Context, split string) (*dataset.Target, string, error) {
		name := "set" + split + "." + string(opts.Format)
		t, err := dataset.ToFile(filepath.Join(dir, name))
		return t, name, err
	}
	about, err := f.Export(f.Context(), opts)
	f.check(err)
	return dir, about
}

// fields adds records with fields of any kind. They come in the order of their keys.
func (f *fixture) fields(all ...string) {
	f.Helper()
	for i, fields := range all {
		f.doneWith(fmt.Sprint(100+i), fields)
	}
}

// DuckDB reads what the records hold, exactly.
func TestParquetValues(t *testing.T) {
	each(t, func(f *fixture) {
		f.Rules = untyped{f.Rules}
		f.fields(
			`{"i": 1, "big": 123456789012345678901234567890, "x": 0.1, "d": 0.1234567890123456789, "b": true, "s": "é \u0001 😀 \"", "l": ["a", null], "o": {"n": 1, "m": [1, 2]}, "mix": 1, "any": [1], "void": null}`,
			`{"i": -9223372036854775808, "big": 2, "x": 12.50, "d": 1, "b": false, "s": "", "l": [], "o": {"n": null}, "mix": "one", "any": {"z": 1, "a": 1.50}}`,
			`{"i": null}`,
		)
		f.done("200", "9", "front")
		dir, about := f.files(dataset.ExportOptions{Format: dataset.Parquet})
		file := filepath.Join(dir, "set.parquet")
		types := map[string]string{
			"i": "int", "big": "decimal", "x": "float", "d": "decimal", "b": "bool", "s": "text", "l": "list(text)",
			"o": "object(m list(int), n int)", "mix": "text", "any": "json", "void": "unknown", "grade": "text", "note": "unknown", "tags": "unknown",
		}
		if d := cmp.Diff(about.Types, types); d != "" {
			t.Errorf("types (-got +want):\n%s", d)
		}
		got := testkit.DuckDB(t, `select key, unnest(fields) from (select key, fields from '`+file+`' order by key)`)
		want := []map[string]any{
			{"key": "100", "any": "[1]", "b": true, "big": "123456789012345678901234567890", "d": "0.1234567890123456789", "grade": nil, "i": "1", "l": []any{"a", nil}, "mix": "1", "o": map[string]any{"m": []any{"1", "2"}, "n": "1"}, "s": "é \x01 😀 \"", "void": nil, "note": nil, "tags": nil, "x": 0.1},
			{"key": "101", "any": `{"a":1.50,"z":1}`, "b": false, "big": "2", "d": "1", "grade": nil, "i": "-9223372036854775808", "l": []any{}, "mix": "one", "o": map[string]any{"m": nil, "n": nil}, "s": "", "void": nil, "note": nil, "tags": nil, "x": 12.5},
			{"key": "102", "any": nil, "b": nil, "big": nil, "d": nil, "grade": nil, "i": nil, "l": nil, "mix": nil, "o": nil, "s": nil, "void": nil, "note": nil, "tags": nil, "x": nil},
			{"key": "200", "any": nil, "b": nil, "big": nil, "d": nil, "grade": "9", "i": nil, "l": nil, "mix": nil, "o": nil, "s": nil, "void": nil, "note": nil, "tags": nil, "x": nil},
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("rows (-got +want):\n%s", d)
		}
		rows := testkit.DuckDB(t, `select job, kind, url, assets.front.path as path, assets.front.bytes as bytes, epoch_us(fetched_at) as at, typeof(fetched_at) as type from '`+file+`' where key = '200'`)
		if d := cmp.Diff(rows, []map[string]any{{
			"job": "cards", "kind": "record", "url": "http://a.example/200", "path": path("200", "9", "front"),
			"bytes": fmt.Sprint(len(picture(path("200", "9", "front")))), "at": "1893553445000000", "type": "TIMESTAMP WITH TIME ZONE",
		}}); d != "" {
			t.Errorf("record (-got +want):\n%s", d)
		}
	})
}

// untyped hides the types of rules, as those of a Go scraper.
type untyped struct{ dataset.Rules }

// A value that does not fit the columns after many records widens them.
func TestParquetWidens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.Rules = untyped{f.Rules}
	for i := range 5100 {
		f.doneWith(fmt.Sprint(10_000+i), fmt.Sprintf(`{"n": %d}`, i))
	}
	f.doneWith("20000", `{"n": 0.5, "late": "x"}`)
	dir, about := f.files(dataset.ExportOptions{Format: dataset.Parquet})
	if about.Types["n"] != "float" || about.Types["late"] != "text" || about.Records != 5101 || about.Files[0].Records != 5101 {
		t.Errorf("%+v", about)
	}
	got := testkit.DuckDB(t, `select count(*)::int as n, sum(fields.n) as sum, max(fields.late) as late from '`+filepath.Join(dir, "set.parquet")+`'`)
	if d := cmp.Diff(got, []map[string]any{{"n": 5101.0, "sum": 5100.0*5099/2 + 0.5, "late": "x"}}); d != "" {
		t.Error(d)
	}
}

// Equal records give equal bytes on each frontier, and the about file names them.
func TestExportsAreEqual(t *testing.T) {
	t.Parallel()
	for _, format := range []dataset.Format{dataset.JSONL, dataset.CSV, dataset.Parquet} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			sums := map[string]bool{}
			each := func(f *fixture) {
				f.fields(`{"grade": "1", "tags": ["b", {"z": 1, "a": 2.50}], "n": 12345678901234567890}`, `{"grade": "2", "tags": []}`)
				dir, about := f.files(dataset.ExportOptions{Format: format})
				body, err := os.ReadFile(filepath.Join(dir, "set."+string(format)))
				f.check(err)
				sum := sha256.Sum256(body)
				if got := about.Files[0]; got.SHA256 != hex.EncodeToString(sum[:]) || got.Bytes != int64(len(body)) || got.Records != 2 {
					t.Errorf("file %+v of %d bytes", got, len(body))
				}
				sums[about.Files[0].SHA256] = true
			}
			each(newFixture(t, lite(t), true))
			each(newFixture(t, testkit.Postgres(t), true))
			if len(sums) != 1 {
				t.Errorf("%d different files", len(sums))
			}
		})
	}
}

func TestWhereAndSplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	for i := range 400 {
		f.doneWith(fmt.Sprint(10_000+i), fmt.Sprintf(`{"grade": %d}`, i%10))
	}
	f.doneWith("90000", `{"grade": null}`)
	where, problems := f.Filter(`grade >= 5`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	splits := []dataset.Split{{Name: "train", Share: 0.8}, {Name: "val", Share: 0.1}, {Name: "test", Share: 0.1}}
	all := map[string]string{}
	for range 2 { // the same key is in the same split again
		dir, about := f.files(dataset.ExportOptions{Format: dataset.JSONL, Where: where, Condition: `grade >= 5`, Splits: splits})
		if about.Records != 200 || about.Unjudged != 1 || !strings.Contains(about.Why, "90000") || about.Where != `grade >= 5` || len(about.Files) != 3 {
			t.Fatalf("about %+v", about)
		}
		for _, split := range splits {
			body, err := os.ReadFile(filepath.Join(dir, "set"+split.Name+".jsonl"))
			f.check(err)
			n := 0
			for line := range bytes.Lines(body) {
				var r struct {
					Key    string
					Fields struct{ Grade int }
				}
				f.check(json.Unmarshal(line, &r))
				if before, known := all[r.Key]; known && before != split.Name || r.Fields.Grade < 5 {
					t.Errorf("%s in %s, before in %s, of grade %d", r.Key, split.Name, before, r.Fields.Grade)
				}
				all[r.Key] = split.Name
				n++
			}
			if want := split.Share * 200; float64(n) < want/2 || float64(n) > want*2 {
				t.Errorf("%d of 200 records in %s; want about %v", n, split.Name, want)
			}
		}
	}
	if len(all) != 200 {
		t.Errorf("%d records in all splits", len(all))
	}
	// The first eight bytes of the SHA-256 of a key decide.
	if got := []string{all["10005"], all["10006"], all["10007"]}; !slices.Equal(got, []string{"train", "train", "train"}) {
		t.Errorf("splits %q", got)
	}
	for condition, want := range map[string]string{"grad > 1": "unknown name", "grade +": "does not compile"} {
		if _, problems := f.Filter(condition); len(problems) == 0 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %v", condition, problems)
		}
	}
}

func TestExportGzip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.done("10", "9")
	dir, about := f.files(dataset.ExportOptions{Format: dataset.JSONL, Gzip: true})
	body, err := os.ReadFile(filepath.Join(dir, "set.jsonl"))
	f.check(err)
	z, err := gzip.NewReader(bytes.NewReader(body))
	f.check(err)
	text, err := io.ReadAll(z)
	f.check(err)
	if !strings.HasPrefix(string(text), `{"job":"cards","key":"10"`) || about.Files[0].Bytes != int64(len(body)) {
		t.Errorf("%s; %+v", text, slices.Collect(maps.Values(about.Digests)))
	}
}
