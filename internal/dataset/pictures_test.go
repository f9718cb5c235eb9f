package dataset_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

// Clean deletes the pictures of pages that no longer fail, and no others.
func TestScreenshotsOfPagesThatNoLongerFail(t *testing.T) {
	each(t, func(f *fixture) {
		fails := f.claim("1")
		_, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: fails, State: seine.Error, Reason: "HTTP 500" + frontier.WithScreenshot}})
		f.check(err)
		f.done("2", "5", "front", "back")
		still, mended, other := asset.ScreenshotPath("cards", "1"), asset.ScreenshotPath("cards", "2"), asset.ScreenshotPath("others", "2")
		for _, p := range []string{still, mended, other} {
			f.put(p, []byte("picture"))
		}
		if _, r := f.clean(dataset.CleanOptions{Grace: time.Hour, Yes: true}); r.Screenshots != 0 || r.ScreenshotsDeleted != 0 {
			t.Errorf("young pictures: %+v", r)
		}
		if _, r := f.clean(dataset.CleanOptions{}); r.Screenshots != 1 || r.ScreenshotBytes != 7 || r.ScreenshotsDeleted != 0 {
			t.Errorf("a dry run: %+v", r)
		}
		if _, r := f.clean(dataset.CleanOptions{Yes: true}); r.ScreenshotsDeleted != 1 {
			t.Errorf("clean: %+v", r)
		}
		left := f.paths()
		for p, want := range map[string]bool{still: true, mended: false, other: true} {
			if slices.Contains(left, p) != want {
				t.Errorf("%s is there: %v; want %v", p, !want, want)
			}
		}
	})
}
