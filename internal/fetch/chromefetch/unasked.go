package chromefetch

import (
	"context"
	"net/http"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
)

// lastStop lists the requests that stop once more at the browser's own check, after their page
// released them or if no page could stop them. All unrequested traffic is in these classes. At the
// browser's own door no request gets through because its page is closed.
var lastStop = []*cdpfetch.RequestPattern{{ResourceType: network.ResourceTypeOther}, {ResourceType: network.ResourceTypeFetch}}

// unasked reports whether a request serves no page.
func unasked(kind network.ResourceType, h http.Header) bool {
	switch {
	case isPrefetch(h), h.Get("Service-Worker") != "":
		return true
	case kind == network.ResourceTypeOther && strings.HasPrefix(h.Get("Accept"), "image/"):
		return true // the icon of a tab that nobody sees
	case h.Get("User-Agent") == "":
		return true // of no page that was told who it is: a worker's worker
	}
	return false
}

// isPrefetch reports whether a request fetches ahead, which ignores the pace and may load an
// unwanted page.
func isPrefetch(h http.Header) bool { return strings.Contains(h.Get("Sec-Purpose"), "prefetch") }

// paused decides about a request at the browser's own door.
func (b *browser) paused(ev *cdpfetch.EventRequestPaused) {
	ctx, cancel := context.WithTimeout(b.ctx, closeTimeout)
	defer cancel()
	// A request that is gone meanwhile is none of ours; a lost browser is seen
	// elsewhere.
	if unasked(ev.ResourceType, headerOf(ev.Request.Headers)) {
		_, _ = cdp.Call(ctx, b.chrome, cdpfetch.FailRequest, cdpfetch.FailRequestParams{RequestID: ev.RequestID, ErrorReason: network.ErrorReasonBlockedByClient})
		return
	}
	_, _ = cdp.Call(ctx, b.chrome, cdpfetch.ContinueRequest, cdpfetch.ContinueRequestParams{RequestID: ev.RequestID})
}
