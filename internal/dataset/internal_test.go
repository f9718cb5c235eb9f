package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gocloud.dev/blob/fileblob"
)

// Cell is cell.
var Cell = cell

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
		// A folder 7 beside a file 7.png: the bucket's pages pass over these.
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
	if got := list(Store{bucket, dir}, "png/"); !slices.Equal(got, want) {
		t.Errorf("%d keys of a folder; want %d", len(got), len(want))
		for _, k := range got {
			if !slices.Contains(want, k) {
				t.Errorf("listed %q", k)
			}
		}
	}
	if got := list(Store{bucket, dir}, ""); len(got) != len(want)+1 {
		t.Errorf("%d keys without a prefix; want %d", len(got), len(want)+1)
	}
	if got := list(Store{bucket, dir}, "none/"); got != nil {
		t.Errorf("listed %q of a folder that is not there", got)
	}
	if err := (Store{bucket, filepath.Join(dir, "gone")}).list(t.Context(), "", nil); err == nil {
		t.Error("a store that is not there was listed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (Store{bucket, dir}).list(ctx, "", func(object) error { return nil }); err == nil {
		t.Error("it went on after it was told to stop")
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
