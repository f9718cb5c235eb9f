package engine

import (
	"context"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// WithScreenshot ends the reason of a task whose page has a picture in the store, at
// asset.ScreenshotPath.
const WithScreenshot = frontier.WithScreenshot

// keepTimeout bounds the storing of a picture. A task does not wait longer for it.
const keepTimeout = 10 * time.Second

// photograph makes the fetcher take a picture of a page that fails. An attempt after one that
// failed may end in its verdict, so it is pictured in any case.
func photograph(w work, req *seine.Request, job *seine.Job) {
	if !job.Fetch.NoScreenshots {
		req.Screenshot, req.Shoot = func(image []byte) { w.caught.image = image }, w.Attempt > 1
	}
}

// keepScreenshot stores the picture of an attempt that failed, and says so in the reason. A store
// that fails costs only the picture.
func keepScreenshot(ctx context.Context, job *Job, out outcome) (ending, error) {
	e := out.ending
	failed := (e.kind == finish || e.kind == retry) && (e.state == seine.Error || e.state == seine.Stale)
	if !failed || out.caught == nil || out.caught.image == nil || job.Keeper == nil {
		return e, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	if err := job.Keeper.KeepScreenshot(ctx, job.Name, out.Key, out.caught.image); err != nil {
		return e, err
	}
	e.reason += WithScreenshot
	return e, nil
}

// stillPictured returns the reason that a replay gives to a failed page. The picture of the
// recorded attempt, if it has one, is still in the store.
func stillPictured(t frontier.TaskInfo, state seine.State, reason string) string {
	failed := state == seine.Error || state == seine.Stale
	if !failed || !strings.HasSuffix(t.Reason, WithScreenshot) || strings.HasSuffix(reason, WithScreenshot) {
		return reason
	}
	return reason + WithScreenshot
}
