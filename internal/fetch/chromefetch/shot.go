package chromefetch

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

const (
	// shotTimeout bounds a picture, which takes seconds on a busy machine. A page whose scripts
	// never yield gives none.
	shotTimeout = 10 * time.Second

	// shotQuality is the quality of the JPEG. A window of 1920 by 1080 takes 50 to 500 KB.
	shotQuality = 60

	// maxShot is the largest picture in bytes.
	maxShot = 4 << 20
)

// shoot gives the request a picture of the window as the page stands. It may have failed.
func (t *tab) shoot() {
	if t.req.Screenshot == nil || t.target == nil || t.browser.isLost() || !t.current().shown {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), shotTimeout)
	defer cancel()
	got, err := cdp.Call(ctx, t.target, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatJpeg, Quality: new(int64(shotQuality)), OptimizeForSpeed: new(true),
	})
	if err == nil && len(got.Data) > 0 && len(got.Data) <= maxShot {
		t.req.Screenshot(got.Data)
	}
}
