package chromefetch

import (
	"strings"

	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"

	"github.com/seinehq/seine/internal/fetch"
)

// event takes the tab's events in. It runs on chromedp's own goroutine and
// must not call the browser.
func (t *tab) event(ev any) {
	switch ev := ev.(type) {
	case *inspector.EventTargetCrashed:
		t.fail(fetch.Fault{Reason: fetch.Crashed})
	case *network.EventRequestWillBeSent:
		t.sends(ev)
	case *cdpfetch.EventRequestPaused:
		t.leaves(ev)
		t.handle(func() { t.paused(ev) })
	case *page.EventJavascriptDialogOpening:
		t.handle(func() { t.dialog(ev) })
	case *page.EventWindowOpen: // it was not: see flags
		if !t.f.job.Chrome.IgnoreWindows {
			t.fail(fetch.Fault{Reason: fetch.OpenedWindow})
		}
	case *target.EventAttachedToTarget:
		if ev.WaitingForDebugger {
			t.handle(func() { t.startWorker(ev) })
		}
	case *network.EventResponseReceived:
		t.answered(ev)
		t.loadedBlob(ev)
	case *network.EventDataReceived:
		t.count(ev.RequestID, ev.DataLength)
	case *network.EventLoadingFinished:
		t.finished(ev)
		t.wholeText(ev.RequestID)
	case *network.EventLoadingFailed:
		if t.isMain(ev.RequestID) && !ev.Canceled && !t.current().taken {
			t.fail(t.netError(ev.ErrorText))
		}
		t.abandoned(ev.RequestID)
		t.stays(ev.RequestID)
		if ev.Canceled {
			t.wholeText(ev.RequestID) // a type that is not shown
		}
	case *page.EventFrameRequestedNavigation:
		t.requested(ev)
	case *page.EventFrameStartedNavigating:
		t.started(ev)
	case *page.EventFrameNavigated:
		t.arrives(ev)
		t.committed(ev)
	case *page.EventFrameStoppedLoading:
		t.stopped(ev)
	case *page.EventDomContentEventFired:
		t.update(func(d *document) { d.parsed = d.shown })
	case *page.EventLoadEventFired:
		t.update(func(d *document) { d.loaded = d.shown })
	}
}

// answered takes the answer to the last request of a main document. The answer is not the page yet,
// because a download or an answer without content keeps the old page.
func (t *tab) answered(ev *network.EventResponseReceived) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ev.RequestID == t.request {
		d := document{url: t.url, request: t.request, status: int(ev.Response.Status), header: headerOf(ev.Response.Headers)}
		if d.media, d.label = fetch.MediaType(d.header, nil); d.media == "" {
			d.media = strings.ToLower(ev.Response.MimeType)
		}
		t.answer = d
	}
}

// finished handles the last byte of an answer. A document that finishes twice is the text of a
// javascript: URL, which replaces the page.
func (t *tab) finished(ev *network.EventLoadingFinished) {
	t.update(func(d *document) {
		if ev.RequestID != t.request {
			return
		}
		if d.whole && d.shown && d.request == ev.RequestID {
			t.fail(fetch.Fault{Reason: fetch.PageLeft + "javascript:", Host: t.host})
		}
		t.answer.whole, d.whole = true, d.whole || d.request == ev.RequestID
	})
}

func (t *tab) isMain(id network.RequestID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.request == id
}

// handle runs what may call the browser.
func (t *tab) handle(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.events.Go(f)
	}
}
