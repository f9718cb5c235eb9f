package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob"

	"github.com/seinehq/seine"
)

// Cell is GuardFormula, and ViewName is viewName.
var (
	Cell     = GuardFormula
	ViewName = viewName
)

// A folder is listed whole, whatever its names; keys are as the bucket has them.
func TestFolderIsListedWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	var want []string
	for i := range 1100 { // more than a page of the bucket's own listing
		// These are a folder 7 and a file 7.png, which the bucket's pages skip.
		want = append(want, fmt.Sprintf("png/%d/x.png", i), fmt.Sprintf("png/%d.png", i))
	}
	want = append(want, "png/a//b", "png/a/../b", "png/__0x2f__", "png/__0x", "png/__0xzz__", "png/\x01x")
	for _, key := range want {
		if err := bucket.WriteAll(t.Context(), key, nil, nil); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "png", "1.png.attrs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bucket.WriteAll(t.Context(), "pngs/x", nil, nil); err != nil {
		t.Fatal(err)
	}
	list := func(s Store, prefix string) []string {
		t.Helper()
		var got []string
		if err := s.list(t.Context(), prefix, func(o object) error {
			got = append(got, o.path)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		return got
	}
	slices.Sort(want)
	if got := list(Store{Bucket: bucket, Folder: dir}, "png/"); !slices.Equal(got, want) {
		t.Errorf("%d keys of a folder; want %d", len(got), len(want))
		for _, k := range got {
			if !slices.Contains(want, k) {
				t.Errorf("listed %q", k)
			}
		}
	}
	if got := list(Store{Bucket: bucket, Folder: dir}, ""); len(got) != len(want)+1 {
		t.Errorf("%d keys without a prefix; want %d", len(got), len(want)+1)
	}
	if got := list(Store{Bucket: bucket, Folder: dir}, "none/"); got != nil {
		t.Errorf("listed %q of a folder that is not there", got)
	}
	if err := (Store{Bucket: bucket, Folder: filepath.Join(dir, "gone")}).list(t.Context(), "", nil); err == nil {
		t.Error("a store that is not there was listed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (Store{Bucket: bucket, Folder: dir}).list(ctx, "", func(object) error { return nil }); err == nil {
		t.Error("it went on after it was told to stop")
	}
}

// A folder that is linked in is the store's, however it leads around.
func TestLinkedFoldersAreListed(t *testing.T) {
	t.Parallel()
	dir, disk := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(dir, "png", "1", "a.png"), filepath.Join(disk, "b.png"), filepath.Join(disk, "deep", "c.png")} {
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("four"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"png/2": disk, "png/3": disk, "png/1/up": filepath.Join(dir, "png"), "png/1/self": ".", "png/1/none": "nowhere", "png/1/d.png": filepath.Join(disk, "b.png"),
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	if err := (Store{Folder: dir}).list(t.Context(), "png/", func(o object) error {
		if got = append(got, o.path); o.bytes != 4 {
			t.Errorf("%s has %d bytes; want those of the file", o.path, o.bytes)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{"png/1/a.png", "png/1/d.png", "png/2/b.png", "png/2/deep/c.png", "png/3/b.png", "png/3/deep/c.png"}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q; want %q", got, want)
	}
}

// A killed command leaves no temporary file behind.
func TestTheTemporaryFileHasNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	sp, err := newSpill(t.Context(), placedSchema)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20_000 { // more than its cache
		if err := sp.exec(t.Context(), insertPlaced, fmt.Sprint(i%7), "f", "a", fmt.Sprint(strings.Repeat("x", 1000), i), 1, 1, false, ""); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	if err := sp.eachGroup(t.Context(), func(g group) error { n += len(g.files); return nil }); err != nil || n != 20_000 {
		t.Errorf("%d files, %v; want 20,000", n, err)
	}
	if left, err := os.ReadDir(dir); err != nil || runtime.GOOS != "windows" && len(left) != 0 {
		t.Errorf("%v, %v lie in the temporary folder; want nothing", left, err)
	}
	if err := sp.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v are left; want nothing", left, err)
	}
}

// Each operation reports a store that becomes unreachable.
func TestStoreThatGoesAway(t *testing.T) {
	t.Parallel()
	memory := s3mem.New()
	if err := memory.CreateBucket("cards"); err != nil {
		t.Fatal(err)
	}
	amazon := gofakes3.New(memory, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	var silent atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if silent.Load() {
			_, _ = io.Copy(io.Discard, q.Body) // only then a server sees the client go
			<-q.Context().Done()
			return
		}
		amazon.ServeHTTP(w, q)
	}))
	t.Cleanup(front.Close)
	bucket, err := blob.OpenBucket(t.Context(), "s3://cards?region=us-east-1&anonymous=true&use_path_style=true&endpoint="+front.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	if err := errors.Join(bucket.WriteAll(t.Context(), "a", []byte("x"), nil), bucket.WriteAll(t.Context(), "b", []byte("x"), nil)); err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(s Store) error{
		"list":   func(s Store) error { return s.list(t.Context(), "", func(object) error { return nil }) },
		"look":   func(s Store) error { _, err := s.attributes(t.Context(), "a"); return storeError("look", err) },
		"delete": func(s Store) error { return storeError("delete", s.remove(t.Context(), "b")) },
		"read": func(s Store) error {
			return storeError("read", s.read(t.Context(), "a", func(r io.Reader) error { _, err := io.ReadAll(r); return err }))
		},
		"write": func(s Store) error {
			target, err := toBucket(t.Context(), s, "c", s.Patience)
			if err == nil {
				_, err = io.WriteString(target, "text")
			}
			if err == nil {
				err = target.Commit()
			}
			return err
		},
	} {
		silent.Store(false)
		if err := ask(Store{Bucket: bucket, Patience: time.Minute}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		silent.Store(true)
		if err := ask(Store{Bucket: bucket, Patience: 200 * time.Millisecond}); !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), "no answer within 200ms") {
			t.Errorf("%s: %v; want %v", name, err, ErrStore)
		}
	}
}

func TestLeftover(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a.png.17ab.tmp": "a.png", "a.png.xyz.tmp": "", "a.png..tmp": "", ".1.tmp": "", "a.tmp": "", "a.png": "", "x/a.1.2.tmp": "x/a.1"} {
		if of, ok := leftover(path); of != want || ok != (want != "") {
			t.Errorf("leftover(%q) = %q, %v; want %q", path, of, ok, want)
		}
	}
}

func TestCompareValues(t *testing.T) {
	t.Parallel()
	got := []string{"unknown", "10", "9", "", "1e1", "NaN", "-1", "09", "9.5", "Inf", "a"}
	slices.SortFunc(got, compareValues)
	want := []string{"-1", "09", "9", "9.5", "10", "1e1", "Inf", "", "NaN", "a", "unknown"}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

// SampleName is sampleName.
var SampleName = sampleName

// A full disk below a bucket is no store that is away.
func TestFullStore(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("blob: %w", &fs.PathError{Op: "write", Path: "x.tmp", Err: syscall.ENOSPC})
	for _, err := range []error{full, fmt.Errorf("write x: %w", seine.ErrDiskFull)} {
		if got := storeError("write x", err); !errors.Is(got, seine.ErrDiskFull) || errors.Is(got, ErrStore) || got.Error() != "write x: disk full" {
			t.Errorf("%v is %v", err, got)
		}
	}
}
