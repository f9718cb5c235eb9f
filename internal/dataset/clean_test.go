package dataset_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/dataset"
)

func (f *fixture) clean(opts dataset.CleanOptions) (map[string]dataset.Cleaned, dataset.CleanReport) {
	f.Helper()
	got := map[string]dataset.Cleaned{}
	report, err := f.Clean(f.Context(), opts, func(c dataset.Cleaned) error {
		got[c.Key] = c
		return nil
	})
	f.check(err)
	return got, report
}

func TestClean(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(12)
		f.put(path("77", "3", "front"), picture("x"))
		f.put(path("78", "3", "back"), picture("y"))
		f.put(path("79", "3", "front"), picture("x")) // all of it, in two folders
		f.put(path("79", "4", "back"), picture("y"))
		f.put(path("1001", "4", "front"), picture("x")) // complete elsewhere: an audit's
		f.gone(path("1000", "1", "back"))               // a record's front alone
		f.claim("80")
		f.put(path("80", "3", "front"), picture("x"))
		f.put("png/3/notes.txt", []byte("x"))
		before := f.paths()

		got, r := f.clean(dataset.CleanOptions{Grace: time.Hour, Yes: true})
		if len(got) != 5 || r.Deleted != 0 || got["77"].Kept != "younger than the grace time" {
			t.Errorf("young files: %+v, %+v", got, r)
		}
		got, r = f.clean(dataset.CleanOptions{})
		if !slices.Equal(f.paths(), before) {
			t.Error("a dry run deleted something")
		}
		if r.Incomplete != 5 || r.Deletable != 2 || r.Deleted != 0 || r.IDs != 16 {
			t.Errorf("report of a dry run %+v", r)
		}
		for key, kept := range map[string]string{"77": "", "78": "", "79": "split over two folders", "80": "in progress", "1000": "a record owns it"} {
			if c, ok := got[key]; !ok || c.Kept != kept || len(c.Deleted) != 0 {
				t.Errorf("%s: %+v; want it kept: %q", key, c, kept)
			}
		}
		got, r = f.clean(dataset.CleanOptions{Yes: true})
		if r.Deleted != 2 || r.Kept["in progress"] != 1 || r.Kept["a record owns it"] != 1 || !slices.Equal(got["77"].Deleted, []string{path("77", "3", "front")}) {
			t.Errorf("report %+v, %+v", r, got["77"])
		}
		left := f.paths()
		for _, p := range before {
			want := p != path("77", "3", "front") && p != path("78", "3", "back")
			if slices.Contains(left, p) != want {
				t.Errorf("%s is there: %v; want %v", p, !want, want)
			}
		}
		if _, r := f.clean(dataset.CleanOptions{Yes: true}); r.Deleted != 0 || r.Incomplete != 3 {
			t.Errorf("once more: %+v", r)
		}
	})
}

// A bucket that Seine did not fill, without a frontier.
func TestCleanBucketOnly(t *testing.T) {
	each(t, func(f *fixture) {
		f.Frontier = nil
		for _, p := range []string{path("1", "9", "front"), path("1", "9", "back"), path("2", "9", "front"), path("3", "10", "back"), path("3", "10", "slab"), path("4", "9", "front"), path("4", "8", "back"), "png/9/notes.txt", "other.txt", "png/GEM MT 10/5_front.png", "png/9/6_front.PNG"} {
			f.put(p, picture(p))
		}
		got, r := f.clean(dataset.CleanOptions{Yes: true, Now: func() time.Time { return time.Now().Add(25 * time.Hour) }, Grace: dataset.DefaultGrace})
		if r.IDs != 5 || r.Incomplete != 4 || r.Deleted != 4 || got["4"].Kept != "split over two folders" || r.Strangers.Number != 2 || !slices.Equal(got["3"].Lack, []string{"front"}) || !slices.Equal(got["3"].Have, []string{"back", "slab"}) {
			t.Errorf("report %+v, %+v", r, got)
		}
		want := []string{"other.txt", path("4", "9", "front"), path("4", "8", "back"), "png/9/6_front.PNG", path("1", "9", "back"), path("1", "9", "front"), "png/9/notes.txt"}
		slices.Sort(want)
		if left := f.paths(); !slices.Equal(left, want) {
			t.Errorf("left %q; want %q", left, want)
		}
	})
}
