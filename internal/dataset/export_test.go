package dataset_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// odd stores a record whose fields are hard to write.
func (f *fixture) odd(fields string) {
	f.Helper()
	out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: f.claim("5"), State: seine.Done, Records: []frontier.Record{{
		Key: "5", Kind: "record", URL: "http://a.example/5?a=1&b=<2>", Fields: []byte(fields), Digest: []byte{9}, FetchedAt: time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC),
	}}}})
	f.check(err)
	if out.Kept != 1 {
		f.Fatalf("%+v", out)
	}
}

const oddFields = `{"tags": ["b", {"z": 1, "a": 2.50}], "note": "=1+1\n\"é\" <&>", "grade": 12345678901234567890, "gone": true, "n": null}`

func TestExportJSONL(t *testing.T) {
	each(t, func(f *fixture) {
		f.done("10", "9", "front", "back")
		f.odd(oddFields)
		var b bytes.Buffer
		about, err := f.export(&b, dataset.ExportOptions{Format: dataset.JSONL})
		f.check(err)
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines: %s", len(lines), &b)
		}
		if !strings.HasPrefix(lines[0], `{"job":"cards","key":"10","kind":"record","url":"http://a.example/10","fields":{"grade":"9"},"assets":{"back":{"path":"png/9/10_back.png","bytes":`) ||
			!strings.HasSuffix(lines[0], `"width":8,"height":8,"url":"http://a.example/front"}},"fetched_at":"2030-01-02T03:04:05Z","digest":"07","permission":"ours","robots":"obey"}`) {
			t.Errorf("line %s", lines[0])
		}
		want := `{"job":"cards","key":"5","kind":"record","url":"http://a.example/5?a=1&b=<2>","fields":{"gone":true,"grade":12345678901234567890,"n":null,` +
			`"note":"=1+1\n\"é\" <&>","tags":["b",{"a":2.50,"z":1}]},"assets":{},"fetched_at":"2030-01-02T03:04:05.000006Z","digest":"09","permission":"ours","robots":"obey"}`
		if lines[1] != want {
			t.Errorf("line\n%s\nwant\n%s", lines[1], want)
		}
		var shape struct {
			Assets map[string]struct{ SHA256 string }
		}
		if err := json.Unmarshal([]byte(lines[0]), &shape); err != nil || len(shape.Assets["front"].SHA256) != 64 {
			t.Errorf("assets %+v, %v", shape, err)
		}
		if about.Records != 2 || about.Permission != "ours" || about.Digest != "07" || about.Digests["07"] != 1 || about.Digests["09"] != 1 || len(about.LeftOut) != 0 || about.ExportedAt.IsZero() {
			t.Errorf("about %+v", about)
		}
	})
}

func TestExportCSV(t *testing.T) {
	each(t, func(f *fixture) {
		f.done("10", "9", "front")
		f.odd(oddFields)
		var b bytes.Buffer
		about, err := f.export(&b, dataset.ExportOptions{Format: dataset.CSV})
		f.check(err)
		rows, err := csv.NewReader(&b).ReadAll()
		f.check(err)
		if len(rows) != 3 {
			t.Fatalf("rows %q", rows)
		}
		cell := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
		if head := strings.Join(rows[0][:10], " "); head != "job key kind url fetched_at fields.grade fields.note fields.tags assets.front.path assets.front.bytes" {
			t.Errorf("head %s", head)
		}
		for _, c := range []struct {
			row          int
			column, want string
		}{
			{1, "key", "10"}, {1, "fields.grade", "9"}, {1, "assets.front.path", "png/9/10_front.png"}, {1, "assets.front.width", "8"}, {1, "assets.back.path", ""},
			{2, "fields.note", "'=1+1\n\"é\" <&>"}, {2, "fields.tags", `["b",{"a":2.50,"z":1}]`}, {2, "fields.grade", "12345678901234567890"}, {2, "assets.front.bytes", ""},
		} {
			if got := cell(c.row, c.column); got != c.want {
				t.Errorf("row %d, %s: %q; want %q", c.row, c.column, got, c.want)
			}
		}
		if !slices.Equal(about.LeftOut, []string{"fields.gone", "fields.n"}) {
			t.Errorf("left out %q", about.LeftOut)
		}
	})
}

// DuckDB reads the texts of a CSV as they are, and tells an empty text from no value.
func TestCSVValues(t *testing.T) {
	each(t, func(f *fixture) {
		texts := []any{
			"", nil, "a", " lead", "trail ", `"quoted"`, "comma,", "two\nlines", "cr\rlf\r\n", "é 😀 \u0001", `\.`, "null", "NULL", `""`, ",", "'", "\u00a0",
		}
		var want []map[string]any
		for i, v := range texts {
			fields, err := json.Marshal(map[string]any{"note": v, "grade": nil})
			f.check(err)
			f.doneWith(fmt.Sprint(100+i), string(fields))
			want = append(want, map[string]any{"key": fmt.Sprint(100 + i), "note": v, "grade": nil})
		}
		dir, _ := f.files(dataset.ExportOptions{Format: dataset.CSV})
		got := testkit.DuckDB(t, `select key, "fields.note" as note, "fields.grade" as grade from read_csv('`+filepath.Join(dir, "set.csv")+`',
			all_varchar = true, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false) order by key`)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("rows (-want +got):\n%s", d)
		}
	})
}

func TestFormulasAreText(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	for i, tt := range []struct{ in, want string }{
		{"=1+1", "'=1+1"}, {"@SUM(A1)", "'@SUM(A1)"}, {"+cmd", "'+cmd"}, {"-x", "'-x"}, {"\tx", "'\tx"}, {"-12.5", "-12.5"}, {"+49", "+49"}, {"", ""}, {"a=b", "a=b"}, {"'x", "'x"}, {"-", "'-"}, {"＝1+1", "'＝1+1"}, {"＠SUM(A1)", "'＠SUM(A1)"}, {"é=1", "é=1"},
	} {
		if got := dataset.Cell(tt.in); got != tt.want {
			f.Errorf("%d: %q becomes %q; want %q", i, tt.in, got, tt.want)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(at, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		body, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%d files in the folder, %v; want the one", len(entries), err)
		}
		return string(body)
	}
	open := func() *dataset.Target {
		t.Helper()
		target, err := dataset.ToFile(at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(target, "after"); err != nil {
			t.Fatal(err)
		}
		return target
	}
	open().Abort()
	if got := read(); got != "before" {
		t.Errorf("after an abort %q", got)
	}
	target := open()
	if err := target.Commit(); err != nil {
		t.Fatal(err)
	}
	target.Abort()
	if got := read(); got != "after" {
		t.Errorf("after a commit %q", got)
	}
	if _, err := dataset.ToFile(filepath.Join(dir, "none", "x")); err == nil || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("a folder that is not there: %v", err)
	}

	f := newFixture(t, lite(t), false)
	for _, commit := range []bool{false, true} {
		target, err := dataset.ToBucket(t.Context(), f.Store.Bucket, "sets/x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(target, "text"); err != nil {
			t.Fatal(err)
		}
		if commit {
			if err := target.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		target.Abort()
		if there, err := f.Store.Exists(t.Context(), "sets/x"); err != nil || there != commit {
			t.Errorf("it is there: %v, %v; want %v", there, err, commit)
		}
	}
}

// A file in memory is replaced like any other. An open file of the process is appended to.
func TestFilesUnderDev(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // no other system has this folder
	}
	memory, err := os.MkdirTemp("/dev/shm", "seine-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(memory) })
	path := filepath.Join(memory, "set.jsonl")
	write := func(at, text string) {
		t.Helper()
		target, err := dataset.ToFile(at)
		if err != nil {
			t.Fatal(err)
		}
		defer target.Abort()
		if _, err := io.WriteString(target, text); err != nil {
			t.Fatal(err)
		}
		if err := target.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "before")
	write(path, "after")
	open, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close() }()
	write(fmt.Sprintf("/dev/fd/%d", open.Fd()), " all")
	if body, err := os.ReadFile(path); err != nil || string(body) != "after all" {
		t.Errorf("the file holds %q, %v; want the second text, and what followed through its descriptor", body, err)
	}
}

// An export to something other than a regular file writes through it, and a link leads to the file
// to replace.
func TestTargetsThatAreNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(path, text string) error {
		target, err := dataset.ToFile(path)
		if err != nil {
			return err
		}
		defer target.Abort()
		if _, err := io.WriteString(target, text); err != nil {
			return err
		}
		return target.Commit()
	}
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		body, _ := os.ReadFile(at("pipe"))
		got <- string(body)
	}()
	if err := write(at("pipe"), "through"); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "through" {
		t.Errorf("the pipe's reader got %q", text)
	}
	if info, err := os.Lstat(at("pipe")); err != nil || info.Mode()&fs.ModeNamedPipe == 0 || !dataset.IsStream(at("pipe")) {
		t.Errorf("the pipe is %v, %v", info, err)
	}
	if err := write("/dev/null", "nothing"); err != nil || !dataset.IsStream("/dev/null") {
		t.Errorf("/dev/null: %v", err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Errorf("/dev/null is %v, %v", info, err)
	}

	if err := os.Mkdir(at("disk"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("disk/set"), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link": "again", "again": "disk/set", "new": "disk/new", "loop": "loop"} {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range map[string]string{"link": "disk/set", "new": "disk/new"} {
		if err := write(at(name), "after"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if body, err := os.ReadFile(at(file)); err != nil || string(body) != "after" {
			t.Errorf("%s: what it leads to holds %q, %v", name, body, err)
		}
		if info, err := os.Lstat(at(name)); err != nil || info.Mode()&fs.ModeSymlink == 0 || dataset.IsStream(at(name)) {
			t.Errorf("%s is %v, %v; want the link", name, info, err)
		}
	}
	if info, err := os.Stat(at("disk/set")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("what was there is %v, %v; want its mode kept", info, err)
	}
	for _, bad := range []string{at("loop"), at("disk"), at("none") + "/../x"} {
		if err := write(bad, "x"); err == nil || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: %v; want an error without the temporary name", bad, err)
		}
	}
}

var errFull = errors.New("full")

type fullWriter struct{ left int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// A writer that fails ends the export with its error.
func TestExportTellsOfAFullDisk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.fill(3)
	for _, format := range []dataset.Format{dataset.JSONL, dataset.CSV, dataset.Parquet} {
		if _, err := f.export(&fullWriter{100}, dataset.ExportOptions{Format: format}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v; want %v", format, err, errFull)
		}
	}
}
