package dataset_test

import (
	"slices"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

// Forget deletes the files too that an earlier visit or earlier rules left behind. Files of other
// tasks stay, and so do those of tasks in progress.
func TestForgetDeletesWhatNoRecordNames(t *testing.T) {
	each(t, func(f *fixture) {
		f.done("1", "5", "front", "back")
		f.done("11", "5", "front", "back")
		skipped, busy := f.claim("2"), f.claim("3")
		_, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: skipped, State: seine.Skipped, Reason: "dear"}})
		f.check(err)
		gone := []string{path("1", "4", "front"), path("2", "4", "front"), path("2", "4", "slab"), path("20", "4", "front")}
		stay := []string{path("11", "4", "front"), path(busy.Key, "4", "front"), "png/4/notes.txt"}
		for _, p := range slices.Concat(gone, stay) {
			f.put(p, picture("x"))
		}
		stay = append(stay, path("11", "5", "front"), path("11", "5", "back"))
		gone = append(gone, path("1", "5", "front"), path("1", "5", "back"))
		forget := func(yes bool) dataset.ForgetReport {
			t.Helper()
			// No task has the key 20 any more.
			opts := dataset.ForgetOptions{Selector: dataset.Selector{Keys: []string{"1", "2", "3", "20"}}, Yes: yes}
			r, err := f.Forget(f.Context(), opts, func(string) error { return nil })
			f.check(err)
			return r
		}
		before := f.paths()
		if forget(false); !slices.Equal(f.paths(), before) {
			t.Error("a dry run deleted something")
		}
		if r := forget(true); r.Files != 6 || !slices.Equal(r.Busy, []string{busy.Key}) {
			t.Errorf("report %+v; want 6 files, and %s in progress", r, busy.Key)
		}
		left := f.paths()
		for _, p := range before {
			if want := !slices.Contains(gone, p); slices.Contains(left, p) != want {
				t.Errorf("%s is there: %v; want %v", p, !want, want)
			}
		}
		for _, p := range stay {
			if !slices.Contains(left, p) {
				t.Errorf("%s is gone", p)
			}
		}
	})
}
