package chromefetch

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"github.com/seinehq/seine/internal/weburl"
)

// frame is the identity of a frame: its document's URL. A navigation changes it when it commits, so
// that a document cannot borrow the identity of a page that it only asks for.
type frame struct {
	url     string            // of the document; empty: none of a site yet
	to      string            // of the navigation under way; empty: none
	request network.RequestID // of that navigation
}

// senderTimeout bounds how long a request waits until it is known which document sends it. The
// events about requests and about documents come from different processes of the browser.
const senderTimeout = 2 * time.Second

// leaves takes in that a frame asks for a document. It runs in the order of the events.
func (t *tab) leaves(ev *cdpfetch.EventRequestPaused) {
	if ev.ResourceType != network.ResourceTypeDocument || ev.Request == nil || isResponse(ev) {
		return
	}
	t.change(func() {
		f := t.frames[ev.FrameID]
		f.to, f.request = ev.Request.URL, ev.NetworkID
		t.frames[ev.FrameID] = f
	})
}

// arrives takes in that a frame shows a document.
func (t *tab) arrives(ev *page.EventFrameNavigated) {
	t.change(func() {
		if t.asked != nil { // else the empty page of a new tab
			t.frames[ev.Frame.ID] = frame{url: ev.Frame.URL}
		}
	})
}

// stays takes in that a navigation failed, or brought no document: a download, HTTP 204.
func (t *tab) stays(id network.RequestID) {
	t.change(func() {
		for of, f := range t.frames {
			if f.to != "" && f.request == id {
				t.frames[of] = frame{url: f.url}
			}
		}
	})
}

// sends takes in which document sends a request. Requests of workers have none.
func (t *tab) sends(ev *network.EventRequestWillBeSent) {
	if ev.Type == network.ResourceTypeDocument || len(own(t.req.Header)) == 0 {
		return
	}
	document := ev.DocumentURL
	if ev.LoaderID == "" {
		document = ""
	}
	t.change(func() { t.senders[ev.RequestID] = document })
}

// isOwn reports whether the credentials may go to a URL or be used by its document.
func (t *tab) isOwn(at string) bool {
	canonical, err := weburl.Canonical(at)
	return err == nil && t.permits(canonical)
}

// settled reports whether a frame has the same right to the credentials before and after the
// navigation under way, if there is one.
func (t *tab) settled(id cdp.FrameID) bool {
	f := t.frames[id]
	return f.to == "" || t.isOwn(f.to) == t.isOwn(f.url)
}

// mayCarry reports whether a request of the page may carry the credentials. Its target, the
// document that sends it, and the page must all be on permitted sites. Otherwise a foreign frame
// could act in the name of the job. Until the identities are known, the request waits. If they do
// not become known, it goes without credentials.
func (t *tab) mayCarry(ev *cdpfetch.EventRequestPaused) bool {
	switch {
	case !t.isOwn(ev.Request.URL):
		return false
	case ev.ResourceType == network.ResourceTypeDocument && t.main(ev.FrameID):
		return true
	}
	ctx, stop := context.WithTimeout(t.ctx, senderTimeout)
	defer stop()
	if ev.ResourceType != network.ResourceTypeDocument {
		if own := t.sentByOwn(ctx, ev); !own || t.main(ev.FrameID) {
			return own
		}
	}
	main, may := cdp.FrameID(t.target.TargetID), false
	return t.when(ctx, func() bool {
		may = t.isOwn(t.frames[main].url)
		return t.settled(main)
	}) == nil && may
}

// sentByOwn reports whether the document that sends a request is on a permitted site. The browser
// does not tell the document of a worker's requests, so its frame stands for it.
func (t *tab) sentByOwn(ctx context.Context, ev *cdpfetch.EventRequestPaused) bool {
	sender := ""
	if ev.NetworkID != "" {
		known := func() (known bool) {
			sender, known = t.senders[ev.NetworkID]
			return known
		}
		if t.when(ctx, known) != nil {
			return false
		}
	}
	if sender != "" {
		return t.isOwn(sender) // without a site: about:blank or srcdoc, by whomever
	}
	t.mu.Lock()
	before := t.frames[ev.FrameID].url
	t.mu.Unlock()
	now := ""
	if t.when(ctx, func() bool { now = t.frames[ev.FrameID].url; return t.settled(ev.FrameID) }) != nil {
		return false
	}
	// The worker of a document that has gone. Before its first document, a page has no worker.
	if now != before && (before != "" || !t.main(ev.FrameID)) {
		return false
	}
	return t.isOwn(now)
}
